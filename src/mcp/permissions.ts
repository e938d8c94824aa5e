import type { AgentId } from '../base/ids.ts';
import { Emitter } from '../base/emitter.ts';
import { LIMITS } from '../base/limits.ts';
import type { Records, Table } from '../ports/records.ts';
import type { CallRequest } from './incoming-call.ts';

export const RULES = ['run', 'ask', 'never'] as const;
export type Rule = (typeof RULES)[number];

/** What a caller is to the owner; each is also one of those after it. */
export const RELATIONS = ['devices', 'contacts', 'everyone'] as const;
export type Relation = (typeof RELATIONS)[number];
export type Rules = Readonly<Record<Relation, Rule>>;

/** How much others than the owner's devices may ask of one agent. */
export type CallRates = {
  /** Of one person. */
  readonly callsPerMinute: number;
  /** Of one person, waiting or running. */
  readonly parallelCalls: number;
};

/** Who may do what with one agent. */
export type AgentPermissions = CallRates & {
  readonly rules: Rules;
  /** Tools for which something else holds, by name. */
  readonly tools: ReadonlyMap<string, Partial<Rules>>;
};

/** Nothing of anybody else's runs unasked, and people never written to may not even ask. */
export const DEFAULT_PERMISSIONS: AgentPermissions = {
  rules: { devices: 'run', contacts: 'ask', everyone: 'never' },
  tools: new Map(),
  callsPerMinute: LIMITS.defaultCallsPerMinute,
  parallelCalls: LIMITS.defaultParallelCalls,
};

/** People never written to may ask, too, in the tighter bounds of `CallerLimits`: for agents that keep and tell nothing of their owner's, or where something else has decided who may. */
export const ASKABLE_PERMISSIONS: AgentPermissions = { ...DEFAULT_PERMISSIONS, rules: { devices: 'run', contacts: 'ask', everyone: 'ask' } };

/** While permissions cannot be read nothing runs. */
const CLOSED: AgentPermissions = { ...DEFAULT_PERMISSIONS, rules: { devices: 'never', contacts: 'never', everyone: 'never' } };

/** What holds for a call: the tool's own rule, else the agent's. */
export function ruleFor(permissions: AgentPermissions, relation: Relation, call: Pick<CallRequest, 'kind' | 'tool'>): Rule {
  const own = call.kind === 'tool' ? permissions.tools.get(call.tool)?.[relation] : undefined;
  return own ?? permissions.rules[relation];
}

/** Whether callers of this relation get anything from the agent at all. */
export function isOpenTo(permissions: AgentPermissions, relation: Relation): boolean {
  return (
    permissions.rules[relation] !== 'never' || [...permissions.tools.values()].some((own) => own[relation] !== undefined && own[relation] !== 'never')
  );
}

/** What a caller may do; `contacts`: nothing now, but something once the owner has written to them. */
export const ACCESSES = ['run', 'ask', 'contacts', 'never'] as const;
export type Access = (typeof ACCESSES)[number];
/** The same for an agent as a whole, and for the tools of which something else holds. */
export type AgentAccess = { readonly rest: Access; readonly tools: ReadonlyMap<string, Access> };

/** What an agent is to callers of this relation. */
export function accessOf(permissions: AgentPermissions, relation: Relation): AgentAccess {
  const of = (call: Pick<CallRequest, 'kind' | 'tool'>): Access => {
    const rule = ruleFor(permissions, relation, call);
    return rule === 'never' && relation === 'everyone' && ruleFor(permissions, 'contacts', call) !== 'never' ? 'contacts' : rule;
  };
  const rest = of({ kind: 'method', tool: '' });
  const tools = [...permissions.tools.keys()].map((tool) => [tool, of({ kind: 'tool', tool })] as const);
  return { rest, tools: new Map(tools.filter(([, access]) => access !== rest)) };
}

