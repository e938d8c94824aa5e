import { homedir } from 'node:os';
import { basename, isAbsolute, resolve, sep } from 'node:path';
import { VARIABLE } from '../mounts/config-file.ts';
import type { JsonPlace } from '../json-file.ts';

/** A server as the host's config file has it. */
export type HostEntry =
  | {
      readonly command: string;
      readonly args?: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
      readonly envFile?: string;
      readonly cwd: string;
    }
  | { readonly url: string; readonly headers?: Readonly<Record<string, string>> };

/** Where an entry stands: what its relative paths and its client's own variables mean. */
export type EntryPlace = {
  /** In which its client runs it. */
  readonly folder: string;
  /** The project whose file it is; `undefined` in a file of the person's own. */
  readonly project: string | undefined;
};

/**
 * A client's entry as the host's, with all that is the host's business and nothing else. References to the environment stay references, and what stands
 * in `env` and `headers` stays there: no secret is moved to another place. What only the client can fill in (`${input:…}`, which editors ask for and
 * keep to themselves) becomes a reference to the environment. @throws ParleyError `bad-argument` with file, line and reason: it cannot become an agent
 */
export function hostEntryOf(name: string, place: JsonPlace, where: EntryPlace): HostEntry {
  const members = place.members();
  if (members.get('disabled')?.isTrue() || members.get('enabled')?.isTrue() === false) return place.fail(`“${name}” is switched off.`);
  const [command, url, type] = [
    members.get('command'),
    members.get('httpUrl') ?? members.get('url') ?? members.get('serverUrl'),
    members.get('type'),
  ];
  if (type?.text() === 'sse') return type.fail('The transport “sse” is no longer in MCP; the server needs Streamable HTTP.');
  if (command && url) return place.fail(`“${name}” has both a command and a url.`);
  const textsOf = (key: string) => [...(members.get(key)?.members() ?? [])].map(([key_, value]) => [key_, translated(value, where)] as const);
  if (command) {
    const [args, env] = [(members.get('args')?.items() ?? []).map((item) => translated(item, where)), textsOf('env')];
    const [cwd, envFile] = [members.get('cwd'), members.get('envFile')];
    return {
      command: pathOf(translated(command, where), where.folder),
      ...(args.length > 0 ? { args } : {}),
      ...(env.length > 0 ? { env: Object.fromEntries(env) } : {}),
      ...(envFile ? { envFile: resolve(where.folder, translated(envFile, where)) } : {}),
      cwd: cwd ? resolve(where.folder, translated(cwd, where)) : where.folder,
    };
  }
  if (!url) return place.fail(`“${name}” has neither a command nor a url.`);
  const headers = textsOf('headers');
  return { url: translated(url, where), ...(headers.length > 0 ? { headers: Object.fromEntries(headers) } : {}) };
}

/** Names of the environment on which an entry depends. */
export function referencesOf(entry: HostEntry): readonly string[] {
  const found = textsIn(entry).flatMap((text) => [...text.matchAll(VARIABLE)].filter(([, , fallback]) => fallback === undefined));
  return [...new Set(found.map(([, name]) => name as string))];
}

/** The names of what may be secret in an entry: all of `env` and of `headers`. */
export function secretNamesOf(entry: HostEntry): readonly string[] {
  return Object.keys(('url' in entry ? entry.headers : entry.env) ?? {});
}

/** What runs, or where it is, for its owner to read: without what looks like a secret, since terminals keep what they showed. */
export function shownTarget(entry: HostEntry): string {
  if ('url' in entry) return withoutUrlSecrets(entry.url);
  const words = entry.args ?? [];
  const shown = words.map((word, index) => {
    if (SECRET_OPTION.test(words[index - 1] ?? '') && !word.startsWith('-')) return HIDDEN;
    return withoutUrlSecrets(word.replace(SECRET_VALUE, `$1${HIDDEN}`));
  });
  return [entry.command, ...shown].map((word) => (/^[\w@%+=:,./${}\\~•-]+$/.test(word) ? word : JSON.stringify(word))).join(' ');
}

/** Without passwords, and without the values of a query. */
function withoutUrlSecrets(text: string): string {
  return text.replace(/(:\/\/[^/\s:@]*:)[^@\s/]*@/g, `$1${HIDDEN}@`).replace(/([?&][^=&#]*=)[^&#]*/g, `$1${HIDDEN}`);
}

const HIDDEN = '•••';
const SECRET_WORD = '(?:key|token|secret|passw(?:or)?d|passphrase|credentials?|authorization|auth)';
const SECRET_OPTION = new RegExp(`^--?(?:[\\w-]*[-_])?${SECRET_WORD}$`, 'i');
const SECRET_VALUE = new RegExp(`((?:^|[\\s-_])(?:[\\w-]*[-_])?${SECRET_WORD}\\s*[=:]\\s*(?:bearer\\s+)?|\\bbearer\\s+)[^\\s].*$`, 'i');

function textsIn(entry: HostEntry): readonly string[] {
  if ('url' in entry) return [entry.url, ...Object.values(entry.headers ?? {})];
  return [entry.command, ...(entry.args ?? []), ...Object.values(entry.env ?? {}), entry.cwd, entry.envFile ?? ''];
}

/** A program by its path keeps its meaning in another folder; one by its name is looked for in PATH. */
function pathOf(command: string, folder: string): string {
  return /^\.{1,2}[\\/]/.test(command) && !isAbsolute(command) ? resolve(folder, command) : command;
}

/** Variables of editors: https://code.visualstudio.com/docs/reference/variables-reference, and the subset of them that others took over. */
const CLIENT_VARIABLE = /\$\{(workspaceFolder|workspaceFolderBasename|userHome|pathSeparator|\/|(?:input|command|config):[^}]*)\}/g;

function translated(place: JsonPlace, { project }: EntryPlace): string {
  return place.text().replace(CLIENT_VARIABLE, (whole, variable: string) => {
    if (variable === 'userHome') return homedir();
    if (variable === 'pathSeparator' || variable === '/') return sep;
    if (variable.startsWith('input:')) return `\${${variable.slice('input:'.length).replace(/\W+/g, '_').toUpperCase()}}`;
    if (variable.startsWith('workspaceFolder') && project !== undefined) return variable === 'workspaceFolder' ? project : basename(project);
    return place.fail(`Only the editor knows what ${whole} is.`);
  });
}
