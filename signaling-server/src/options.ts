import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LIMITS } from './limits.ts';
import { LOG_LEVELS } from './logger.ts';
import type { LogFormat, LogLevel } from './logger.ts';
import type { TurnOptions } from './turn-credentials.ts';

export type ServerOptions = {
  readonly port: number;
  readonly host: string | undefined;
  /** `undefined`: no STUN. */
  readonly stunPort: number | undefined;
  readonly stunHost: string | undefined;
  readonly app: string;
  readonly peerServers: readonly string[];
  readonly turn: TurnOptions | undefined;
  /** Sockets of hosts, for nodes without WebRTC. */
  readonly hosts: readonly string[];
  readonly hasMdns: boolean;
  readonly mdnsInterface: string | undefined;
  readonly publicUrl: string | undefined;
  readonly allowedOrigins: readonly string[];
  readonly trustedProxies: number;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly maxSockets: number;
  readonly maxSocketsPerAddress: number;
  readonly maxSocketsPerPrefix: number;
  readonly joinsPerMinute: number;
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  readonly stunRequestsPerSecond: number;
  readonly hasMetrics: boolean;
  readonly hasQr: boolean;
  readonly json: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly logAddresses: boolean;
};

export type Command = { readonly run: 'server'; readonly options: ServerOptions } | { readonly run: 'help' } | { readonly run: 'version' };

/** A sentence for the person who started the server. It names the option, never the value, which might be a secret. */
export class OptionsError extends Error {}

type OptionSpec = {
  readonly name: string;
  /** What stands for the value in the help; absent for a switch. */
  readonly value?: string;
  readonly fallback?: string;
  readonly help: string;
};

const OPTIONS = [
  { name: 'port', value: 'NUMBER', fallback: '8787', help: 'TCP port for the app and the introductions; 0 picks a free one' },
  { name: 'host', value: 'ADDRESS', help: 'address to listen on (default: all, IPv4 and IPv6)' },
  { name: 'stun-port', value: 'NUMBER', help: 'UDP port for STUN; 0 picks a free one (default: the same number as the TCP port)' },
  { name: 'stun-host', value: 'ADDRESS', help: 'address for STUN, which no HTTP proxy passes on (default: that of --host)' },
  { name: 'no-stun', help: 'answer no STUN' },
  { name: 'app', value: 'FOLDER', help: 'the built app (default: dist of the repository)' },
  { name: 'peer-servers', value: 'URLS', help: 'other servers that introduce the same people (wss://chat.example/signal), separated by commas' },
  { name: 'turn-urls', value: 'URLS', help: 'TURN servers (turn:turn.example:3478), separated by commas' },
  { name: 'turn-secret', value: 'SECRET', help: 'their shared secret, for credentials that expire; better set in the environment' },
  { name: 'hosts', value: 'URLS', help: 'where hosts of this place take links of pages (wss://chat.example/link), separated by commas' },
  { name: 'mdns', help: 'find other servers and hosts on the local network by multicast DNS, and be found' },
  {
    name: 'mdns-interface',
    value: 'ADDRESS',
    help: 'the IPv4 address of the interface to do that on (default: that of --host, or the system’s choice)',
  },
  { name: 'public-url', value: 'URL', help: 'where people reach this server, if not by its own addresses; printed, and allowed as origin' },
  { name: 'allow-origin', value: 'ORIGINS', help: 'further origins that may connect, separated by commas; * allows all' },
  { name: 'trust-proxy', value: 'NUMBER', fallback: '0', help: 'how many proxies in front set X-Forwarded-For and X-Forwarded-Proto' },
  { name: 'tls-cert', value: 'FILE', help: 'certificate chain (PEM); read again on SIGHUP' },
  { name: 'tls-key', value: 'FILE', help: 'its private key (PEM)' },
  { name: 'max-sockets', value: 'NUMBER', fallback: String(LIMITS.maxSockets), help: 'connections in all' },
  { name: 'max-sockets-per-ip', value: 'NUMBER', fallback: String(LIMITS.maxSocketsPerAddress), help: 'connections per IPv4 address or IPv6 /64' },
  { name: 'max-sockets-per-prefix', value: 'NUMBER', fallback: String(LIMITS.maxSocketsPerPrefix), help: 'connections per IPv4 /24 or IPv6 /48' },
  {
    name: 'joins-per-minute',
    value: 'NUMBER',
    fallback: String(LIMITS.joinsPerMinutePerAddress),
    help: 'joins per address and minute, after the first ten',
  },
  {
    name: 'messages-per-second',
    value: 'NUMBER',
    fallback: String(LIMITS.messagesPerSecond),
    help: 'messages per connection and second; three times as many at once',
  },
  {
    name: 'stun-per-second',
    value: 'NUMBER',
    fallback: String(LIMITS.stunRequestsPerSecondPerAddress),
    help: 'STUN requests per address and second',
  },
  { name: 'metrics', help: 'serve /metrics for Prometheus (counts only)' },
  { name: 'log-level', value: LOG_LEVELS.join('|'), fallback: 'info', help: 'what is logged' },
  { name: 'log-format', value: 'text|json', fallback: 'text', help: 'how it is logged, on standard error' },
  { name: 'log-addresses', help: 'log addresses in clear instead of as a hash that changes with every start' },
  { name: 'no-qr', help: 'print no QR code' },
  { name: 'json', help: 'print one JSON line with the addresses instead of text' },
  { name: 'help', help: 'print this' },
  { name: 'version', help: 'print the version' },
] as const satisfies readonly OptionSpec[];

