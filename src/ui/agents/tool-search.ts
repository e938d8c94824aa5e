import type { AgentKindView, AgentView, ToolEntryView } from '../../view/types.ts';

/** What is wanted; parts that are left out are not asked for. */
export type Wanted = { readonly words: string; readonly person?: string; readonly node?: string; readonly kind?: AgentKindView };

/** Texts of one entry, in small letters, made once for each entry. */
type Texts = { readonly name: string; readonly names: string; readonly all: string };

const toolTexts = new WeakMap<ToolEntryView, Texts>();
const agentTexts = new WeakMap<AgentView, string>();

export function isNothingWanted({ words, person, node, kind }: Wanted): boolean {
  return words.trim() === '' && person === undefined && node === undefined && kind === undefined;
}

/** Tools in which every word is found, those first that are called so. */
export function findTools(tools: readonly ToolEntryView[], wanted: Wanted): readonly ToolEntryView[] {
  const words = wordsOf(wanted.words);
  const whole = words.join(' ');
  const found: (readonly [rank: number, tool: ToolEntryView])[] = [];
  for (const tool of tools) {
    if (!isOf(tool.agent, wanted)) continue;
    const texts = textsOf(tool);
    if (words.every((word) => texts.all.includes(word))) found.push([rankOf(texts, words, whole), tool]);
  }
  // Within a rank they stay in the order in which they are known.
  return found.sort(([a], [b]) => a - b).map(([, tool]) => tool);
}

/** Agents in which, or in whose owner's name, every word is found. */
export function findAgents(agents: readonly AgentView[], wanted: Wanted): readonly AgentView[] {
  const words = wordsOf(wanted.words);
  return agents.filter((agent) => isOf(agent, wanted) && words.every((word) => textOfAgent(agent).includes(word)));
}

function isOf({ owner, node, kind }: AgentView, wanted: Wanted): boolean {
  return (
    (wanted.person === undefined || owner.id === wanted.person) &&
    (wanted.node === undefined || node === wanted.node) &&
    (wanted.kind === undefined || kind === wanted.kind)
  );
}

function rankOf({ name, names }: Texts, words: readonly string[], whole: string): number {
  if (name.startsWith(whole)) return 0;
  if (names.includes(whole)) return 1;
  return words.every((word) => names.includes(word)) ? 2 : 3;
}

function wordsOf(text: string): readonly string[] {
  return text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
}

function textsOf(tool: ToolEntryView): Texts {
  let texts = toolTexts.get(tool);
  if (!texts) {
    const name = tool.name.toLocaleLowerCase();
    const names = `${name} ${name.replaceAll(/[_.-]/g, ' ')} ${tool.title.toLocaleLowerCase()}`;
    texts = { name, names, all: `${names} ${tool.description.toLocaleLowerCase()} ${textOfAgent(tool.agent)}` };
    toolTexts.set(tool, texts);
  }
  return texts;
}

function textOfAgent(agent: AgentView): string {
  let text = agentTexts.get(agent);
  if (text === undefined) agentTexts.set(agent, (text = `${agent.title} ${agent.description} ${agent.owner.name}`.toLocaleLowerCase()));
  return text;
}
