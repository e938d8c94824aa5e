import { withInvisibleWrittenOut } from '../../base/visible-text.ts';
import type { Offers } from './offers.ts';
import type { FileChange, Plan, PlannedAgent } from './plan.ts';

const SHOWN_TOOLS = 12;

/** What would become an agent, and what of the files, for its owner to read. */
export function planText({ agents, leftOut, files }: Plan): string {
  const fresh = agents.filter(({ state }) => state === 'new');
  const there = agents.filter(({ state }) => state === 'there');
  return [
    ...(fresh.length > 0 ? ['These become agents:', '', ...fresh.flatMap(agentLines)] : ['Nothing new becomes an agent.', '']),
    ...(there.length > 0 ? [`Agents already: ${there.map(({ name }) => name).join(', ')}.`, ''] : []),
    ...(leftOut.length > 0
      ? ['These stay where they are:', ...leftOut.map(({ name, reason, from }) => `  ${name}  ${reasonWithPlace(reason, from)}`), '']
      : []),
    ...(files.length > 0 ? ['Files:', ...files.map((file) => `  ${fileLine(file)}`), ''] : []),
  ]
    .map(withInvisibleWrittenOut)
    .join('\n');
}

function agentLines({ name, id, address, entry, target, secrets, needs, from, permissions, visibility, offers }: PlannedAgent): readonly string[] {
  const people = Object.entries(permissions.people).map(([person, rules]) => `${person}: ${rulesText(rules)}`);
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['address', address ?? `<node>:${id} (the host gets its node’s address when it first starts)`],
    ['url' in entry ? 'at' : 'runs', target],
    ['from', from.join('; ')],
    ['offers', offers && offersText(offers)],
    ['secrets', secrets.length > 0 ? `${secrets.join(', ')} (values stay in the file and are not shown)` : undefined],
    ['needs', needs.length > 0 ? `${needs.join(', ')} in the host’s environment` : undefined],
    ['seen by', visibility === 'network' ? 'everyone in the network' : 'nobody: who may call nothing is not told of it'],
    ['called by', [`everyone: ${rulesText(permissions.everyone)}`, ...people].join('; ')],
  ];
  return [`  ${name}`, ...rows.flatMap(([label, text]) => (text === undefined ? [] : [`    ${label.padEnd(10)}${text}`])), ''];
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
