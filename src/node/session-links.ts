import { EMPTY_BYTES } from '../base/bytes.ts';
import type { ErrorCode } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { Queue } from '../base/queue.ts';
import { CHANNEL_FRAME } from '../crypto/channel-frames.ts';
import type { ClaimedLink } from '../crypto/session-claim.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { LinkKind } from '../ports/link.ts';
import type { ConnectionInput } from './connection.ts';
import { SessionMoves, type MovableSession, type SessionMovesOutput } from './session-moves.ts';

/** What the machine needs to know of a link; the link itself stays with the pump. */
export type LinkFacts = {
  readonly kind: LinkKind;
  /** The largest frame that its other end takes. */
  readonly maxFrameBytes: number;
  readonly localFingerprint: Uint8Array;
  readonly remoteFingerprint: Uint8Array;
};

/** A circuit has no certificates: relays could not be kept from showing their own. */
export const CIRCUIT_FACTS: LinkFacts = {
  kind: 'circuit',
  maxFrameBytes: LIMITS.maxCircuitFrameBytes,
  localFingerprint: EMPTY_BYTES,
  remoteFingerprint: EMPTY_BYTES,
};

export type LinkOptions = { readonly role: 'initiator' | 'responder'; readonly expectedNode?: NodeId; readonly remoteHello?: Uint8Array };

/** What happens on a link; the machine knows whose session it carries. */
export type LinkInput =
  | { readonly type: 'frame'; readonly bytes: Uint8Array }
  | { readonly type: 'link-buffer'; readonly bytes: number }
  | { readonly type: 'link-closed'; readonly code: ErrorCode; readonly detail: string };

/** `owner` is the connection whose frames it carries. */
type KnownLink = { readonly facts: LinkFacts; readonly options: LinkOptions; owner: number };

export type SessionLinksOutput =
  | Extract<SessionMovesOutput, { readonly type: 'transmit' }>
  /** A new session begins on the link, with the frame that came already. */
  | { readonly type: 'begin'; readonly link: number; readonly early: Uint8Array | undefined }
  /** The link is the session's now: the handshake that might have begun on it is not needed. */
  | { readonly type: 'move'; readonly link: number; readonly connection: number; readonly input: Extract<ConnectionInput, { readonly type: 'move' }> }
  /** Neither a session nor the beginning of one is on the link. `node` is who was dialled. */
  | { readonly type: 'useless'; readonly link: number; readonly node: NodeId | undefined; readonly code: ErrorCode };

/** The node's sessions, as far as links need them. */
export interface LinkableSessions {
  /** The session with the node, if a link of this kind is better than what it has. */
  movable(node: NodeId, kind: LinkKind): MovableSession | undefined;
  all(): Iterable<MovableSession>;
  isEstablished(connection: number): boolean;
}

/** Which link carries whose session, and sessions on their way to a better link. */
export class SessionLinks {
  readonly #sessions: LinkableSessions;
  readonly #links = new Map<number, KnownLink>();
  readonly #moves: SessionMoves;
  readonly #outputs = new Queue<SessionLinksOutput>();

  constructor(sessions: LinkableSessions, entropy: Entropy) {
    this.#sessions = sessions;
    this.#moves = new SessionMoves(entropy);
  }

  get(link: number): KnownLink | undefined {
    return this.#links.get(link);
  }

  poll(): SessionLinksOutput | undefined {
    for (let output = this.#moves.poll(); output; output = this.#moves.poll()) this.#movesOutput(output);
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    return this.#moves.nextWakeAt();
  }

  wake(now: number): void {
    this.#moves.wake(now);
  }

  /** A link is open: a session moves there if there is one, and else begins. */
  add(link: number, facts: LinkFacts, options: LinkOptions, now: number): void {
    this.#links.set(link, { facts, options, owner: link });
    const { role, expectedNode } = options;
    const session = role === 'initiator' && expectedNode ? this.#sessions.movable(expectedNode, facts.kind) : undefined;
    if (session) this.#moves.claim(link, endsOf(facts, role), session, now);
    else this.#outputs.push({ type: 'begin', link, early: undefined });
  }

  /** Takes what belongs to a claim, and answers which connection the rest is for. */
  route(link: number, input: LinkInput): { readonly connection: number; readonly input: ConnectionInput } | undefined {
    const known = this.#links.get(link);
    if (!known) return undefined;
    if (input.type === 'link-closed') this.#links.delete(link);
    if (this.#moves.has(link)) {
      if (input.type === 'frame') this.#moves.frame(link, input.bytes);
      if (input.type === 'link-closed') this.#useless(link, known, input.code);
      return undefined;
    }
    if (input.type === 'frame' && this.#isClaim(known, input.bytes)) {
      this.#moves.answer(link, endsOf(known.facts, 'responder'), input.bytes, this.#sessions.all());
      return undefined;
    }
    return { connection: known.owner, input: { ...input, link } };
  }

  /** A move to the link came to nothing. */
  moveFailed(link: number): void {
    const known = this.#links.get(link);
    if (known) this.#useless(link, known, 'timed-out');
  }

  forget(link: number): void {
    this.#links.delete(link);
  }

  /** The connection is gone; answers the links that it had. */
  forgetConnection(connection: number): readonly number[] {
    this.#moves.forgetSession(connection);
    const owned = [...this.#links].filter(([, { owner }]) => owner === connection).map(([link]) => link);
    for (const link of owned) this.#links.delete(link);
    return owned;
  }

  /** Not on circuits: without certificates of its own, an earlier claim would fit the link as well. */
  #isClaim({ facts, options, owner }: KnownLink, bytes: Uint8Array): boolean {
    return bytes[0] === CHANNEL_FRAME.claim && options.role === 'responder' && facts.kind !== 'circuit' && !this.#sessions.isEstablished(owner);
  }

  #movesOutput(output: SessionMovesOutput): void {
    const known = this.#links.get(output.link);
    if (!known) return;
    switch (output.type) {
      case 'transmit':
        return this.#outputs.push(output);
      case 'proven': {
        const { link, connection, transcript, begins } = output;
        known.owner = connection;
        const to = { link, maxFrameBytes: known.facts.maxFrameBytes };
        return this.#outputs.push({ type: 'move', link, connection, input: { type: 'move', to, transcript, begins } });
      }
      case 'unknown':
        return this.#outputs.push({ type: 'begin', link: output.link, early: output.early });
      case 'failed':
        return this.#useless(output.link, known, output.code);
    }
  }

  /** The session, if there is one, stays where it is. */
  #useless(link: number, { options, facts }: KnownLink, code: ErrorCode): void {
    this.#moves.forget(link);
    this.#links.delete(link);
    this.#outputs.push({ type: 'useless', link, node: facts.kind === 'circuit' ? undefined : options.expectedNode, code });
  }
}

/** The side that opened a link dialled it. */
function endsOf({ localFingerprint, remoteFingerprint }: LinkFacts, role: LinkOptions['role']): ClaimedLink {
  return role === 'initiator' ? { dialler: localFingerprint, dialled: remoteFingerprint } : { dialler: remoteFingerprint, dialled: localFingerprint };
}
