import { withInvisibleWrittenOut } from '../base/visible-text.ts';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type Logger = { readonly [Level in LogLevel]: (sentence: string) => void };

/** Lines on standard error; standard output may carry MCP. What others wrote is one line, with everything invisible written out. */
export function createLogger(level: LogLevel, write: (line: string) => void = (line) => void process.stderr.write(line)): Logger {
  const upTo = LOG_LEVELS.indexOf(level);
  const at =
    (index: number) =>
    (sentence: string): void => {
      if (index > upTo) return;
      const line = withInvisibleWrittenOut(sentence).replace(/\r?\n|\r/g, '\n    ');
      write(`${new Date().toISOString()} ${LOG_LEVELS[index]} ${line}\n`);
    };
  return { error: at(0), warn: at(1), info: at(2), debug: at(3) };
}
