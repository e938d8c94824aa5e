import { existsSync } from 'node:fs';
import { asParleyError, ParleyError } from '../../base/errors.ts';
import { agentAddress, type AgentAddress, type AgentId, type NodeId, type PersonId } from '../../base/ids.ts';
import { parseJson, readTextFile } from '../json-file.ts';
import { agentIdOf, urlProblem } from '../mounts/mount-spec.ts';
import { readPolicy, type Rule } from '../policy.ts';
import { referencesOf, secretNamesOf, shownTarget, type HostEntry } from './client-entry.ts';
import type { ClientFile } from './client-file.ts';
import { digestOf, valueAt, withValueAt, type JsonPath } from './json-edit.ts';
import type { Offers } from './offers.ts';

/** Who may call the new agents, or one of them. */
export type AllowOption = { readonly agent: AgentId | undefined; readonly who: 'everyone' | PersonId; readonly rule: Rule };

/** A server that is known by its URL alone. */
export type RemoteServer = { readonly name: string; readonly entry: HostEntry };

/** A server that becomes an agent, or is one already. */
export type PlannedAgent = {
  readonly name: string;
  readonly id: AgentId;
  /** `undefined` before the host has an identity. */
  readonly address: AgentAddress | undefined;
  readonly entry: HostEntry;
  /** What is run, or where it is, without secrets. */
  readonly target: string;
  /** Names in `env` and `headers`; their values stay there. */
  readonly secrets: readonly string[];
  /** Names that the host's environment lacks so far. */
  readonly needs: readonly string[];
  /** Each a file and line, or a URL. */
  readonly from: readonly string[];
  readonly state: 'new' | 'there';
  /** Its rules in the policy file, with those for all agents where it has none. */
  readonly permissions: { readonly everyone: unknown; readonly people: Readonly<Record<string, unknown>> };
  /** Whether the network is told of it: of an agent that nobody may call, nobody is. */
  readonly visibility: 'network' | 'nobody';
  readonly offers?: Offers;
};

export type LeftOut = { readonly name: string; readonly from: string; readonly reason: string };

/** One place in a file that changes; what stood there is in the file's backup. */
export type Edit = { readonly path: JsonPath; readonly value: unknown };

export type FileChange = {
  readonly role: 'config' | 'policy' | 'client';
  readonly path: string;
  /** `undefined`: there is no such file yet. */
  readonly before: string | undefined;
  readonly after: string;
  readonly edits: readonly Edit[];
};

export type Plan = { readonly agents: readonly PlannedAgent[]; readonly leftOut: readonly LeftOut[]; readonly files: readonly FileChange[] };

export type PlanInput = {
  readonly clients: readonly ClientFile[];
  readonly remotes: readonly RemoteServer[];
  readonly config: string;
  readonly policy: string;
  readonly node: NodeId | undefined;
  readonly allow: readonly AllowOption[];
  /** New names by old ones. */
  readonly renames: ReadonlyMap<string, string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What clients get in the place of their servers; `undefined` leaves their files alone. */
  readonly clientEntry: object | undefined;
  readonly isHostItself: (entry: HostEntry) => boolean;
  /** Why servers of these names stay where they are. */
  readonly excluded?: ReadonlyMap<string, string>;
};

const NEW_CONFIG = '{\n  "mcpServers": {}\n}\n';
const NEW_POLICY = '{\n  "everyone": "never",\n  "agents": {}\n}\n';

/** What a migration would do; nothing is done. @throws ParleyError `bad-argument` when a file of the host's has an error */
export function makePlan(input: PlanInput): Plan {
  const config = new EditedFile('config', input.config, NEW_CONFIG);
  const policy = new EditedFile('policy', input.policy, NEW_POLICY);
  const list = config.valueAt(['mcpServers']) === undefined && config.valueAt(['servers']) !== undefined ? 'servers' : 'mcpServers';
  const candidates = new Candidates(input, (config.valueAt([list]) ?? {}) as Record<string, unknown>);
  for (const { id, name, entry, state } of candidates.agents.values()) {
    if (state === 'new') config.set([list, name], entry);
    if (policy.valueAt(['agents', id]) === undefined) policy.set(['agents', id], rulesOf(id, input.allow));
  }
  const isMet = readPolicy(parseJson(policy.path, policy.text));
  const rules = (policy.valueAt([]) ?? {}) as RulesJson;
  const agents = [...candidates.agents.values()].map(({ id, name, entry, state, from }): PlannedAgent => ({
    name,
    id,
    address: input.node && agentAddress(input.node, id),
    entry,
    target: shownTarget(entry),
    secrets: secretNamesOf(entry),
    needs: referencesOf(entry).filter((variable) => input.environment[variable] === undefined),
    from,
    state,
    permissions: {
      everyone: rules.agents?.[id]?.everyone ?? rules.everyone ?? 'never',
      people: { ...rules.people, ...rules.agents?.[id]?.people },
    },
    visibility: isMet.isOffered(id) ? 'network' : 'nobody',
  }));
  return { agents, leftOut: candidates.leftOut, files: [config, policy, ...clientChanges(input, candidates)].flatMap((file) => file.change()) };
}

type RulesJson = {
  readonly everyone?: unknown;
  readonly people?: Readonly<Record<string, unknown>>;
  readonly agents?: Readonly<Record<string, RulesJson | undefined>>;
};