type OptionName = (typeof OPTIONS)[number]['name'];

const SPECS: readonly OptionSpec[] = OPTIONS;

function environmentName(name: string): string {
  return `PARLEY_${name.replaceAll('-', '_').toUpperCase()}`;
}

/** @throws OptionsError */
export function parseOptions(args: readonly string[], environment: Readonly<Record<string, string | undefined>>): Command {
  const given = readArguments(args);
  if (given.has('help')) return { run: 'help' };
  if (given.has('version')) return { run: 'version' };
  for (const { name } of SPECS) {
    const value = environment[environmentName(name)];
    if (value !== undefined && value !== '' && !given.has(name) && name !== 'help' && name !== 'version') given.set(name, value);
  }
  return { run: 'server', options: new OptionReader(given).all() };
}

/** `--name value`, `--name=value` and switches, as a map; the last of a repeated option counts. */
function readArguments(args: readonly string[]): Map<string, string> {
  const given = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] as string;
    if (argument === '-h') {
      given.set('help', '');
      continue;
    }
    if (!argument.startsWith('--')) throw new OptionsError(`Argument ${i + 1} is not an option; see --help.`);
    const [name = '', ...rest] = argument.slice(2).split('=');
    const spec = SPECS.find((option) => option.name === name);
    if (!spec) throw new OptionsError(`There is no option --${name.replace(/[^\w-]/g, '?').slice(0, 40)}; see --help.`);
    if (!spec.value) {
      if (rest.length > 0) throw new OptionsError(`--${name} takes no value.`);
      given.set(name, 'true');
      continue;
    }
    const value = rest.length > 0 ? rest.join('=') : args[++i];
    if (value === undefined || value === '') throw new OptionsError(`--${name} needs a value (${spec.value}).`);
    given.set(name, value);
  }
  return given;
}

class OptionReader {
  readonly #given: ReadonlyMap<string, string>;

  constructor(given: ReadonlyMap<string, string>) {
    this.#given = given;
  }

  all(): ServerOptions {
    const port = this.#port('port') as number;
    const messagesPerSecond = this.#count('messages-per-second');
    const publicUrl = this.#url('public-url');
    const burstFactor = LIMITS.messageBurst / LIMITS.messagesPerSecond;
    return {
      port,
      host: this.#text('host'),
      stunPort: this.#switch('no-stun') ? undefined : (this.#port('stun-port') ?? port),
      stunHost: this.#text('stun-host') ?? this.#text('host'),
      app: resolve(this.#text('app') ?? fileURLToPath(new URL('../../dist', import.meta.url))),
      peerServers: this.#urls('peer-servers', ['ws:', 'wss:'], LIMITS.maxPeerServers),
      turn: this.#turn(),
      hosts: this.#urls('hosts', ['ws:', 'wss:'], LIMITS.maxHosts),
      hasMdns: this.#switch('mdns'),
      mdnsInterface: this.#ipv4('mdns-interface'),
      publicUrl,
      allowedOrigins: [...this.#origins('allow-origin'), ...(publicUrl === undefined ? [] : [new URL(publicUrl).origin])],
      trustedProxies: this.#count('trust-proxy', 0, 16),
      tls: this.#tls(),
      maxSockets: this.#count('max-sockets'),
      maxSocketsPerAddress: this.#count('max-sockets-per-ip'),
      maxSocketsPerPrefix: this.#count('max-sockets-per-prefix'),
      joinsPerMinute: this.#count('joins-per-minute'),
      messagesPerSecond,
      messageBurst: messagesPerSecond * burstFactor,
      stunRequestsPerSecond: this.#count('stun-per-second'),
      hasMetrics: this.#switch('metrics'),
      hasQr: !this.#switch('no-qr'),
      json: this.#switch('json'),
      logLevel: this.#oneOf('log-level', LOG_LEVELS),
      logFormat: this.#oneOf('log-format', ['text', 'json'] as const),
      logAddresses: this.#switch('log-addresses'),
    };
  }

  #text(name: OptionName): string | undefined {
    return this.#given.get(name) ?? SPECS.find((spec) => spec.name === name)?.fallback;
  }

  #ipv4(name: OptionName): string | undefined {
    const text = this.#text(name);
    if (text !== undefined && !isIPv4(text)) throw new OptionsError(`--${name} must be an IPv4 address of this machine.`);
    return text;
  }

