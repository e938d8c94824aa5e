import { join, resolve } from 'node:path';
import { asParleyError } from '../../base/errors.ts';
import { parseAgentId, parsePersonId } from '../../base/ids.ts';
import { DEFAULT_DATA_FOLDER } from '../data-folder.ts';
import { bad, OptionReader, parseOptions, rows, type OptionSpec } from '../option-reader.ts';
import { RULES } from '../policy.ts';
import type { AllowOption } from './plan.ts';

/** A client's file, or a server by its URL. */
export type MigrateSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'url'; readonly name: string | undefined; readonly url: string };

export type MigrateOptions = {
  readonly data: string;
  readonly sources: readonly MigrateSource[];
  readonly config: string;
  readonly policy: string;
  readonly allow: readonly AllowOption[];
  readonly renames: ReadonlyMap<string, string>;
  /** For servers by URL. */
  readonly headers: Readonly<Record<string, string>>;
  readonly isRewritingClients: boolean;
  /** Whether servers are started or asked to see what they offer; `undefined`: if that is agreed to, or done anyway. */
  readonly start: boolean | undefined;
  readonly isUndo: boolean;
  readonly isDryRun: boolean;
  readonly isYes: boolean;
  readonly json: boolean;
};

const OPTIONS = [
  { name: 'data', value: 'FOLDER', fallback: DEFAULT_DATA_FOLDER, help: 'the data folder of the host' },
  { name: 'config', value: 'FILE', help: 'the host’s config file, made or added to (default: mcp.json in the data folder)' },
  { name: 'policy', value: 'FILE', help: 'the host’s policy file, made or added to (default: policy.json in the data folder)' },
  {
    name: 'allow',
    value: '[AGENT/]WHO=RULE',
    isRepeatable: true,
    help: 'who may call the new agents, or one: WHO is “everyone” or a person’s id, RULE is run, ask or never (default: nobody)',
  },
  { name: 'rename', value: 'NAME=NEW', isRepeatable: true, help: 'take the server of that name under another one' },
  { name: 'header', value: 'NAME: VALUE', isRepeatable: true, help: 'sent to servers that are given by URL; ${NAME} stands for the environment' },
  { name: 'rewrite-clients', help: 'in the files, put this host in the place of the servers that it took' },
  { name: 'start', help: 'start or ask the servers to see what they offer (default with --yes; else you are asked)' },
  { name: 'no-start', help: 'do not' },
  { name: 'dry-run', help: 'show what would be done, and do nothing' },
  { name: 'yes', help: 'do it without asking' },
  { name: 'undo', help: 'take the last migration back' },
  { name: 'json', help: 'print JSON, and ask nothing: only with --yes is anything done' },
  { name: 'help', help: 'print this' },
] as const satisfies readonly OptionSpec[];

/** `parley host migrate …`; `undefined` asks for help. @throws ParleyError `bad-argument` */
export function parseMigrate(args: readonly string[]): MigrateOptions | undefined {
  const { values, positionals } = parseOptions(OPTIONS, args, true);
  if (values['help']) return undefined;
  const reader = new OptionReader(OPTIONS, values, {});
  const isUndo = reader.isOn('undo');
  if (isUndo && positionals.length > 0) throw bad('--undo takes no files: it takes the last migration back.');
  if (!isUndo && positionals.length === 0) throw bad('Name what is to be migrated: a file with MCP servers, or the URL of a server.');
  if (reader.isOn('dry-run') && (reader.isOn('yes') || isUndo)) throw bad('--dry-run excludes --yes and --undo.');
  if (reader.isOn('start') && reader.isOn('no-start')) throw bad('--start and --no-start exclude each other.');
  const data = resolve(reader.text('data') as string);
  return {
    data,
    sources: positionals.map(readSource),
    config: reader.path('config') ?? join(data, 'mcp.json'),
    policy: reader.path('policy') ?? join(data, 'policy.json'),
    allow: reader.texts('allow').map(readAllow),
    renames: new Map(reader.texts('rename').map(readRename)),
    headers: Object.fromEntries(reader.texts('header').map(readHeader)),
    isRewritingClients: reader.isOn('rewrite-clients'),
    start: reader.isOn('start') ? true : reader.isOn('no-start') ? false : undefined,
    isUndo,
    isDryRun: reader.isOn('dry-run'),
    isYes: reader.isOn('yes'),
    json: reader.isOn('json'),
  };
}

function readSource(text: string): MigrateSource {
  const [, name, url] = /^(?:([^=/]+)=)?(https?:\/\/.*)$/is.exec(text) ?? [];
  return url === undefined ? { kind: 'file', path: resolve(text) } : { kind: 'url', name, url };
}

function readAllow(text: string): AllowOption {
  const [, agent, who = '', rule] = /^(?:([^/=]+)\/)?([^/=]+)=(.*)$/.exec(text) ?? [];
  const known = RULES.find((candidate) => candidate === rule);
  if (!known) throw bad(`--allow must be WHO=RULE or AGENT/WHO=RULE, with one of: ${RULES.join(', ')}.`);
  try {
    return { agent: agent === undefined ? undefined : parseAgentId(agent), who: who === 'everyone' ? who : parsePersonId(who), rule: known };
  } catch (thrown) {
    throw bad(`--allow ${text}: ${asParleyError(thrown).message}`);
  }
}

function readRename(text: string): readonly [string, string] {
  const [, from, to] = /^([^=]+)=([^=]+)$/.exec(text) ?? [];
  if (from === undefined || to === undefined) throw bad('--rename must be NAME=NEW.');
  return [from, to];
}

function readHeader(text: string): readonly [string, string] {
  const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):\s*(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw bad('--header must be NAME: VALUE.');
  return [name, value];
}

export function migrateHelp(): string {
  return [
    'Usage: parley host migrate FILE|[NAME=]URL …   make agents of MCP servers that a client or another server has',
    '       parley host migrate --undo              take that back',
    '',
    'FILE is a configuration of Claude Desktop, VS Code, Cursor or another MCP client; URL is an MCP server over Streamable HTTP.',
    'Shows first what would become an agent, and asks. Nothing is overwritten: what is there already stays, and every file is copied before it changes.',
    '',
    'Options:',
    ...rows(OPTIONS),
    '',
  ].join('\n');
}
