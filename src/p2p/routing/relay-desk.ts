import type { ErrorCode } from '../../base/errors.ts';
import type { NodeId, PersonId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { earlier, type Machine, type Wake } from '../../base/machine.ts';
import { Queue } from '../../base/queue.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import type { Offence } from '../neighbours.ts';
import { encodeRelayHeader, type PathId, type RelayHeader } from './routing-messages.ts';
import { SplicedHalf } from './spliced-half.ts';

/** Who may have circuits without a stranger's bounds: everybody in a private network, contacts in an open one. */
export type RelayTrust = 'everybody' | ReadonlySet<PersonId>;

export type RelayDeskInput =
  | { readonly type: 'trust'; readonly trust: RelayTrust }
  /** A neighbour asks for a circuit. `leg` names its stream from now on. */
  | { readonly type: 'asked'; readonly leg: number; readonly from: NodeId; readonly person: PersonId; readonly header: RelayHeader }
  | { readonly type: 'accepted'; readonly leg: number }
  | { readonly type: 'message'; readonly leg: number; readonly message: Uint8Array }
  /** The oldest message that was given to the leg is on its way. */
  | { readonly type: 'sent'; readonly leg: number }
  | { readonly type: 'ended'; readonly leg: number }
  | { readonly type: 'closed'; readonly leg: number; readonly code?: ErrorCode };

export type RelayDeskOutput =
  /** Open a circuit's stream to the neighbour; `leg` names it from now on. What cannot be opened is answered by `closed`. */
  | { readonly type: 'open'; readonly leg: number; readonly to: NodeId; readonly header: Uint8Array }
  | { readonly type: 'accept'; readonly leg: number }
  | { readonly type: 'send'; readonly leg: number; readonly message: Uint8Array }
  /** As many bytes of the leg's have gone on: its credit for them goes back. */
  | { readonly type: 'consumed'; readonly leg: number; readonly bytes: number }
  | { readonly type: 'end'; readonly leg: number }
  | { readonly type: 'reset'; readonly leg: number; readonly code: ErrorCode }
  | { readonly type: 'misbehaved'; readonly node: NodeId; readonly offence: Offence; readonly detail: string };

/** What this node does for others, for the network page. */
export type RelayFigures = { readonly circuits: number; readonly served: number; readonly bytes: number };

/** Where a circuit goes on, the best first. */
export interface CircuitRoutes {
  nextHops(header: RelayHeader, from: NodeId, now: number): readonly NodeId[];
}

type Circuit = {
  readonly from: NodeId;
  readonly header: RelayHeader;
  readonly asking: number;
  answering: number;
  readonly untried: NodeId[];
  isOpen: boolean;
  /** When the next node must have answered, or the circuit has been idle for too long. */
  deadline: number;
  stranger: { readonly bucket: TokenBucket; readonly until: number; bytesLeft: number } | undefined;
  /** A stranger's rate is used up until about then. */
  resumeAt: number | undefined;
  readonly there: SplicedHalf;
  readonly back: SplicedHalf;
};

type Asker = { count: number; readonly bucket: TokenBucket };

/** Codes that travel on along a circuit; any other is this relay's own affair. */
const TOLD: ReadonlySet<ErrorCode> = new Set(['unreachable', 'overloaded', 'rate-limited', 'timed-out', 'refused', 'relay-lost']);
/** After which another way is tried. */
const RETRY: ReadonlySet<ErrorCode> = new Set([
  'unreachable',
  'overloaded',
  'timed-out',
  'relay-lost',
  'link-lost',
  'peer-closed',
  'protocol-unknown',
]);
const MAX_TRIES = 2;
const RESUME_MS = 50;

/**
 * Circuits of others through this node: two streams, spliced message by message. The sender gets its credit back only when the next stream took the bytes,
 * so a slow receiver slows the sender and nothing piles up here. The desk sees sealed frames and two neighbours, nothing else.
 */
export class RelayDesk implements Machine<RelayDeskInput, RelayDeskOutput> {
  readonly #outputs = new Queue<RelayDeskOutput>();
  readonly #routes: CircuitRoutes;
  readonly #allocateLeg: () => number;
  readonly #isOwn: (node: NodeId) => boolean;
  readonly #legs = new Map<number, Circuit>();
  readonly #paths = new Set<PathId>();
  readonly #askers = new Map<NodeId, Asker>();
  readonly #strangers: TokenBucket;
  #trust: RelayTrust = new Set();
  #served = 0;
  #bytes = 0;

  /** `isOwn`: whether a neighbour is this person's; circuits from and to those have no stranger's bounds. */
  constructor(routes: CircuitRoutes, allocateLeg: () => number, isOwn: (node: NodeId) => boolean, now: number) {
    this.#routes = routes;
    this.#allocateLeg = allocateLeg;
    this.#isOwn = isOwn;
    this.#strangers = new TokenBucket(LIMITS.strangersBytesPerSecond, LIMITS.strangersBytesPerSecond, now);
  }

  get figures(): RelayFigures {
    return { circuits: this.#paths.size, served: this.#served, bytes: this.#bytes };
  }

  /** Bytes that the desk holds for all circuits. */
  get heldBytes(): number {
    let bytes = 0;
    for (const circuit of new Set(this.#legs.values())) bytes += circuit.there.bytes + circuit.back.bytes;
    return bytes;
  }

  handle(input: RelayDeskInput | Wake, now: number): void {
    switch (input.type) {
      case 'trust':
        this.#trust = input.trust;
        return;
      case 'asked':
        return this.#asked(input, now);
      case 'wake':
        for (const circuit of new Set(this.#legs.values())) this.#wake(circuit, now);
        return;
    }
    const circuit = this.#legs.get(input.leg);
    if (!circuit) return;
    switch (input.type) {
      case 'accepted':
        return this.#accepted(circuit, input.leg, now);
      case 'message':
        return this.#message(circuit, input.leg, input.message, now);
      case 'sent':
        return this.#sent(circuit, input.leg);
      case 'ended':
        this.#halfFrom(circuit, input.leg).hasEnded = true;
        return this.#pass(circuit, input.leg, now);
      case 'closed':
        return this.#closed(circuit, input.leg, input.code, now);
    }
  }

  poll(): RelayDeskOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    let next: number | undefined;
    for (const { deadline, resumeAt, stranger } of this.#legs.values()) next = earlier(next, earlier(deadline, earlier(resumeAt, stranger?.until)));
    return next;
  }

  // ── opening ────────────────────────────────────────────────────────────────────────────────────────────────────

  #asked({ leg, from, person, header }: Extract<RelayDeskInput, { readonly type: 'asked' }>, now: number): void {
    const asker = this.#askerOf(from, now);
    if (!asker.bucket.take(now)) {
      this.#outputs.push({ type: 'misbehaved', node: from, offence: 'flood', detail: 'It opens circuits faster than anybody needs.' });
      return this.#refuse(leg, 'rate-limited');
    }
    if (asker.count >= LIMITS.maxRelayedCircuitsPerPeer || this.#paths.size >= LIMITS.maxRelayedCircuits) return this.#refuse(leg, 'overloaded');
    // The same path again is a loop, or a copy.
    if (this.#paths.has(header.path)) return this.#refuse(leg, 'unreachable');
    const untried = this.#routes.nextHops(header, from, now).slice(0, MAX_TRIES);
    if (untried.length === 0) return this.#refuse(leg, 'unreachable');
    const isStranger = this.#trust !== 'everybody' && !this.#trust.has(person) && !this.#isOwn(from);
    const circuit: Circuit = {
      from,
      header,
      asking: leg,
      answering: 0,
      untried: [...untried],
      isOpen: false,
      deadline: now,
      stranger: isStranger ? strangersBounds(now) : undefined,
      resumeAt: undefined,
      there: new SplicedHalf(),
      back: new SplicedHalf(),
    };
    asker.count++;
    this.#paths.add(header.path);
    this.#legs.set(leg, circuit);
    this.#tryNext(circuit, now);
  }

  #tryNext(circuit: Circuit, now: number): void {
    const to = circuit.untried.shift() as NodeId;
    const { path, tag, relaysLeft } = circuit.header;
    if (this.#isOwn(to)) circuit.stranger = undefined;
    circuit.answering = this.#allocateLeg();
    circuit.deadline = now + LIMITS.circuitOpenTimeoutMs;
    this.#legs.set(circuit.answering, circuit);
    const header = encodeRelayHeader({ path, tag, relaysLeft: Math.max(0, relaysLeft - 1) });
    this.#outputs.push({ type: 'open', leg: circuit.answering, to, header });
  }

  #accepted(circuit: Circuit, leg: number, now: number): void {
    if (circuit.isOpen || leg !== circuit.answering) return;
    circuit.isOpen = true;
    circuit.deadline = now + LIMITS.circuitIdleMs;
    this.#served++;
    this.#outputs.push({ type: 'accept', leg: circuit.asking });
  }

  #refuse(leg: number, code: ErrorCode): void {
    this.#outputs.push({ type: 'reset', leg, code });
  }

  // ── passing on ─────────────────────────────────────────────────────────────────────────────────────────────────

  #message(circuit: Circuit, leg: number, message: Uint8Array, now: number): void {
    if (!circuit.isOpen) return this.#drop(circuit, 'protocol-violation');
    if (message.length > LIMITS.maxCircuitFrameBytes) return this.#drop(circuit, 'too-large');
    const half = this.#halfFrom(circuit, leg);
    half.push(message);
    // Both ends keep to the window by themselves; whoever does not wants this relay's memory.
    if (half.bytes > LIMITS.circuitWindowBytes + LIMITS.maxCircuitFrameBytes) return this.#drop(circuit, 'overloaded');
    circuit.deadline = now + LIMITS.circuitIdleMs;
    this.#pass(circuit, leg, now);
  }

  /** Passes on what the circuit's rate allows. */
  #pass(circuit: Circuit, from: number, now: number): void {
    const half = this.#halfFrom(circuit, from);
    const to = from === circuit.asking ? circuit.answering : circuit.asking;
    for (let message = half.peek(); message; message = half.peek()) {
      if (!this.#mayPass(circuit, message.length, now)) return;
      half.forward();
      this.#bytes += message.length;
      this.#outputs.push({ type: 'send', leg: to, message });
    }
    if (!half.isEndDue) return;
    half.hasForwardedEnd = true;
    this.#outputs.push({ type: 'end', leg: to });
  }

  #mayPass(circuit: Circuit, bytes: number, now: number): boolean {
    const { stranger } = circuit;
    if (!stranger) return true;
    if (stranger.bytesLeft < bytes) {
      this.#drop(circuit, 'rate-limited');
      return false;
    }
    if (!stranger.bucket.take(now, bytes) || !this.#strangers.take(now, bytes)) {
      circuit.resumeAt = now + RESUME_MS;
      return false;
    }
    stranger.bytesLeft -= bytes;
    return true;
  }

  #sent(circuit: Circuit, leg: number): void {
    const source = leg === circuit.asking ? circuit.answering : circuit.asking;
    const bytes = this.#halfFrom(circuit, source).left();
    if (bytes !== undefined) this.#outputs.push({ type: 'consumed', leg: source, bytes });
  }

  #halfFrom(circuit: Circuit, leg: number): SplicedHalf {
    return leg === circuit.asking ? circuit.there : circuit.back;
  }

  // ── ends ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #wake(circuit: Circuit, now: number): void {
    if (circuit.stranger && now >= circuit.stranger.until) return this.#drop(circuit, 'rate-limited');
    if (now >= circuit.deadline) return circuit.isOpen ? this.#drop(circuit, 'timed-out') : this.#noAnswer(circuit, now);
    if (circuit.resumeAt === undefined || now < circuit.resumeAt) return;
    circuit.resumeAt = undefined;
    this.#pass(circuit, circuit.asking, now);
    if (this.#legs.has(circuit.asking)) this.#pass(circuit, circuit.answering, now);
  }

  #noAnswer(circuit: Circuit, now: number): void {
    this.#legs.delete(circuit.answering);
    this.#outputs.push({ type: 'reset', leg: circuit.answering, code: 'timed-out' });
    if (circuit.untried.length > 0) return this.#tryNext(circuit, now);
    this.#forget(circuit);
    this.#refuse(circuit.asking, 'timed-out');
  }

  #closed(circuit: Circuit, leg: number, code: ErrorCode | undefined, now: number): void {
    this.#legs.delete(leg);
    const isAnswering = leg === circuit.answering;
    if (!circuit.isOpen && isAnswering && circuit.untried.length > 0 && RETRY.has(code ?? 'unreachable')) return this.#tryNext(circuit, now);
    const other = isAnswering ? circuit.asking : circuit.answering;
    const isOtherThere = this.#legs.has(other);
    // In order on both sides: the other leg comes to its own end.
    if (code === undefined && circuit.isOpen && isOtherThere) return;
    this.#forget(circuit);
    if (isOtherThere) this.#outputs.push({ type: 'reset', leg: other, code: circuit.isOpen ? toldCode(code) : refusalCode(code) });
  }

  #drop(circuit: Circuit, code: ErrorCode): void {
    for (const leg of [circuit.asking, circuit.answering]) if (this.#legs.has(leg)) this.#outputs.push({ type: 'reset', leg, code });
    this.#forget(circuit);
  }

  #forget(circuit: Circuit): void {
    this.#legs.delete(circuit.asking);
    this.#legs.delete(circuit.answering);
    // The session's credit for what never went on is not lost with the stream.
    for (const bytes of circuit.there.drain()) this.#outputs.push({ type: 'consumed', leg: circuit.asking, bytes });
    for (const bytes of circuit.back.drain()) this.#outputs.push({ type: 'consumed', leg: circuit.answering, bytes });
    if (!this.#paths.delete(circuit.header.path)) return;
    const asker = this.#askers.get(circuit.from);
    if (asker) asker.count--;
  }

  #askerOf(node: NodeId, now: number): Asker {
    const known = this.#askers.get(node);
    if (known) return known;
    this.#dropIdleAskers();
    const asker: Asker = { count: 0, bucket: new TokenBucket(LIMITS.relayedCircuitsPerSecond, LIMITS.relayedCircuitsBurst, now) };
    this.#askers.set(node, asker);
    return asker;
  }

  #dropIdleAskers(): void {
    if (this.#askers.size < LIMITS.maxKnownPeers) return;
    for (const [node, { count }] of this.#askers) if (count === 0) this.#askers.delete(node);
  }
}

function strangersBounds(now: number): NonNullable<Circuit['stranger']> {
  return {
    bucket: new TokenBucket(LIMITS.strangerCircuitBytesPerSecond, LIMITS.maxCircuitFrameBytes, now),
    until: now + LIMITS.strangerCircuitMs,
    bytesLeft: LIMITS.strangerCircuitBytes,
  };
}

/** What the one end of an open circuit is told when the other's leg broke. */
function toldCode(code: ErrorCode | undefined): ErrorCode {
  return code !== undefined && TOLD.has(code) ? code : 'relay-lost';
}

function refusalCode(code: ErrorCode | undefined): ErrorCode {
  return code !== undefined && TOLD.has(code) ? code : 'unreachable';
}
