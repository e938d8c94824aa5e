import { ParleyError } from '../../base/errors.ts';
import { isPlaintextUrl } from '../../base/loopback.ts';
import { parseAgentId, type AgentId } from '../../base/ids.ts';
import type { MountOption } from '../options.ts';

/** An MCP server that is to become an agent of the host. */
export type MountSpec = { readonly id: AgentId; readonly title: string } & (CommandTarget | UrlTarget);

export type CommandTarget = {
  readonly kind: 'command';
  readonly command: string;
  readonly args: readonly string[];
  /** Besides what every child needs; nothing else of the host's environment is passed on. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
};

export type UrlTarget = { readonly kind: 'url'; readonly url: string; readonly headers: Readonly<Record<string, string>> };

const MAX_ID_LENGTH = 32;

/** The agent's id for a server's name: what is no letter or digit becomes a hyphen. @throws ParleyError `bad-argument` when nothing is left. */
export function agentIdOf(name: string): AgentId {
  const id = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_ID_LENGTH)
    .replace(/^-+|-+$/g, '');
  if (id === '') throw new ParleyError('bad-argument', `The name “${name}” has no letter or digit of which an address could be made.`);
  return parseAgentId(id);
}

/** `--mount NAME=TARGET`. @throws ParleyError `bad-argument` */
export function specOfOption({ name, target }: MountOption): MountSpec {
  const id = agentIdOf(name);
  if (/^https?:\/\//i.test(target)) {
    const reason = urlProblem(target);
    if (reason) throw new ParleyError('bad-argument', `--mount ${name}: ${reason}`);
    return { id, title: name, kind: 'url', url: target, headers: {} };
  }
  const [command, ...args] = splitCommandLine(target);
  if (command === undefined) throw new ParleyError('bad-argument', `--mount ${name}: the command is missing.`);
  return { id, title: name, kind: 'command', command, args, env: {} };
}

/** Whether calls to the server cross a network unencrypted. */
export function isPlaintext(spec: MountSpec): boolean {
  return spec.kind === 'url' && isPlaintextUrl(spec.url);
}

/** Why a URL cannot be mounted. */
export function urlProblem(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return 'the URL must begin with http:// or https://.';
  if (url.username !== '' || url.password !== '') return 'the URL must hold no password; use headers in the config file.';
  return undefined;
}

/** Words of a command line as a POSIX shell splits them, without expanding anything. @throws ParleyError `bad-argument` for an open quote */
export function splitCommandLine(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let index = 0; index < line.length; index++) {
    const character = line[index] as string;
    if (character === '\\' && quote !== "'" && index + 1 < line.length) word = (word ?? '') + line[++index];
    else if (character === quote) quote = undefined;
    else if (quote === undefined && (character === '"' || character === "'")) [quote, word] = [character, word ?? ''];
    else if (quote === undefined && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (quote !== undefined) throw new ParleyError('bad-argument', `A quotation mark (${quote}) in the command line is not closed.`);
  return word === undefined ? words : [...words, word];
}
