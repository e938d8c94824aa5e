import { parseAgentId, parsePersonId, type AgentId, type PersonId } from '../base/ids.ts';
import { HOST_LIMITS, LIMITS } from '../base/limits.ts';
import type { AgentAccess, CallRates } from '../mcp/permissions.ts';
import type { JsonPlace } from './json-file.ts';

export const RULES = ['run', 'ask', 'never'] as const;
export type Rule = (typeof RULES)[number];

/** What somebody may call: the rule of all tools, and those of single ones. */
type ToolRules = { readonly all: Rule | undefined; readonly tools: ReadonlyMap<string, Rule> };
/** The rules of one agent, or of all. */
type CallerRules = {
  readonly everyone: ToolRules | undefined;
  readonly people: ReadonlyMap<PersonId, ToolRules>;
  readonly rates: Partial<CallRates>;
};

/** Where the owner is asked, and where calls run by themselves. */
const ASKED_RATES: CallRates = { callsPerMinute: LIMITS.defaultCallsPerMinute, parallelCalls: LIMITS.defaultParallelCalls };
const RUN_RATES: CallRates = { callsPerMinute: HOST_LIMITS.runCallsPerMinute, parallelCalls: HOST_LIMITS.runParallelCalls };

/**
 * Who may call which tool of which agent. The most specific rule holds: of the agent before the general ones, of the person before everyone's, of the tool
 * before all tools'. Without a rule the answer is never.
 */
export class Policy {
  readonly #general: CallerRules;
  readonly #agents: ReadonlyMap<AgentId, CallerRules>;
  /** Of all people together whom the policy does not name. */
  readonly strangerCallsPerMinute: number;

  constructor(general: CallerRules, agents: ReadonlyMap<AgentId, CallerRules>, strangerCallsPerMinute?: number) {
    this.#general = general;
    this.#agents = agents;
    this.strangerCallsPerMinute = strangerCallsPerMinute ?? (this.letsEverybodyRun ? HOST_LIMITS.runCallsPerMinute : LIMITS.strangerCallsPerMinute);
  }