/** The rules that the options give an agent: the option for it alone before those for all. */
function rulesOf(id: AgentId, allow: readonly AllowOption[]): object {
  const own = [...allow.filter(({ agent }) => agent === undefined), ...allow.filter(({ agent }) => agent === id)];
  const people = Object.fromEntries(own.flatMap(({ who, rule }) => (who === 'everyone' ? [] : [[who, rule]])));
  const everyone = own.findLast(({ who }) => who === 'everyone')?.rule ?? 'never';
  return { everyone, ...(Object.keys(people).length > 0 ? { people } : {}) };
}

type Candidate = Pick<PlannedAgent, 'name' | 'id' | 'entry' | 'state'> & { readonly from: string[] };

/** Which servers can become agents beside those that are agents already, and why others cannot. */
class Candidates {
  readonly agents = new Map<string, Candidate>();
  readonly leftOut: LeftOut[] = [];
  /** Names by client file: those that the host has after the migration. */
  readonly moved = new Map<ClientFile, string[]>();
  readonly #existing: Readonly<Record<string, unknown>>;
  readonly #input: PlanInput;

  constructor(input: PlanInput, existing: Readonly<Record<string, unknown>>) {
    this.#input = input;
    this.#existing = existing;
    for (const client of input.clients) {
      const moved: string[] = [];
      for (const { name, line, entry, problem } of client.servers) {
        const from = `${client.path}, line ${line}`;
        if (problem !== undefined) this.#leaveOut(name, from, problem);
        // A second run finds what the first one wrote.
        else if (!input.isHostItself(entry) && this.#take(name, from, entry)) moved.push(name);
      }
      this.moved.set(client, moved);
    }
    for (const { name, entry } of input.remotes) this.#take(name, 'url' in entry ? entry.url : name, entry);
  }

  #take(clientName: string, from: string, entry: HostEntry): boolean {
    const name = this.#input.renames.get(clientName) ?? clientName;
    try {
      // A reference to the environment says nothing yet.
      const urlReason = 'url' in entry && !entry.url.includes('${') ? urlProblem(entry.url) : undefined;
      const problem = this.#input.excluded?.get(name) ?? urlReason;
      if (problem) throw new ParleyError('bad-argument', `“${name}”: ${problem}`);
      this.#add(name, from, entry, agentIdOf(name));
      return true;
    } catch (thrown) {
      this.#leaveOut(clientName, from, asParleyError(thrown).message);
      return false;
    }
  }

  #add(name: string, from: string, entry: HostEntry, id: AgentId): void {
    const known = this.agents.get(name);
    const before = known?.entry ?? this.#existing[name];
    if (before !== undefined && digestOf(before) !== digestOf(entry))
      throw new ParleyError(
        'bad-argument',
        `There is another “${name}” already; take this one under another name: --rename ${JSON.stringify(name)}=NAME.`,
      );
    if (known) return void known.from.push(from);
    const others = [...Object.keys(this.#existing), ...this.agents.keys()];
    const clash = others.find((other) => other !== name && idOrNothing(other) === id);
    if (clash !== undefined)
      throw new ParleyError('bad-argument', `“${name}” and “${clash}” would have the same address, ${id}; --rename one of them.`);
    this.agents.set(name, { name, id, entry, from: [from], state: before === undefined ? 'new' : 'there' });
  }

  #leaveOut(name: string, from: string, reason: string): void {
    this.leftOut.push({ name, from, reason });
  }
}

function idOrNothing(name: string): AgentId | undefined {
  try {
    return agentIdOf(name);
  } catch {
    return undefined;
  }
}

const CLIENT_NAME = 'parley';

/** The clients' files with one entry in the place of all servers that the host has now; everything that it does not have stays. */
function clientChanges({ clients, clientEntry, isHostItself }: PlanInput, { moved }: Candidates): readonly EditedFile[] {
  if (!clientEntry) return [];
  return clients.map((client) => {
    const file = new EditedFile('client', client.path, client.text);
    const names = moved.get(client) ?? [];
    if (names.length === 0) return file;
    for (const name of names) file.set([...client.list, name], undefined);
    const hasIt = client.servers.some(({ entry }) => entry && isHostItself(entry));
    const isTaken = client.servers.some(({ name }) => name === CLIENT_NAME) && !names.includes(CLIENT_NAME);
    if (!hasIt) file.set([...client.list, isTaken ? `${CLIENT_NAME}-host` : CLIENT_NAME], clientEntry);
    return file;
  });
}

/** A file as it is to be, with what was changed in it. */
class EditedFile {
  readonly role: FileChange['role'];
  readonly path: string;
  readonly #before: string | undefined;
  readonly #edits = new Map<string, Edit>();
  text: string;

  /** @throws ParleyError `bad-argument` when there is such a file with an error */
  constructor(role: FileChange['role'], path: string, fallback: string) {
    this.role = role;
    this.path = path;
    this.#before = existsSync(path) ? readTextFile(path) : undefined;
    this.text = this.#before ?? fallback;
    parseJson(path, this.text).members();
  }

  valueAt(path: JsonPath): unknown {
    return valueAt(this.text, path);
  }

  set(path: JsonPath, value: unknown): void {
    this.text = withValueAt(this.text, path, value);
    this.#edits.set(JSON.stringify(path), { path, value });
  }

  change(): readonly FileChange[] {
    if (this.#edits.size === 0) return [];
    return [{ role: this.role, path: this.path, before: this.#before, after: this.text, edits: [...this.#edits.values()] }];
  }
}
