import { EMPTY_BYTES } from '../base/bytes.ts';
import type { ErrorCode } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { CHANNEL_FRAME } from '../crypto/channel-frames.ts';
import { readClaimFrame, type ClaimedLink } from '../crypto/session-claim.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { LinkKind } from '../ports/link.ts';
import type { ConnectionInput } from './connection.ts';
import type { CarryingLink } from './link-switch.ts';
import { SessionMoves, type MovableSession, type SessionMovesOutput } from './session-moves.ts';
import { SessionResumptions, type IsWorthIt, type SessionProgress, type SessionResumptionsOutput } from './session-resumptions.ts';

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
  | {
      readonly type: 'move';
      readonly link: number;
      readonly connection: number;
      readonly input: Extract<ConnectionInput, { readonly type: 'move' | 'resume' }>;
    }
  /** Neither a session nor the beginning of one is on the link. `node` is who was dialled. */
  | { readonly type: 'useless'; readonly link: number; readonly kind: LinkKind; readonly node: NodeId | undefined; readonly code: ErrorCode };

/** What becomes of a new link to a node: a session begins on it, or the one that there is comes over in order, or goes on where its lost link ended. */
export type LinkUse =
  | { readonly how: 'begin' }
  | { readonly how: 'nothing' }
  | { readonly how: 'claim'; readonly session: MovableSession }
  | { readonly how: 'resume'; readonly session: MovableSession; readonly isWorthIt?: IsWorthIt };

/** The node's sessions, as far as links need them. */
export interface LinkableSessions {
  /** What to do with a link of this kind that this node dialled. */
  useOf(node: NodeId, kind: LinkKind): LinkUse;
  all(): Iterable<MovableSession>;
  progressOf(connection: number): SessionProgress | undefined;
  isEstablished(connection: number): boolean;
}

/** Which link carries whose session, and sessions on their way to a better link. */
export class SessionLinks {
  readonly #sessions: LinkableSessions;
  readonly #links = new Map<number, KnownLink>();
  readonly #moves: SessionMoves;
  readonly #resumptions: SessionResumptions;
  readonly #outputs = new Queue<SessionLinksOutput>();

  constructor(sessions: LinkableSessions, entropy: Entropy) {
    this.#sessions = sessions;
    this.#moves = new SessionMoves(entropy);
    this.#resumptions = new SessionResumptions(entropy, (connection) => sessions.progressOf(connection));
  }

  get(link: number): KnownLink | undefined {
    return this.#links.get(link);
  }

