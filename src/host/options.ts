import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { HOST_LIMITS, LIMITS } from '../base/limits.ts';
import { isLoopback } from '../base/loopback.ts';
import type { ApprovalAnswer } from '../mcp/approvals.ts';
import { isSignalingUrl, signalingUrlOf } from '../transport/signaling-websocket.ts';
import { isHostUrl } from '../wire/host-url.ts';
import { decodeInvite, type Invite } from '../wire/invite.ts';
import { DEFAULT_DATA_FOLDER } from './data-folder.ts';
import { LOG_LEVELS, type LogLevel } from './logger.ts';
import { parseMigrate, type MigrateOptions } from './migrate/migrate-options.ts';
import { bad, OptionReader, parseOptions, rows, type OptionSpec } from './option-reader.ts';

export type ListenAddress = { readonly host: string; readonly port: number };

export type HttpOptions = {
  readonly address: ListenAddress;
  /** `undefined`: one is made and kept in the data folder. */
  readonly token: string | undefined;
  readonly isOpen: boolean;
  /** Host names besides the loopback's under which the endpoint is reached, and whose pages may call it. */
  readonly allowedHosts: readonly string[];
};

/** `--mount name=…`: the right side, as it was given. */
export type MountOption = { readonly name: string; readonly target: string };

export type HostOptions = {
  /** WebSocket URLs of signaling servers, the first one being the host's own. */
  readonly signaling: readonly [string, ...string[]];
  readonly network: Invite | undefined;
  readonly data: string;
  readonly name: string | undefined;
  readonly config: string | undefined;
  readonly mounts: readonly MountOption[];
  readonly policy: string | undefined;
  readonly http: HttpOptions | undefined;
  /** Where nodes without WebRTC link with this one. */
  readonly listen: ListenAddress | undefined;
  /** The TCP port to which the home router is asked to let connections in; `listen`: that of `--listen`. */
  readonly upnp: number | 'listen' | undefined;
  /** Under which URLs they reach it; told to everybody in its card. None: the router's port, and the address of `listen`, unless that is every address. */
  readonly listenUrls: readonly string[];
  /** Whether others of the local network are looked for by multicast DNS, and told of `listen`. */
  readonly hasMdns: boolean;
  /** The IPv4 address of the interface for that. */
  readonly mdnsInterface: string | undefined;
  /** MCP servers and clients may be spoken with over a network, unencrypted. */
  readonly allowsPlaintext: boolean;
  readonly isStdio: boolean;
  readonly maxListedTools: number;
  readonly json: boolean;
  readonly logLevel: LogLevel;
};

export type ApproveOptions = {
  readonly data: string;
  readonly id: string | undefined;
  readonly answer: ApprovalAnswer;
  readonly json: boolean;
};

export type StatusOptions = Pick<ApproveOptions, 'data' | 'json'>;

export type Command =
  | { readonly run: 'host'; readonly options: HostOptions }
  | { readonly run: 'approve'; readonly options: ApproveOptions }
  | { readonly run: 'status'; readonly options: StatusOptions }
  | { readonly run: 'calls'; readonly options: StatusOptions }
  | { readonly run: 'connect'; readonly options: StatusOptions }
  | { readonly run: 'migrate'; readonly options: MigrateOptions | undefined }
  | { readonly run: 'help' }
  | { readonly run: 'version' };

