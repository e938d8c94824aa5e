import { withInvisibleWrittenOut } from '../../base/visible-text.ts';
import type { Offers } from './offers.ts';
import type { FileChange, Plan, PlannedAgent } from './plan.ts';

const SHOWN_TOOLS = 12;

/** Everything that a migration would do, for its owner to read. */
export function planText(plan: Plan): string {
  return text([...agentsLines(plan, true), ...filesLines(plan)]);
}

/** What would become an agent, before its owner said who may call it. */
export function agentsText(plan: Plan): string {
  return text(agentsLines(plan, false));
}

/** The rest of the plan, after that. */
export function choicesText(plan: Plan): string {
  const fresh = plan.agents.filter(({ state }) => state === 'new');
  return text(['', ...fresh.flatMap((agent) => [`  ${agent.name}`, ...rows(permissionRows(agent))]), '', ...filesLines(plan)]);
}

function text(lines: readonly string[]): string {
  return lines.map(withInvisibleWrittenOut).join('\n');
}

function agentsLines({ agents, leftOut }: Plan, withPermissions: boolean): readonly string[] {
  const fresh = agents.filter(({ state }) => state === 'new');
  const there = agents.filter(({ state }) => state === 'there');
  return [
    ...(fresh.length > 0 ? ['These become agents:', ''] : ['Nothing new becomes an agent.', '']),
    ...fresh.flatMap((agent) => [`  ${agent.name}`, ...rows([...agentRows(agent), ...(withPermissions ? permissionRows(agent) : [])]), '']),
    ...(there.length > 0 ? [`Agents already: ${there.map(({ name }) => name).join(', ')}.`, ''] : []),
    ...(leftOut.length > 0
      ? ['These stay where they are:', ...leftOut.map(({ name, reason, from }) => `  ${name}  ${reasonWithPlace(reason, from)}`), '']
      : []),
  ];
}

function filesLines({ files }: Plan): readonly string[] {
  return files.length > 0 ? ['Files:', ...files.map((file) => `  ${fileLine(file)}`), ''] : [];
}

type Row = readonly [label: string, text: string | undefined];

function rows(all: readonly Row[]): readonly string[] {
  return all.flatMap(([label, shown]) => (shown === undefined ? [] : [`    ${label.padEnd(10)}${shown}`]));
}

function agentRows({ id, address, entry, target, secrets, needs, from, offers }: PlannedAgent): readonly Row[] {
  return [
    ['address', address ?? `<node>:${id} (the host gets its node’s address when it first starts)`],
    ['url' in entry ? 'at' : 'runs', target],
    ['from', from.join('; ')],
    ['offers', offers && offersText(offers)],
    ['secrets', secrets.length > 0 ? `${secrets.join(', ')} (values stay in the file and are not shown)` : undefined],
    ['needs', needs.length > 0 ? `${needs.join(', ')} in the host’s environment` : undefined],
  ];
}

function permissionRows({ permissions, visibility }: PlannedAgent): readonly Row[] {
  const people = Object.entries(permissions.people).map(([person, rules]) => `${person}: ${rulesText(rules)}`);
  return [
    ['seen by', visibility === 'network' ? 'everyone in the network' : 'nobody: who may call nothing is not told of it'],
    ['called by', [`everyone: ${rulesText(permissions.everyone)}`, ...people].join('; ')],
  ];
}

function offersText(offers: Offers): string {
  if (offers.problem !== undefined) return `not known: ${offers.problem}`;
  const { tools, resources, prompts } = offers;
  const named = tools.slice(0, SHOWN_TOOLS).join(', ');
  const list = tools.length === 0 ? '' : ` (${named}${tools.length > SHOWN_TOOLS ? ', …' : ''})`;
  return `${count(tools.length, 'tool')}${list}, ${count(resources.length, 'resource')}, ${count(prompts.length, 'prompt')}`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

function rulesText(rules: unknown): string {
  return typeof rules === 'string' ? rules : JSON.stringify(rules);
}

/** Reasons of files name file and line themselves. */
function reasonWithPlace(reason: string, from: string): string {
  return reason.includes(', line ') ? reason : `${from}: ${reason}`;
}

function fileLine({ role, path, before, edits }: FileChange): string {
  const gone = edits.filter(({ value }) => value === undefined).length;
  if (role === 'client') return `${path}: ${count(gone, 'server')} replaced with this host (a copy is kept)`;
  return before === undefined ? `${path}: made` : `${path}: added to (a copy is kept)`;
}

/** The plan as JSON: everything but values that may be secret. */
export function planJson({ agents, leftOut, files }: Plan): object {
  return {
    agents: agents.map(({ entry: _entry, ...shown }) => shown),
    leftOut,
    files: files.map(({ role, path, before, edits }) => ({
      role,
      path,
      isNew: before === undefined,
      changes: edits.map((edit) => edit.path.join('.')),
    })),
  };
}
