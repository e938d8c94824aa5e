import { createHmac, randomBytes } from 'node:crypto';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = 'text' | 'json';

/** Numbers, flags and words of our own only: never a payload, a key or an address in clear. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

export type LoggerOptions = {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Write addresses as they are instead of as a hash. */
  readonly addressesInClear: boolean;
  readonly write: (line: string) => void;
};

/** One line per event, as JSON or for people. */
export class Logger {
  readonly #options: LoggerOptions;
  readonly #rank: number;
  /** Made anew by every run and never written: equal addresses can be told to be equal within a run, and no more. */
  readonly #addressKey = randomBytes(32);

  constructor(options: LoggerOptions) {
    this.#options = options;
    this.#rank = LOG_LEVELS.indexOf(options.level);
  }

  isEnabled(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) <= this.#rank;
  }

  error(event: string, fields?: LogFields): void {
    this.#log('error', event, fields);
  }
  warn(event: string, fields?: LogFields): void {
    this.#log('warn', event, fields);
  }
  info(event: string, fields?: LogFields): void {
    this.#log('info', event, fields);
  }
  debug(event: string, fields?: LogFields): void {
    this.#log('debug', event, fields);
  }

  /** An address as it may stand in a log line. */
  address(address: string): string {
    if (this.#options.addressesInClear) return address;
    return createHmac('sha256', this.#addressKey).update(address).digest('hex').slice(0, 12);
  }

  #log(level: LogLevel, event: string, fields: LogFields = {}): void {
    if (!this.isEnabled(level)) return;
    const time = new Date().toISOString();
    if (this.#options.format === 'json') {
      this.#options.write(JSON.stringify({ time, level, event, ...fields }));
      return;
    }
    const words = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    this.#options.write([time, level.toUpperCase().padEnd(5), event, ...words].join(' '));
  }
}
