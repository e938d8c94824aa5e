/**
 * Every way in which Parley says no, each with its meaning. A code is stable: the UI has words for each one
 * (`src/ui/strings.ts`), programs may switch on it, and some codes travel between nodes as stream reset reasons.
 */
export const ERROR_CODES = {
  /** Bytes or text that do not decode as what they should be. */
  malformed: 'malformed',
  /** Well-formed, but larger, deeper or more than a named limit allows. */
  'too-large': 'too-large',
  /** A signature that does not verify. */
  'bad-signature': 'bad-signature',
  /** An identity chain with a broken, expired or mis-scoped certificate. */
  'bad-certificate': 'bad-certificate',
  /** The device list of a person went back or forked against what was seen before. */
  'device-list-conflict': 'device-list-conflict',
  /** A different node answered than the one that was dialled. */
  'wrong-node': 'wrong-node',
  /** The peer knows the network's id but not its secret. */
  'wrong-network-secret': 'wrong-network-secret',
  /** Handshake messages do not fit together: altered, replayed, or for another link. */
  'handshake-failed': 'handshake-failed',
  /** No protocol version or cipher suite in common. */
  'version-unsupported': 'version-unsupported',
  /** A frame that does not decrypt. */
  'decrypt-failed': 'decrypt-failed',
  /** A frame, an introduction or a request that was seen before. */
  replayed: 'replayed',
  /** A timestamp too far from our clock. */
  'clock-skew': 'clock-skew',
  /** The other side broke the protocol. */
  'protocol-violation': 'protocol-violation',
  /** Too much, too often: a rate or quota was exceeded. */
  'rate-limited': 'rate-limited',
  /** A bounded table or queue is full. */
  overloaded: 'overloaded',
  /** The operation had a deadline, and it passed. */
  'timed-out': 'timed-out',
  /** The caller gave up. */
  cancelled: 'cancelled',
  /** No path to the node: nobody knows it, it is away, or dialling failed. */
  unreachable: 'unreachable',
  /** The relay between the two nodes went away, or gave the circuit up. */
  'relay-lost': 'relay-lost',
  /** ICE found no working pair of addresses. */
  'ice-failed': 'ice-failed',
  /** The link under a session broke. */
  'link-lost': 'link-lost',
  /** The peer closed in order. */
  'peer-closed': 'peer-closed',
  /** The peer went silent. */
  'peer-silent': 'peer-silent',
  /** We closed. */
  'closed-here': 'closed-here',
  /** The peer has links enough and gave this one up. */
  'not-needed': 'not-needed',
  /** A newer session with the same node took over. */
  replaced: 'replaced',
  /** The node does not speak the protocol that a stream asked for. */
  'protocol-unknown': 'protocol-unknown',
  /** The node hosts no agent of that id. */
  'agent-unknown': 'agent-unknown',
  /** The owner, or the owner's policy, said no. */
  refused: 'refused',
  /** The owner has not opened this to the caller: nobody was asked. */
  'not-for-you': 'not-for-you',
  /** An agent describes this tool or prompt differently from when it was accepted. */
  'definition-changed': 'definition-changed',
  /** The signaling server cannot be reached. */
  'signaling-unreachable': 'signaling-unreachable',
  /** The signaling server refused the join. */
  'signaling-refused': 'signaling-refused',
  /** The link (URL) has a fragment that is not a valid invite. */
  'invite-broken': 'invite-broken',
  /** A join code that is damaged or incomplete. */
  'code-broken': 'code-broken',
  /** A join code that is too old. */
  'code-expired': 'code-expired',
  /** A join code of another network. */
  'code-foreign': 'code-foreign',
  /** A join code that this node made itself. */
  'code-own': 'code-own',
  /** An answer to another code than the one that is shown. */
  'code-unexpected': 'code-unexpected',
  /** The browser lacks something that is needed; the message names it. */
  'platform-missing': 'platform-missing',
  /** The store is full. */
  'storage-full': 'storage-full',
  /** The store cannot be opened or read. */
  'storage-broken': 'storage-broken',
  /** The data was written by a newer version of the app. */
  'storage-too-new': 'storage-too-new',
  /** The browser denied access to storage. */
  'storage-denied': 'storage-denied',
  /** Another tab wrote first and holds the right to write. */
  fenced: 'fenced',
  /** An argument of a call into the public API is not usable. */
  'bad-argument': 'bad-argument',
  /** A defect of ours. */
  internal: 'internal',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The one error type that leaves a Parley module. `message` is a sentence for a person and holds no secret. */
export class ParleyError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'ParleyError';
    this.code = code;
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_CODES, value);
}

/** Any thrown thing as a {@link ParleyError}; what is none becomes `fallback`. */
export function asParleyError(thrown: unknown, fallback: ErrorCode = 'internal'): ParleyError {
  if (thrown instanceof ParleyError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ParleyError(fallback, message, { cause: thrown });
}
