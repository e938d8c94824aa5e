import { fromUtf8, utf8 } from '../base/bytes.ts';
import { ParleyError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { CONSENTS, type Consent } from './incoming-call.ts';
import { ACCESSES, type Access, type AgentAccess } from './permissions.ts';

/**
 * What an owner's node tells a caller beside MCP: what they may do with the agent, and how a call of theirs stands. `ref` is the caller's own
 * word for the call; `asked`: the owner has it on the screen.
 */
export type SessionNote =
  | { readonly type: 'access'; readonly access: AgentAccess }
  | { readonly type: 'call'; readonly ref: string; readonly state: 'asked' | Consent };

const STATES: ReadonlySet<unknown> = new Set(['asked', ...CONSENTS]);

/** JSON in UTF-8. Tools beyond the bound are left out: what is not told is decided when it is called. */
export function encodeNote(note: SessionNote): Uint8Array {
  if (note.type === 'call') return utf8(JSON.stringify(note));
  const { rest } = note.access;
  const tools = [...note.access.tools];
  for (;;) {
    const bytes = utf8(JSON.stringify({ type: 'access', access: { rest, tools } }));
    if (bytes.length <= LIMITS.maxSessionNoteBytes) return bytes;
    tools.length = Math.floor(tools.length / 2);
  }
}

/** @throws ParleyError `malformed`, `too-large` */
export function decodeNote(bytes: Uint8Array): SessionNote {
  if (bytes.length > LIMITS.maxSessionNoteBytes) throw new ParleyError('too-large', 'A note beside a session is too large.');
  let given: unknown;
  try {
    given = JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw malformed(cause);
  }
  const { type, access, ref, state } = (given ?? {}) as Readonly<Record<string, unknown>>;
  if (type === 'access') return { type, access: readAccess(access) };
  if (type === 'call' && typeof ref === 'string' && STATES.has(state)) return { type, ref, state: state as 'asked' | Consent };
  throw malformed();
}

function readAccess(given: unknown): AgentAccess {
  const { rest, tools } = (given ?? {}) as Readonly<Record<string, unknown>>;
  if (!isAccess(rest) || !Array.isArray(tools)) throw malformed();
  const entries = tools.map((entry: unknown): readonly [string, Access] => {
    const [name, access] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof name !== 'string' || !isAccess(access)) throw malformed();
    return [name, access];
  });
  return { rest, tools: new Map(entries) };
}

function isAccess(value: unknown): value is Access {
  return ACCESSES.some((access) => access === value);
}

function malformed(cause?: unknown): ParleyError {
  return new ParleyError('malformed', 'A note beside a session cannot be read.', { cause });
}
