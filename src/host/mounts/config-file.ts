import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { ParleyError } from '../../base/errors.ts';
import { isPlaintextUrl } from '../../base/loopback.ts';
import type { JsonPlace } from '../json-file.ts';
import { agentIdOf, urlProblem, type MountSpec } from './mount-spec.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The keys under which desktop clients and editors list servers. */
const LISTS = ['mcpServers', 'servers'] as const;

/**
 * The servers of a file in the `mcpServers` format. A command's working folder is that of the file unless `cwd` says otherwise; what `env` names wins over
 * its `envFile`; `${NAME}` and
 * `${NAME:-default}` stand for the host's environment; servers that are `disabled` are left out; keys of other programs are let be.
 * @throws ParleyError `bad-argument` with file, line and reason
 */
export function readMounts(root: JsonPlace, file: string, environment: Environment): readonly MountSpec[] {
  const taken = new Map<string, string>();
  const specs: MountSpec[] = [];
  for (const [name, place] of serversOf(root)) {
    const spec = readServer(name, place, dirname(file), environment);
    if (!spec) continue;
    const other = taken.get(spec.id);
    if (other !== undefined) return place.fail(`“${name}” and “${other}” would have the same address, ${spec.id}.`);
    taken.set(spec.id, name);
    specs.push(spec);
  }
  return specs;
}

/**
 * The names of the servers of such a file that the host reaches over a network unencrypted. One whose address depends on what the environment lacks is
 * not among them.
 * @throws ParleyError `bad-argument` with file, line and reason
 */
export function plaintextServers(root: JsonPlace, environment: Environment): readonly string[] {
  return [...serversOf(root)].flatMap(([name, place]) => {
    const members = place.members();
    const url = urlOf(members);
    if (members.get('disabled')?.isTrue() || !url) return [];
    const isKnown = [...url.text().matchAll(VARIABLE)].every(([, variable = '', fallback]) => (environment[variable] ?? fallback) !== undefined);
    return isKnown && isPlaintextUrl(expand(url, environment)) ? [name] : [];
  });
}

function serversOf(root: JsonPlace): ReadonlyMap<string, JsonPlace> {
  const members = root.members();
  const list = LISTS.map((name) => members.get(name)).find((place) => place !== undefined);
  return list ? list.members() : root.fail('There is no “mcpServers”.');
}

function urlOf(members: ReadonlyMap<string, JsonPlace>): JsonPlace | undefined {
  return members.get('url') ?? members.get('serverUrl');
}

function readServer(name: string, place: JsonPlace, folder: string, environment: Environment): MountSpec | undefined {
  const members = place.members();
  if (members.get('disabled')?.isTrue()) return undefined;
  const id = idOf(name, place);
  const expanded = (value: JsonPlace): string => expand(value, environment);
  const textsOf = (key: string): Readonly<Record<string, string>> =>
    Object.fromEntries([...(members.get(key)?.members() ?? [])].map(([key_, value]) => [key_, expanded(value)]));
  const [command, url, type] = [members.get('command'), urlOf(members), members.get('type')];
  if (type?.text() === 'sse') return type.fail('The transport “sse” is no longer in MCP; the server needs Streamable HTTP.');
  if (command && url) return place.fail(`“${name}” has both a command and a url.`);
  if (command) {
    const cwd = members.get('cwd');
    const args = (members.get('args')?.items() ?? []).map(expanded);
    const text = expanded(command);
    if (text === '') return command.fail('“command” is empty.');
    const envFile = members.get('envFile');
    const env = { ...(envFile ? readEnvFile(envFile, resolve(folder, expanded(envFile))) : {}), ...textsOf('env') };
    return { id, title: name, kind: 'command', command: text, args, env, cwd: cwd ? resolve(folder, expanded(cwd)) : folder };
  }
  if (!url) return place.fail(`“${name}” has neither a command nor a url.`);
  const address = expanded(url);
  const reason = urlProblem(address);
  return reason ? url.fail(`“${name}”: ${reason}`) : { id, title: name, kind: 'url', url: address, headers: textsOf('headers') };
}

/** Lines of `NAME=value`, as editors and shells have them. */
function readEnvFile(place: JsonPlace, file: string): Readonly<Record<string, string>> {
  try {
    return parseEnv(readFileSync(file, 'utf8')) as Record<string, string>;
  } catch (thrown) {
    return place.fail(`“envFile” cannot be read: ${(thrown as Error).message}`);
  }
}

function idOf(name: string, place: JsonPlace) {
  try {
    return agentIdOf(name);
  } catch (thrown) {
    return place.fail((thrown as ParleyError).message);
  }
}

export const VARIABLE = /\$\{(?:env:)?([A-Za-z_]\w*)(?::-([^}]*))?\}/g;

function expand(place: JsonPlace, environment: Environment): string {
  return place.text().replace(VARIABLE, (_whole, name: string, fallback: string | undefined) => {
    const value = environment[name] ?? fallback;
    return value ?? place.fail(`The environment has no ${name}.`);
  });
}
