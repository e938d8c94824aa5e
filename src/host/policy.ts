import { parseAgentId, parsePersonId, type AgentId, type PersonId } from '../base/ids.ts';
import type { AgentAccess } from '../mcp/permissions.ts';
import type { JsonPlace } from './json-file.ts';

export const RULES = ['run', 'ask', 'never'] as const;
export type Rule = (typeof RULES)[number];

/** What somebody may call: the rule of all tools, and those of single ones. */
type ToolRules = { readonly all: Rule | undefined; readonly tools: ReadonlyMap<string, Rule> };
/** The rules of one agent, or of all. */
type CallerRules = { readonly everyone: ToolRules | undefined; readonly people: ReadonlyMap<PersonId, ToolRules> };

/**
 * Who may call which tool of which agent. The most specific rule holds: of the agent before the general ones, of the person before everyone's, of the tool
 * before all tools'. Without a rule the answer is never.
 */
export class Policy {
  readonly #general: CallerRules;
  readonly #agents: ReadonlyMap<AgentId, CallerRules>;

  constructor(general: CallerRules, agents: ReadonlyMap<AgentId, CallerRules>) {
    this.#general = general;
    this.#agents = agents;
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

  /** Whether anybody in the network may run something without being asked about. */
  get letsEverybodyRun(): boolean {
    return [this.#general, ...this.#agents.values()].some(({ everyone }) => everyone && [everyone.all, ...everyone.tools.values()].includes('run'));
  }
}

/** No tool is named so: it has the rule of all tools without one of their own. */
const ANY_OTHER_TOOL = '*';

const NO_RULES: CallerRules = { everyone: undefined, people: new Map() };

/** Nobody but the host's own person. */
export const CLOSED_POLICY = new Policy(NO_RULES, new Map());

function ruleOf(rules: ToolRules | undefined, tool: string): Rule | undefined {
  return rules?.tools.get(tool) ?? rules?.all;
}

/**
 * The policy in a file: `everyone`, `people` (by person id) and `agents` (by agent id, each with `everyone` and `people`). A rule is `run`, `ask` or
 * `never`, or an object of rules by tool with `*` for all others. @throws ParleyError `bad-argument` with file, line and reason
 */
export function readPolicy(root: JsonPlace): Policy {
  const general = readCallers(root, ['agents']);
  const agents = new Map<AgentId, CallerRules>();
  for (const [name, place] of root.members().get('agents')?.members() ?? []) agents.set(readId(name, place, parseAgentId), readCallers(place, []));
  return new Policy(general, agents);
}

function readCallers(place: JsonPlace, others: readonly string[]): CallerRules {
  const members = place.members();
  const known = ['everyone', 'people', ...others];
  for (const [name, member] of members) if (!known.includes(name)) return member.fail(`“${name}” is not one of: ${known.join(', ')}.`);
  const people = new Map<PersonId, ToolRules>();
  for (const [name, member] of members.get('people')?.members() ?? []) people.set(readId(name, member, parsePersonId), readTools(member));
  const everyone = members.get('everyone');
  return { everyone: everyone && readTools(everyone), people };
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