  poll(): SessionLinksOutput | undefined {
    for (let output = this.#moves.poll(); output; output = this.#moves.poll()) this.#movesOutput(output);
    for (let output = this.#resumptions.poll(); output; output = this.#resumptions.poll()) this.#movesOutput(output);
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    return earlier(this.#moves.nextWakeAt(), this.#resumptions.nextWakeAt());
  }

  wake(now: number): void {
    this.#moves.wake(now);
    this.#resumptions.wake(now);
  }

  /** A link is open: a session moves there if there is one, and else begins. */
  add(link: number, facts: LinkFacts, options: LinkOptions, now: number): void {
    this.#links.set(link, { facts, options, owner: link });
    const { role, expectedNode } = options;
    const use: LinkUse = role === 'initiator' && expectedNode ? this.#sessions.useOf(expectedNode, facts.kind) : { how: 'begin' };
    if (use.how === 'begin') this.#outputs.push({ type: 'begin', link, early: undefined });
    else if (use.how === 'nothing') this.#useless(link, { facts, options, owner: link }, 'not-needed');
    else if (use.how === 'claim') this.#moves.claim(link, endsOf(facts, role), use.session, now);
    else this.#resumptions.ask(link, endsOf(facts, role), use.session, now, use.isWorthIt);
  }

  /** Takes what belongs to a claim, and answers which connection the rest is for. */
  route(link: number, input: LinkInput, now: number): { readonly connection: number; readonly input: ConnectionInput } | undefined {
    const known = this.#links.get(link);
    if (!known) return undefined;
    if (input.type === 'link-closed') {
      this.#links.delete(link);
      this.#resumptions.forget(link);
    }
    if (this.#moves.has(link) || this.#resumptions.isAsking(link)) {
      if (input.type === 'link-closed') this.#useless(link, known, input.code);
      else if (input.type === 'frame' && this.#moves.has(link)) this.#moves.frame(link, input.bytes);
      else if (input.type === 'frame') this.#resumptions.frame(link, input.bytes, now);
      return undefined;
    }
    if (input.type === 'frame' && this.#takesClaim(link, known, input.bytes, now)) return undefined;
    return { connection: known.owner, input: { ...input, link } };
  }

  /** A move to the link came to nothing. */
  moveFailed(link: number): void {
    const known = this.#links.get(link);
    if (known) this.#useless(link, known, 'timed-out');
  }

  forget(link: number): void {
    this.#links.delete(link);
    this.#resumptions.forget(link);
  }

  /** The session's link is lost: what was to bring it over in order cannot any more. */
  stranded(connection: number): void {
    this.#moves.stranded(connection);
  }

  /** The connection is gone; answers the links that it had. */
  forgetConnection(connection: number): readonly number[] {
    this.#moves.forgetSession(connection);
    this.#resumptions.forgetSession(connection);
    const owned = [...this.#links].filter(([, { owner }]) => owner === connection).map(([link]) => link);
    for (const link of owned) this.#links.delete(link);
    return owned;
  }

  /** Takes a claim of the side that dialled the link; answers whether it was one. */
  #takesClaim(link: number, { facts, options, owner }: KnownLink, bytes: Uint8Array, now: number): boolean {
    if (bytes[0] !== CHANNEL_FRAME.claim || options.role !== 'responder' || this.#sessions.isEstablished(owner)) return false;
    const claim = readClaimFrame(bytes);
    const ends = endsOf(facts, 'responder');
    if (claim?.step === 'resume') this.#resumptions.asked(link, ends, claim, this.#sessions.all(), now);
    else if (claim?.step === 'resume-confirm') this.#resumptions.confirmed(link, claim);
    else this.#moves.answer(link, ends, bytes, this.#sessions.all());
    return true;
  }

  #movesOutput(output: SessionMovesOutput | SessionResumptionsOutput): void {
    const known = this.#links.get(output.link);
    if (!known) return;
    switch (output.type) {
      case 'transmit':
        return this.#outputs.push(output);
      case 'proven': {
        const { link, connection, transcript, begins } = output;
        known.owner = connection;
        const to = carryingLink(link, known.facts);
        return this.#outputs.push({ type: 'move', link, connection, input: { type: 'move', to, transcript, begins } });
      }
      case 'resumed': {
        const { link, connection, sendFrom, peerBegins } = output;
        known.owner = connection;
        const to = carryingLink(link, known.facts);
        return this.#outputs.push({ type: 'move', link, connection, input: { type: 'resume', to, sendFrom, peerBegins } });
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
    this.#resumptions.forget(link);
    this.#links.delete(link);
    const { kind } = facts;
    this.#outputs.push({ type: 'useless', link, kind, node: kind === 'circuit' ? undefined : options.expectedNode, code });
  }
}

/** Links whose loss says little about the node at their other end: a relay went, or a socket's network changed. */
const KEEPS_FRAMES: ReadonlySet<LinkKind> = new Set(['circuit', 'websocket']);

export function carryingLink(link: number, { kind, maxFrameBytes }: LinkFacts): CarryingLink {
  return { link, maxFrameBytes, keepsFrames: KEEPS_FRAMES.has(kind) };
}

/** The side that opened a link dialled it. */
function endsOf({ localFingerprint, remoteFingerprint }: LinkFacts, role: LinkOptions['role']): ClaimedLink {
  return role === 'initiator' ? { dialler: localFingerprint, dialled: remoteFingerprint } : { dialler: remoteFingerprint, dialled: localFingerprint };
}