  #switch(name: OptionName): boolean {
    const value = this.#given.get(name);
    if (value === undefined || value === 'false' || value === '0') return false;
    if (value === 'true' || value === '1') return true;
    throw new OptionsError(`${environmentName(name)} must be 1 or 0.`);
  }

  #count(name: OptionName, min = 1, max = 10_000_000): number {
    const text = this.#text(name) ?? '';
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) throw new OptionsError(`--${name} must be a whole number from ${min} to ${max}.`);
    return value;
  }

  #port(name: OptionName): number | undefined {
    return this.#text(name) === undefined ? undefined : this.#count(name, 0, 65_535);
  }

  #oneOf<T extends string>(name: OptionName, choices: readonly T[]): T {
    const value = this.#text(name);
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw new OptionsError(`--${name} must be one of: ${choices.join(', ')}.`);
    return choice;
  }

  #url(name: OptionName): string | undefined {
    const text = this.#text(name);
    if (text === undefined) return undefined;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
    if (!url || !isHttp || url.username !== '' || url.password !== '') throw new OptionsError(`--${name} must be an http or https URL.`);
    return url.href;
  }

  #origins(name: OptionName): readonly string[] {
    const items = (this.#text(name) ?? '').split(',').map((item) => item.trim());
    return items
      .filter((item) => item !== '')
      .map((item) => {
        if (item === '*') return item;
        const url = URL.canParse(item) ? new URL(item) : undefined;
        if (!url || url.origin === 'null' || url.pathname !== '/' || url.search !== '') {
          throw new OptionsError(`--${name} must be origins such as https://chat.example, separated by commas.`);
        }
        return url.origin;
      });
  }

  #urls(name: OptionName, protocols: readonly string[], limit: number): readonly string[] {
    const items = (this.#text(name) ?? '').split(',').map((item) => item.trim());
    const urls = items.filter((item) => item !== '').map((item) => (URL.canParse(item) ? new URL(item) : undefined));
    if (urls.length > limit || urls.some((url) => !url || !protocols.includes(url.protocol) || url.username !== '' || url.password !== '')) {
      throw new OptionsError(`--${name} must be at most ${limit} URLs of ${protocols.join(' or ')}, separated by commas.`);
    }
    return urls.map((url) => (url as URL).href);
  }

  #turn(): TurnOptions | undefined {
    const urls = this.#urls('turn-urls', ['turn:', 'turns:'], LIMITS.maxTurnUrls);
    const secret = this.#text('turn-secret');
    if (urls.length === 0 && secret === undefined) return undefined;
    if (urls.length === 0 || secret === undefined) throw new OptionsError('--turn-urls and --turn-secret go together.');
    return { urls, secret };
  }

  #tls(): ServerOptions['tls'] {
    const certFile = this.#text('tls-cert');
    const keyFile = this.#text('tls-key');
    if (certFile === undefined && keyFile === undefined) return undefined;
    if (certFile === undefined || keyFile === undefined) throw new OptionsError('--tls-cert and --tls-key go together.');
    return { certFile: resolve(certFile), keyFile: resolve(keyFile) };
  }
}

export function helpText(): string {
  const rows = SPECS.map((spec) => {
    const left = `  --${spec.name}${spec.value ? ` ${spec.value}` : ''}`;
    const fallback = spec.fallback === undefined ? '' : ` (default: ${spec.fallback})`;
    return left.length > 30 ? `${left}\n${' '.repeat(33)}${spec.help}${fallback}` : `${left.padEnd(33)}${spec.help}${fallback}`;
  });
  return [
    'Usage: parley-signaling-server [options]',
    '',
    'Introduces Parley nodes to each other, answers STUN and serves the app. It sees no content.',
    '',
    'Options:',
    ...rows,
    '',
    'Every option but the last two can also be set in the environment: --stun-port as PARLEY_STUN_PORT, a switch as 1 or 0.',
    'An option on the command line wins.',
    '',
    'Signals: SIGTERM and SIGINT stop in order (exit code 0); SIGHUP reads the TLS files again.',
    'Exit codes: 0 stopped in order, 1 could not start, 2 wrong options.',
    '',
  ].join('\n');
}