const RUN_OPTIONS = [
  { name: 'signal', value: 'URL', isRepeatable: true, help: 'the URL that people open (https://chat.example); more than one for more servers' },
  { name: 'network', value: 'INVITE_LINK', help: 'the network to join (default: the open network, or the one that was joined last)' },
  { name: 'data', value: 'FOLDER', fallback: DEFAULT_DATA_FOLDER, help: 'identity and state of this host' },
  { name: 'name', value: 'NAME', help: 'what people see as the owner of these agents (default: the last one, or two words)' },
  { name: 'config', value: 'FILE', help: 'MCP servers to mount, in the mcpServers format of desktop clients' },
  { name: 'mount', value: 'NAME=TARGET', isRepeatable: true, help: 'mount one MCP server: a command line, or the URL of a Streamable HTTP server' },
  { name: 'policy', value: 'FILE', help: 'who may call what: run, ask or never (default: nobody but this host’s own person)' },
  { name: 'mcp-http', value: 'HOST:PORT', help: 'serve MCP clients over Streamable HTTP; port 0 picks a free one' },
  { name: 'token', value: 'TOKEN', help: 'the bearer token that they need; better set in the environment (default: kept in the data folder)' },
  { name: 'no-token', help: 'ask for no token; only with a loopback address' },
  { name: 'allow-host', value: 'NAME', isRepeatable: true, help: 'a host name, besides those of the loopback, under which clients reach --mcp-http' },
  { name: 'allow-plaintext', help: 'speak with MCP servers and clients on other machines over plain http, too; everybody in the network is told' },
  { name: 'mcp-stdio', help: 'serve one MCP client over standard input and output' },
  {
    name: 'max-listed-tools',
    value: 'NUMBER',
    fallback: String(HOST_LIMITS.maxListedTools),
    help: 'above so many, clients of /mcp get tools to search and call with instead of all of them',
  },
  { name: 'listen', value: 'HOST:PORT', help: 'let nodes that cannot use WebRTC link with this one over WebSockets; port 0 picks a free one' },
  { name: 'mdns', help: 'find servers and other hosts on the local network by multicast DNS, and be found at --listen' },
  {
    name: 'mdns-interface',
    value: 'ADDRESS',
    help: 'the IPv4 address of the interface to do that on (default: that of --listen, or the system’s choice)',
  },
  { name: 'upnp', help: 'have the home router let connections in to the port of --listen (UPnP, NAT-PMP)' },
  { name: 'upnp-port', value: 'PORT', help: 'the port that --upnp opens: that of a proxy with TLS before --listen (default: that of --listen)' },
  {
    name: 'listen-url',
    value: 'URL',
    isRepeatable: true,
    help: 'the WebSocket URL under which they reach --listen, such as wss://chat.example/link (default: ws:// and its address)',
  },
  { name: 'json', help: 'print one line of JSON when ready' },
  { name: 'log-level', value: LOG_LEVELS.join('|'), fallback: 'info', help: 'what is logged, on standard error' },
  { name: 'help', help: 'print this' },
  { name: 'version', help: 'print the version' },
] as const satisfies readonly OptionSpec[];

const APPROVE_OPTIONS = [
  { name: 'data', value: 'FOLDER', fallback: DEFAULT_DATA_FOLDER, help: 'the data folder of the running host' },
  { name: 'hour', help: 'allow this call, and further ones of this person to this tool for an hour' },
  { name: 'always', help: 'the same for thirty days, as long as the tool stays as it is' },
  { name: 'refuse', help: 'refuse this call' },
  { name: 'json', help: 'print JSON' },
  { name: 'help', help: 'print this' },
] as const satisfies readonly OptionSpec[];

/** Reads the command line and, for what it leaves out, the environment. @throws ParleyError `bad-argument`; it names the option, never a secret value. */
export function parseCommand(args: readonly string[], environment: Readonly<Record<string, string | undefined>>): Command {
  if (args[0] === 'migrate') return { run: 'migrate', options: parseMigrate(args.slice(1)) };
  if (args[0] === 'approve') return parseApprove(args.slice(1));
  if (args[0] === 'status' || args[0] === 'calls' || args[0] === 'connect') return parseStatus(args[0], args.slice(1));
  const { values } = parseOptions(RUN_OPTIONS, args[0] === 'run' ? args.slice(1) : args, false);
  if (values['help']) return { run: 'help' };
  if (values['version']) return { run: 'version' };
  return { run: 'host', options: hostOptions(new OptionReader(RUN_OPTIONS, values, environment)) };
}

function parseApprove(args: readonly string[]): Command {
  const { values, positionals } = parseOptions(APPROVE_OPTIONS, args, true);
  if (values['help']) return { run: 'help' };
  if (positionals.length > 1) throw bad('`approve` takes one id; without one it lists what waits.');
  const given = (['hour', 'always', 'refuse'] as const).filter((name) => values[name] === true);
  if (given.length > 1) throw bad('--hour, --always and --refuse exclude each other.');
  if (positionals.length === 0 && given.length > 0) throw bad(`--${given[0]} needs the id of a call that waits.`);
  const reader = new OptionReader(APPROVE_OPTIONS, values, {});
  const answer = given[0] ?? 'once';
  return { run: 'approve', options: { data: resolve(reader.text('data') as string), id: positionals[0], answer, json: reader.isOn('json') } };
}

