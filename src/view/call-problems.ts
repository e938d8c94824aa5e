import { asParleyError, isErrorCode, ParleyError } from '../base/errors.ts';
import { REFUSED_CODE } from '../mcp/refusal.ts';
import { visibleText } from './shown-text.ts';
import type { ProblemView } from './types.ts';

/** What the SDK and the mesh throw, in our own codes. */
export function callError(thrown: unknown): ParleyError {
  if (thrown instanceof ParleyError) return thrown;
  const { code, data } = thrown as { code?: unknown; data?: { reason?: unknown } };
  const message = thrown instanceof Error ? visibleText(thrown.message) : 'The call failed.';
  if (code === REFUSED_CODE) {
    const { reason } = data ?? {};
    const isOwnCode = reason === 'rate-limited' || reason === 'overloaded' || reason === 'timed-out' || reason === 'not-for-you';
    return new ParleyError(isOwnCode ? reason : reason === 'expired' ? 'timed-out' : 'refused', message, { cause: thrown });
  }
  if (code === 'REQUEST_TIMEOUT' || (thrown instanceof Error && thrown.name === 'TimeoutError'))
    return new ParleyError('timed-out', message, { cause: thrown });
  if (code === 'CONNECTION_CLOSED') return new ParleyError('link-lost', message, { cause: thrown });
  return asParleyError(isErrorCode(code) ? new ParleyError(code, message) : thrown, 'bad-argument');
}

export function problemOf(error: ParleyError): ProblemView {
  return { code: error.code, detail: visibleText(error.message) };
}
