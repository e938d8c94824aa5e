import { ParleyError } from '../base/errors.ts';
import type { AgentAddress } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { AgentCalls } from '../mcp/agent-calls.ts';
import type { SuggestedFor } from './activity-types.ts';

/** Values that agents suggest while somebody types. What cannot be asked is no trouble: people can write without. */
export class Suggestions {
  readonly #calls: Pick<AgentCalls, 'complete'>;

  constructor(calls: Pick<AgentCalls, 'complete'>) {
    this.#calls = calls;
  }

  async suggest(
    address: string,
    of: SuggestedFor,
    name: string,
    value: string,
    others: Readonly<Record<string, string>>,
  ): Promise<readonly string[]> {
    try {
      const { completion } = await this.#calls.complete(address as AgentAddress, of, { name, value }, others);
      return completion.values.slice(0, LIMITS.maxSuggestions).filter((suggested) => suggested.length <= LIMITS.maxSuggestionLength);
    } catch {
      return [];
    }
  }
}

/** The address that a template of RFC 6570 gives. @throws ParleyError `bad-argument` */
export async function expandTemplate(template: string, values: Readonly<Record<string, string>>): Promise<string> {
  const { UriTemplate } = await import('../mcp/runtime.ts');
  try {
    return new UriTemplate(template).expand(values);
  } catch (cause) {
    throw new ParleyError('bad-argument', 'This address cannot be filled in.', { cause });
  }
}