function parseStatus(run: 'status' | 'calls' | 'connect', args: readonly string[]): Command {
  const specs = APPROVE_OPTIONS.filter(({ name }) => name === 'data' || name === 'json' || name === 'help');
  const { values } = parseOptions(specs, args, false);
  if (values['help']) return { run: 'help' };
  const reader = new OptionReader(specs, values, {});
  return { run, options: { data: resolve(reader.text('data') as string), json: reader.isOn('json') } };
}

function hostOptions(reader: OptionReader): HostOptions {
  const invite = readInvite(reader.text('network'));
  const signaling = reader.texts('signal').map(readSignalingUrl);
  if (signaling.length === 0 && invite) signaling.push(signalingUrlOf(invite.link));
  const [own, ...others] = signaling;
  if (own === undefined) throw bad('Name the server with --signal URL: the URL that people open.');
  if (signaling.length > LIMITS.maxSignalingServers) throw bad(`--signal can be given at most ${LIMITS.maxSignalingServers} times.`);
  const json = reader.isOn('json');
  const isStdio = reader.isOn('mcp-stdio');
  if (json && isStdio) throw bad('--json and --mcp-stdio exclude each other: both use standard output.');
  return {
    signaling: [own, ...new Set(others.filter((url) => url !== own))],
    network: invite?.invite,
    data: resolve(reader.text('data') as string),
    name: reader.text('name'),
    config: reader.path('config'),
    mounts: reader.texts('mount').map(readMount),
    policy: reader.path('policy'),
    http: httpOptions(reader),
    ...listening(reader),
    ...multicastDns(reader),
    upnp: upnpPort(reader),
    allowsPlaintext: reader.isOn('allow-plaintext'),
    isStdio,
    maxListedTools: reader.count('max-listed-tools', 0, HOST_LIMITS.maxListedTools * 100),
    json,
    logLevel: reader.oneOf('log-level', LOG_LEVELS),
  };
}

/** Printable ASCII without spaces (RFC 6750 §2.1 has fewer characters), and not to be guessed. */
const TOKEN = /^[\x21-\x7e]{16,512}$/;
const HOST_NAME = /^[a-z0-9.-]{1,253}$|^\[[0-9a-f:.]+\]$/i;

function httpOptions(reader: OptionReader): HttpOptions | undefined {
  const text = reader.text('mcp-http');
  const isOpen = reader.isOn('no-token');
  const token = reader.text('token');
  const allowedHosts = reader.texts('allow-host');
  if (text === undefined) {
    if (isOpen || token !== undefined || allowedHosts.length > 0) throw bad('--token, --no-token and --allow-host belong to --mcp-http.');
    return undefined;
  }
  const address = readAddress('mcp-http', text);
  if (token !== undefined && !TOKEN.test(token)) throw bad('--token must have 16 to 512 printable characters without spaces.');
  if (isOpen && token !== undefined) throw bad('--token and --no-token exclude each other.');
  const isLocal = isLoopback(address.host);
  if (isOpen && !isLocal) throw bad('--no-token is only for a loopback address: anybody who reaches the port could call your agents.');
  if (!isLocal && !reader.isOn('allow-plaintext'))
    throw bad(
      '--mcp-http is plain http: on an address that others reach, the token and all calls can be read on the way. Put a proxy with TLS before a loopback address, or give --allow-plaintext.',
    );
  if (allowedHosts.some((name) => !HOST_NAME.test(name))) throw bad('--allow-host must be a host name without scheme and port.');
  return { address, token, isOpen, allowedHosts };
}

