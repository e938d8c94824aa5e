import { HOST_LIMITS } from '../../base/limits.ts';
import type { Definition } from './catalog.ts';

export const SEARCH_TOOL = 'search_tools';
export const CALL_TOOL = 'call_tool';

/** What a client gets instead of a list that is too long for a model to choose from. */
export const SEARCH_TOOLS: readonly Definition[] = [
  {
    name: SEARCH_TOOL,
    title: 'Search tools',
    description:
      'Finds tools of the agents in this network by words from their names and descriptions. Answers each tool’s name, description and input schema. Call a found tool with call_tool.',
    inputSchema: {
      type: 'object',
      properties: {
        query: { type: 'string', maxLength: 400, description: 'Words that say what the tool should do; none lists the first tools' },
        limit: { type: 'integer', minimum: 1, maximum: HOST_LIMITS.maxFoundTools, description: 'At most so many (10 if not given)' },
      },
    },
    annotations: { readOnlyHint: true },
  },
  {
    name: CALL_TOOL,
    title: 'Call a tool',
    description: 'Calls a tool that search_tools found.',
    inputSchema: {
      type: 'object',
      properties: {
        name: { type: 'string', description: 'The tool’s name as search_tools answered it' },
        arguments: { type: 'object', description: 'What the tool’s input schema asks for', additionalProperties: true },
      },
      required: ['name'],
    },
  },
];

const DEFAULT_FOUND = 10;
/** A word in a tool's name says more than one in its description. */
const WEIGHTS = { name: 4, title: 3, description: 1 } as const;

/** The tools that fit the query best, best first; of equal ones in the order of the list. Each word has to be found somewhere. */
export function searchTools(tools: readonly Definition[], args: Readonly<Record<string, unknown>>): readonly Definition[] {
  const words = String(args['query'] ?? '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
  const limit = Math.min(HOST_LIMITS.maxFoundTools, Math.max(1, Number(args['limit'] ?? DEFAULT_FOUND) || DEFAULT_FOUND));
  const scored = tools.map((tool, index) => ({ tool, index, score: scoreOf(tool, words) })).filter(({ score }) => words.length === 0 || score > 0);
  return scored
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, limit)
    .map(({ tool }) => tool);
}

function scoreOf(tool: Definition, words: readonly string[]): number {
  let sum = 0;
  for (const word of words) {
    const score = Object.entries(WEIGHTS).reduce((total, [field, weight]) => total + (textOf(tool, field).includes(word) ? weight : 0), 0);
    if (score === 0) return 0;
    sum += score;
  }
  return sum;
}

/** In the aggregate a name has a tag of its node, which nobody searches for: the tool's own name counts, and its agent's. */
function textOf(tool: Definition, field: string): string {
  const meta = tool['_meta'] as Readonly<Record<string, unknown>> | undefined;
  const own = meta?.['parley/name'];
  const text = field === 'name' && typeof own === 'string' ? `${String(meta?.['parley/agent']).split(':')[1]} ${own}` : tool[field];
  return typeof text === 'string' ? text.toLowerCase() : '';
}