/** How far an agent is to be seen: as far as anybody may call anything of it. */
export function visibilityOf(permissions: AgentPermissions): Relation | 'private' {
  return (['everyone', 'contacts', 'devices'] as const).find((relation) => isOpenTo(permissions, relation)) ?? 'private';
}

/** Permissions as they were stored. Whatever is damaged allows nothing. */
export function readPermissions(stored: unknown): AgentPermissions {
  const { rules, tools, callsPerMinute, parallelCalls } = (stored ?? {}) as { [Key in keyof AgentPermissions]?: unknown };
  const given = (rules ?? {}) as Readonly<Record<string, unknown>>;
  const ruleOf = (value: unknown): Rule => RULES.find((rule) => rule === value) ?? 'never';
  const own = new Map<string, Partial<Rules>>();
  if (tools instanceof Map) {
    for (const [name, some] of tools) {
      const entries = RELATIONS.flatMap((relation) => {
        const value = (some as Readonly<Record<string, unknown>> | null)?.[relation];
        return value === undefined ? [] : [[relation, ruleOf(value)] as const];
      });
      own.set(String(name), Object.fromEntries(entries));
    }
  }
  return {
    rules: { devices: ruleOf(given['devices']), contacts: ruleOf(given['contacts']), everyone: ruleOf(given['everyone']) },
    tools: own,
    callsPerMinute: countOf(callsPerMinute, LIMITS.maxCallsPerMinute),
    parallelCalls: countOf(parallelCalls, LIMITS.maxCallsPerSession),
  };
}

function countOf(value: unknown, atMost: number): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 ? Math.min(value, atMost) : 1;
}

/** The permissions of this node's agents: kept in storage, and the same in all tabs of the browser. */
export class Permissions {
  readonly #table: Table<unknown>;
  readonly #events = new Emitter<{ changed: AgentId }>();
  readonly #known = new Map<AgentId, AgentPermissions>();
  readonly #defaultsOf: (agent: AgentId) => AgentPermissions;
  #isBroken = false;
  /** Resolves when what was stored is read; never rejects. */
  readonly ready: Promise<void>;

  /** `defaultsOf`: what holds for an agent until its owner says something else. */
  constructor(records: Records, defaultsOf: (agent: AgentId) => AgentPermissions = () => DEFAULT_PERMISSIONS) {
    this.#table = records.table('permissions');
    this.#defaultsOf = defaultsOf;
    this.ready = this.#read();
    records.onForeignChange((name, key) => name === 'permissions' && key !== undefined && void this.#reread(key as AgentId));
  }

  /** Those of an agent that was never configured are its defaults. */
  of(agent: AgentId): AgentPermissions {
    return this.#isBroken ? CLOSED : (this.#known.get(agent) ?? this.#defaultsOf(agent));
  }

  /** Holds at once, also for calls that wait or run; resolves when it is stored. @throws ParleyError a storage code */
  async set(agent: AgentId, permissions: AgentPermissions): Promise<void> {
    const checked = readPermissions(permissions);
    this.#known.set(agent, checked);
    this.#events.emit('changed', agent);
    await this.#table.put(agent, checked);
  }

  /** Forgets what was allowed for an agent that is removed. */
  async forget(agent: AgentId): Promise<void> {
    this.#known.delete(agent);
    await this.#table.delete(agent);
  }

  onChanged(listener: (agent: AgentId) => void): () => void {
    return this.#events.on('changed', listener);
  }

  async #read(): Promise<void> {
    try {
      for (const [agent, stored] of await this.#table.all()) this.#known.set(agent as AgentId, readPermissions(stored));
    } catch {
      this.#isBroken = true;
    }
  }

  async #reread(agent: AgentId): Promise<void> {
    try {
      const stored = await this.#table.get(agent);
      if (stored === undefined) this.#known.delete(agent);
      else this.#known.set(agent, readPermissions(stored));
    } catch {
      this.#known.set(agent, CLOSED);
    }
    this.#events.emit('changed', agent);
  }
}
