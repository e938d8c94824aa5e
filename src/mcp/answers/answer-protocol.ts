/** Large results travel by it; what it is, says `answer-offers.ts`, which is loaded with the first session. */
export const ANSWER_PROTOCOL = 'mcp-answer/1';

/** Requests whose results are data, of any size. What only describes an agent is held whole, within bounds, by everybody who lists it. */
export const DATA_METHODS: ReadonlySet<string> = new Set(['tools/call', 'resources/read', 'prompts/get', 'tasks/result']);