  /** How much one person may do with the agent where this rule holds. */
  ratesOf(agent: AgentId, rule: Rule): CallRates {
    return { ...(rule === 'run' ? RUN_RATES : ASKED_RATES), ...this.#general.rates, ...this.#agents.get(agent)?.rates };
  }

  /** Whether the owner wrote the person down, with whatever rule. */
  names(person: PersonId): boolean {
    return [this.#general, ...this.#agents.values()].some(({ people }) => people.has(person));
  }

  /** `tool` is a tool's name; what is no tool call has rules like tools, under its method (`resources/read`). */
  ruleFor(person: PersonId, agent: AgentId, tool: string): Rule {
    for (const rules of [this.#agents.get(agent), this.#general]) {
      const rule = ruleOf(rules?.people.get(person), tool) ?? ruleOf(rules?.everyone, tool);
      if (rule) return rule;
    }
    return 'never';
  }

  /** Whether there is anything that the person may do with the agent; if not, it is not there for them. */
  mayMeet(person: PersonId, agent: AgentId): boolean {
    return [ANY_OTHER_TOOL, ...this.#named(person, agent)].some((tool) => this.ruleFor(person, agent, tool) !== 'never');
  }

  /** What the person may do with the agent, for their node to be told. */
  accessOf(person: PersonId, agent: AgentId): AgentAccess {
    const rest = this.ruleFor(person, agent, ANY_OTHER_TOOL);
    const tools = this.#named(person, agent).map((tool) => [tool, this.ruleFor(person, agent, tool)] as const);
    return { rest, tools: new Map(tools.filter(([, rule]) => rule !== rest)) };
  }

  /** Tools for which there are rules of their own. */
  #named(person: PersonId, agent: AgentId): readonly string[] {
    const tables = [this.#agents.get(agent), this.#general].flatMap((rules) => [rules?.people.get(person), rules?.everyone]);
    return [...new Set(tables.flatMap((rules) => [...(rules?.tools.keys() ?? [])]))];
  }

  /** Whether there is anybody but the host's own person who may do something with the agent. */
  isOffered(agent: AgentId): boolean {
    const named = [this.#agents.get(agent), this.#general].flatMap((rules) => [...(rules?.people.keys() ?? [])]);
    return this.mayMeet(NOBODY_NAMED, agent) || named.some((person) => this.mayMeet(person, agent));
  }

  /** Whether anybody in the network may run something without being asked about. */
  get letsEverybodyRun(): boolean {
    return [this.#general, ...this.#agents.values()].some(({ everyone }) => everyone && [everyone.all, ...everyone.tools.values()].includes('run'));
  }
}

/** Has the rules of everyone. */
const NOBODY_NAMED = '' as PersonId;

/** No tool is named so: it has the rule of all tools without one of their own. */
const ANY_OTHER_TOOL = '*';

const NO_RULES: CallerRules = { everyone: undefined, people: new Map(), rates: {} };

/** Nobody but the host's own person. */
export const CLOSED_POLICY = new Policy(NO_RULES, new Map());

function ruleOf(rules: ToolRules | undefined, tool: string): Rule | undefined {
  return rules?.tools.get(tool) ?? rules?.all;
}

/**
 * The policy in a file: `everyone`, `people` (by person id), `limits` and `agents` (by agent id, each with `everyone`, `people` and `limits`). A rule is
 * `run`, `ask` or `never`, or an object of rules by tool with `*` for all others. @throws ParleyError `bad-argument` with file, line and reason
 */
export function readPolicy(root: JsonPlace): Policy {
  const general = readCallers(root, ['agents']);
  const strangers = readLimits(root, [STRANGER_LIMIT]).get(STRANGER_LIMIT);
  const agents = new Map<AgentId, CallerRules>();
  for (const [name, place] of root.members().get('agents')?.members() ?? []) agents.set(readId(name, place, parseAgentId), readCallers(place, []));
  return new Policy(general, agents, strangers);
}

function readCallers(place: JsonPlace, others: readonly string[]): CallerRules {
  const members = place.members();
  const known = ['everyone', 'people', 'limits', ...others];
  for (const [name, member] of members) if (!known.includes(name)) return member.fail(`“${name}” is not one of: ${known.join(', ')}.`);
  const people = new Map<PersonId, ToolRules>();
  for (const [name, member] of members.get('people')?.members() ?? []) people.set(readId(name, member, parsePersonId), readTools(member));
  const everyone = members.get('everyone');
  // Strangers are counted for all agents together.
  const rates = Object.fromEntries(readLimits(place, others.length > 0 ? [STRANGER_LIMIT] : []));
  delete rates[STRANGER_LIMIT];
  return { everyone: everyone && readTools(everyone), people, rates };
}

const STRANGER_LIMIT = 'strangerCallsPerMinute';
const MOST: Readonly<Record<string, number>> = {
  callsPerMinute: HOST_LIMITS.maxPolicyCallsPerMinute,
  parallelCalls: LIMITS.maxServedSessions * LIMITS.maxCallsPerSession,
  [STRANGER_LIMIT]: HOST_LIMITS.maxPolicyCallsPerMinute,
};

function readLimits(place: JsonPlace, others: readonly string[]): ReadonlyMap<string, number> {
  const known = ['callsPerMinute', 'parallelCalls', ...others];
  const limits = new Map<string, number>();
  for (const [name, member] of place.members().get('limits')?.members() ?? []) {
    if (!known.includes(name)) return member.fail(`“${name}” is not one of: ${known.join(', ')}.`);
    limits.set(name, member.count(MOST[name] as number));
  }
  return limits;
}

function readTools(place: JsonPlace): ToolRules {
  if (place.isText) return { all: place.oneOf(RULES), tools: new Map() };
  const members = new Map([...place.members()].map(([name, member]) => [name, member.oneOf(RULES)]));
  const all = members.get('*');
  members.delete('*');
  return { all, tools: members };
}

function readId<Id>(text: string, place: JsonPlace, parse: (text: string) => Id): Id {
  try {
    return parse(text);
  } catch (thrown) {
    return place.fail(`“${text}”: ${(thrown as Error).message}`);
  }
}
