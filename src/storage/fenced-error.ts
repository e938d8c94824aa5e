import { ParleyError } from '../base/errors.ts';

/** What a writer is told after another took over. */
export function fencedError(): ParleyError {
  return new ParleyError('fenced', 'Another tab of this browser took over.');
}