function listening(reader: OptionReader): Pick<HostOptions, 'listen' | 'listenUrls'> {
  const text = reader.text('listen');
  const listenUrls = reader.texts('listen-url').map((url) => (URL.canParse(url) ? new URL(url).href : url));
  if (text === undefined && listenUrls.length > 0) throw bad('--listen-url belongs to --listen.');
  if (listenUrls.length > LIMITS.maxHostUrlsPerCard) throw bad(`--listen-url can be given at most ${LIMITS.maxHostUrlsPerCard} times.`);
  if (!listenUrls.every(isHostUrl)) throw bad('--listen-url must be a WebSocket URL, such as wss://chat.example/link.');
  return { listen: text === undefined ? undefined : readAddress('listen', text), listenUrls };
}

function multicastDns(reader: OptionReader): Pick<HostOptions, 'hasMdns' | 'mdnsInterface'> {
  const hasMdns = reader.isOn('mdns');
  const mdnsInterface = reader.text('mdns-interface');
  if (mdnsInterface !== undefined && !hasMdns) throw bad('--mdns-interface belongs to --mdns.');
  if (mdnsInterface !== undefined && !isIPv4(mdnsInterface)) throw bad('--mdns-interface must be an IPv4 address of this machine.');
  return { hasMdns, mdnsInterface };
}

function upnpPort(reader: OptionReader): HostOptions['upnp'] {
  const isProxied = reader.text('upnp-port') !== undefined;
  if (!reader.isOn('upnp')) {
    if (isProxied) throw bad('--upnp-port belongs to --upnp.');
    return undefined;
  }
  const { listen: address } = listening(reader);
  if (!address) throw bad('--upnp lets connections in to --listen; give that, too.');
  if (isProxied) return reader.count('upnp-port', 1, 65_535);
  if (isLoopback(address.host))
    throw bad('--upnp needs --listen on an address that the router reaches, such as 0.0.0.0:8124, or --upnp-port of a proxy before it.');
  return 'listen';
}

function readAddress(option: string, text: string): ListenAddress {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (!host || !(port <= 65_535)) throw bad(`--${option} must be HOST:PORT, such as 127.0.0.1:8123 or [::1]:8123.`);
  return { host, port };
}

function readSignalingUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && isSignalingUrl(url.href)) return url.href;
  const isPage = (url?.protocol === 'http:' || url?.protocol === 'https:') && url.username === '' && url.password === '';
  if (!url || !isPage) throw bad('--signal must be the http(s) URL that people open, or the ws(s) URL of a signaling server.');
  return signalingUrlOf(url.href);
}

function readInvite(text: string | undefined): { readonly link: string; readonly invite: Invite } | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw bad('--network must be a whole invite link (https://chat.example/#/join/…).');
  return { link: url.href, invite: decodeInvite(url.hash) };
}

function readMount(text: string): MountOption {
  const at = text.indexOf('=');
  const target = text.slice(at + 1).trim();
  if (at < 1 || target === '') throw bad('--mount must be NAME=COMMAND or NAME=URL.');
  return { name: text.slice(0, at), target };
}

export function helpText(): string {
  return [
    'Usage: parley host [OPTIONS]                  run a host',
    '       parley host approve                    list the calls that wait for your answer',
    '       parley host approve ID [--always]      allow one; --refuse refuses it',
    '       parley host calls                      what others called last',
    '       parley host status                     how the running host and its agents are',
    '       parley host migrate FILE|URL …         make agents of MCP servers that a client or server has (migrate --help)',
    '       parley host connect                    an MCP client on standard input and output, at the running host',
    '',
    'A host is a node without a page: it offers MCP servers of this machine to your network, and the agents of the network to MCP clients.',
    '',
    'Options:',
    ...rows(RUN_OPTIONS),
    '',
    'Options of approve, calls, status and connect:',
    ...rows(APPROVE_OPTIONS),
    '',
    'Every option of a host but --help and --version can also be set in the environment: --mcp-http as PARLEY_HOST_MCP_HTTP, a switch as 1 or 0,',
    'a repeatable option with one value a line. An option on the command line wins.',
    '',
    'Signals: SIGTERM, SIGINT and SIGHUP stop in order (exit code 0). Exit codes: 0 stopped in order, 1 could not start or run, 2 wrong options or files.',
    '',
  ].join('\n');
}
