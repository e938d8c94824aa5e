import type { ErrorCode } from '../base/errors.ts';
import { asParleyError } from '../base/errors.ts';
import type { NodeId, PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { WAKE } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import type { NodeTag } from '../p2p/routing/node-tag.ts';
import { RelayDesk, type CircuitRoutes, type RelayFigures, type RelayTrust } from '../p2p/routing/relay-desk.ts';
import { decodeRelayHeader, encodeRelayHeader, type RelayHeader } from '../p2p/routing/routing-messages.ts';
import type { Offence } from '../p2p/neighbours.ts';
import type { MuxInput, MuxOutput } from '../p2p/streams/stream-mux.ts';
import { CircuitEnd } from './circuit-end.ts';

/** The streams that circuits are made of. Programs cannot open or serve them. */
export const RELAY_PROTOCOL = 'relay/1';
/** Own conversations go first, and a slow circuit leaves the session's reserve to others. */
const CIRCUIT_PRIORITY = 2;

export type CircuitsOutput =
  | { readonly type: 'mux'; readonly connection: number; readonly input: Exclude<MuxInput, { readonly type: 'payload' | 'ping' }> }
  /** A circuit to this node is open: `link` is its end here, `via` the last relay. */
  | { readonly type: 'arrived'; readonly link: number; readonly via: NodeId }
  /** A circuit that this node asked for is open. */
  | { readonly type: 'opened'; readonly link: number }
  | { readonly type: 'frame'; readonly link: number; readonly bytes: Uint8Array }
  | { readonly type: 'buffer'; readonly link: number; readonly bytes: number }
  /** The end, once; also for a circuit that did not open. */
  | { readonly type: 'closed'; readonly link: number; readonly code: ErrorCode; readonly detail: string }
  | { readonly type: 'misbehaved'; readonly node: NodeId; readonly offence: Offence; readonly detail: string };

export type StreamOpening = Omit<Extract<MuxInput, { readonly type: 'open' }>, 'stream'>;

export type CircuitsOptions = {
  readonly ownTag: NodeTag;
  readonly routes: CircuitRoutes;
  readonly now: number;
  /** A fresh number for a link. */
  allocateLink(): number;
  /** Opens a stream of the connection at once, so that ids are used in order; `undefined` when it can have no more. */
  openStream(connection: number, open: StreamOpening): number | undefined;
  /** Whether a neighbour is this person's, another tab of this browser for one. */
  isOwn(node: NodeId): boolean;
  /** The connection with a neighbour. */
  connectionWith(node: NodeId): number | undefined;
};

/** What a stream of the relay protocol is to this node. */
type Role = { readonly kind: 'leg'; readonly leg: number } | { readonly kind: 'end'; readonly end: CircuitEnd };
type Place = { readonly connection: number; readonly stream: number };
type Neighbour = { readonly node: NodeId; readonly person: PersonId };

/** All streams of the relay protocol: circuits that end here become links, the others are the {@link RelayDesk}'s. */
export class Circuits {
  readonly #options: CircuitsOptions;
  readonly #desk: RelayDesk;
  readonly #outputs = new Queue<CircuitsOutput>();
  readonly #roles = new Map<number, Map<number, Role>>();
  readonly #legs = new Map<number, Place>();
  readonly #ends = new Map<number, CircuitEnd>();
  #nextLeg = 1;

  constructor(options: CircuitsOptions) {
    this.#options = options;
    this.#desk = new RelayDesk(
      options.routes,
      () => this.#nextLeg++,
      (node) => options.isOwn(node),
      options.now,
    );
  }

  get figures(): RelayFigures {
    return this.#desk.figures;
  }

  /** What this node holds for circuits of others, in bytes. */
  get heldBytes(): number {
    return this.#desk.heldBytes;
  }

  has(link: number): boolean {
    return this.#ends.has(link);
  }

  /** The relay next to this end. */
  viaOf(link: number): NodeId | undefined {
    return this.#ends.get(link)?.via;
  }

  /** How many circuits of this node's own go over the neighbour. */
  countOver(node: NodeId): number {
    let count = 0;
    for (const end of this.#ends.values()) if (end.via === node) count++;
    return count;
  }

  poll(): CircuitsOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    return this.#desk.nextWakeAt();
  }

  wake(now: number): void {
    this.#desk.handle(WAKE, now);
    this.#drainDesk(now);
  }

  trust(trust: RelayTrust, now: number): void {
    this.#desk.handle({ type: 'trust', trust }, now);
  }

  // ── ends of this node ──────────────────────────────────────────────────────────────────────────────────────────

  /** Opens a circuit over a neighbour; its end gets the given number. Answered by `opened` or `closed`. */
  open(link: number, via: NodeId, header: RelayHeader): void {
    const connection = this.#options.connectionWith(via);
    const stream = this.#openStream(connection, encodeRelayHeader(header));
    if (connection === undefined || stream === undefined) {
      this.#outputs.push({ type: 'closed', link, code: connection === undefined ? 'relay-lost' : 'overloaded', detail: 'The relay is gone.' });
      return;
    }
    this.#addEnd(new CircuitEnd(link, connection, stream, via));
  }

  transmit(link: number, frame: Uint8Array): void {
    const end = this.#ends.get(link);
    if (!end) return;
    end.queued(frame.length);
    this.#mux(end, { type: 'send', stream: end.stream, message: frame });
  }

  /** In order: what was transmitted before still goes. */
  close(link: number): void {
    const end = this.#ends.get(link);
    if (!end) return;
    this.#ends.delete(link);
    if (end.isOpen) this.#mux(end, { type: 'end', stream: end.stream });
    else this.#mux(end, { type: 'reset', stream: end.stream, code: 'cancelled' });
  }

  // ── streams ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Takes what happened on a stream, if it is of the relay protocol; answers whether it was. */
  handleStream(connection: number, from: Neighbour | undefined, output: MuxOutput, now: number): boolean {
    if (output.type === 'incoming') {
      if (output.protocol !== RELAY_PROTOCOL) return false;
      this.#incoming({ connection, stream: output.stream }, from, output.header, now);
      return true;
    }
    const role = 'stream' in output ? this.#roles.get(connection)?.get(output.stream) : undefined;
    if (!role || output.type === 'pong' || output.type === 'violation') return false;
    if (output.type === 'closed') this.#roles.get(connection)?.delete(output.stream);
    if (role.kind === 'end') this.#endOutput(role.end, output);
    else {
      this.#legOutput(role.leg, output, now);
      this.#drainDesk(now);
      if (output.type === 'closed') this.#legs.delete(role.leg);
    }
    return true;
  }

  /** All its streams are gone. */
  connectionClosed(connection: number, now: number): void {
    const roles = this.#roles.get(connection);
    this.#roles.delete(connection);
    for (const role of roles?.values() ?? []) {
      if (role.kind === 'end') this.#endClosed(role.end, 'relay-lost');
      else {
        this.#desk.handle({ type: 'closed', leg: role.leg, code: 'relay-lost' }, now);
        this.#legs.delete(role.leg);
      }
    }
    this.#drainDesk(now);
  }

  #incoming(place: Place, from: Neighbour | undefined, bytes: Uint8Array, now: number): void {
    // Relays are neighbours: whoever is itself reached over a circuit relays for nobody.
    if (!from) return this.#mux(place, { type: 'reset', stream: place.stream, code: 'refused' });
    let header: RelayHeader;
    try {
      header = decodeRelayHeader(bytes);
    } catch (thrown) {
      this.#outputs.push({ type: 'misbehaved', node: from.node, offence: 'malformed', detail: asParleyError(thrown, 'malformed').message });
      return this.#mux(place, { type: 'reset', stream: place.stream, code: 'malformed' });
    }
    if (header.tag === this.#options.ownTag) return this.#arrived(place, from.node);
    const leg = this.#nextLeg++;
    this.#addLeg(leg, place);
    this.#desk.handle({ type: 'asked', leg, from: from.node, person: from.person, header }, now);
    this.#drainDesk(now);
  }

  #arrived(place: Place, via: NodeId): void {
    const { connection, stream } = place;
    if (this.countOver(via) >= LIMITS.maxRelayedCircuits) return this.#mux(place, { type: 'reset', stream, code: 'overloaded' });
    const end = new CircuitEnd(this.#options.allocateLink(), connection, stream, via);
    end.isOpen = true;
    this.#addEnd(end);
    this.#mux(end, { type: 'accept', stream, windowBytes: LIMITS.circuitWindowBytes });
    this.#outputs.push({ type: 'arrived', link: end.link, via });
  }

  #endOutput(end: CircuitEnd, output: MuxOutput): void {
    const { link } = end;
    const isInUse = this.#ends.has(link);
    switch (output.type) {
      case 'accepted':
        end.isOpen = true;
        if (isInUse) this.#outputs.push({ type: 'opened', link });
        return;
      case 'message':
        this.#mux(end, { type: 'consumed', stream: end.stream, bytes: output.message.length });
        if (isInUse) this.#outputs.push({ type: 'frame', link, bytes: output.message });
        return;
      case 'sent':
        if (end.left() && isInUse) this.#outputs.push({ type: 'buffer', link, bytes: end.bufferedBytes });
        return;
      case 'ended':
        this.#mux(end, { type: 'end', stream: end.stream });
        return this.#endClosed(end, 'peer-closed');
      case 'closed':
        return this.#endClosed(end, output.code ?? 'peer-closed');
    }
  }

  #endClosed(end: CircuitEnd, code: ErrorCode): void {
    if (!this.#ends.delete(end.link)) return;
    this.#outputs.push({ type: 'closed', link: end.link, code, detail: 'The circuit ended.' });
  }

  // ── the desk ───────────────────────────────────────────────────────────────────────────────────────────────────

  #legOutput(leg: number, output: MuxOutput, now: number): void {
    switch (output.type) {
      case 'accepted':
        return this.#desk.handle({ type: 'accepted', leg }, now);
      case 'message':
        return this.#desk.handle({ type: 'message', leg, message: output.message }, now);
      case 'sent':
        return this.#desk.handle({ type: 'sent', leg }, now);
      case 'ended':
        return this.#desk.handle({ type: 'ended', leg }, now);
      case 'closed':
        return this.#desk.handle({ type: 'closed', leg, ...(output.code ? { code: output.code } : {}) }, now);
    }
  }

  #drainDesk(now: number): void {
    for (let output = this.#desk.poll(); output; output = this.#desk.poll()) {
      if (output.type === 'misbehaved') {
        this.#outputs.push(output);
        continue;
      }
      if (output.type === 'open') {
        this.#openLeg(output.leg, output.to, output.header, now);
        continue;
      }
      const place = this.#legs.get(output.leg);
      if (!place) continue;
      const { stream } = place;
      switch (output.type) {
        case 'accept':
          this.#mux(place, { type: 'accept', stream, windowBytes: LIMITS.circuitWindowBytes });
          break;
        case 'send':
          this.#mux(place, { type: 'send', stream, message: output.message });
          break;
        case 'consumed':
          this.#mux(place, { type: 'consumed', stream, bytes: output.bytes });
          break;
        case 'end':
          this.#mux(place, { type: 'end', stream });
          break;
        case 'reset':
          this.#mux(place, { type: 'reset', stream, code: output.code });
      }
    }
  }

  #openLeg(leg: number, to: NodeId, header: Uint8Array, now: number): void {
    const connection = this.#options.connectionWith(to);
    const stream = this.#openStream(connection, header);
    if (connection === undefined || stream === undefined) {
      return this.#desk.handle({ type: 'closed', leg, code: connection === undefined ? 'unreachable' : 'overloaded' }, now);
    }
    this.#addLeg(leg, { connection, stream });
  }

  #openStream(connection: number | undefined, header: Uint8Array): number | undefined {
    if (connection === undefined) return undefined;
    const windowBytes = LIMITS.circuitWindowBytes;
    return this.#options.openStream(connection, { type: 'open', protocol: RELAY_PROTOCOL, header, priority: CIRCUIT_PRIORITY, windowBytes });
  }

  #addLeg(leg: number, place: Place): void {
    this.#legs.set(leg, place);
    this.#addRole(place, { kind: 'leg', leg });
  }

  #addEnd(end: CircuitEnd): void {
    this.#ends.set(end.link, end);
    this.#addRole(end, { kind: 'end', end });
  }

  #addRole({ connection, stream }: Place, role: Role): void {
    let roles = this.#roles.get(connection);
    if (!roles) this.#roles.set(connection, (roles = new Map()));
    roles.set(stream, role);
  }

  #mux({ connection }: Place, input: Exclude<MuxInput, { readonly type: 'payload' | 'ping' }>): void {
    this.#outputs.push({ type: 'mux', connection, input });
  }
}
