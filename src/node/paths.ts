import type { ErrorCode } from '../base/errors.ts';
import type { NodeId, PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier, WAKE, type Machine, type Wake } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { Routing, type RoutingInput, type RoutingOutput } from '../p2p/routing/routing.ts';
import type { RelayFigures, RelayTrust } from '../p2p/routing/relay-desk.ts';
import type { MuxOutput } from '../p2p/streams/stream-mux.ts';
import type { Entropy } from '../ports/entropy.ts';
import { Circuits, type CircuitsOutput, type StreamOpening } from './circuits.ts';
import { Reach, type ReachInput } from './reach.ts';

export type PathsInput =
  | Extract<RoutingInput, { readonly type: 'neighbour-up' | 'neighbour-down' | 'message' | 'carry' | 'came-from' | 'did-not-lead' }>
  | { readonly type: 'round-trip'; readonly node: NodeId; readonly rttMs: number }
  | Extract<ReachInput, { readonly type: 'want' | 'reached' | 'circuit-failed' }>
  /** The session with the node goes over this relay: is there a way whose round trip takes less? */
  | { readonly type: 'compare'; readonly node: NodeId; readonly via: NodeId; readonly fasterThanMs: number }
  | { readonly type: 'trust'; readonly trust: RelayTrust }
  /** A frame for the circuit whose end is the link. */
  | { readonly type: 'transmit'; readonly link: number; readonly frame: Uint8Array }
  | { readonly type: 'close'; readonly link: number }
  | { readonly type: 'connection-closed'; readonly connection: number };

export type PathsOutput =
  | Extract<RoutingOutput, { readonly type: 'send' | 'misbehaved' | 'introduction' | 'undeliverable' }>
  | Extract<CircuitsOutput, { readonly type: 'mux' | 'frame' | 'buffer' | 'closed' }>
  /** A circuit is open. With `node`, this side asked for it, and is the session's initiator on it. */
  | { readonly type: 'circuit'; readonly link: number; readonly node: NodeId | undefined }
  /** No session came about over relays. */
  | { readonly type: 'unreached'; readonly node: NodeId; readonly code: ErrorCode };

export type PathsOptions = {
  readonly me: NodeId;
  readonly networkId: Uint8Array;
  readonly entropy: Entropy;
  readonly now: number;
  allocateLink(): number;
  openStream(connection: number, open: StreamOpening): number | undefined;
  /** Whether a neighbour is this person's, another tab of this browser for one. */
  isOwn(node: NodeId): boolean;
  connectionWith(node: NodeId): number | undefined;
};

/** Everything beyond the neighbours: the routing lane, circuits of this node and of others, and the attempts to reach nodes over them. A composite machine. */
export class Paths implements Machine<PathsInput, PathsOutput> {
  readonly #outputs = new Queue<PathsOutput>();
  readonly #routing: Routing;
  readonly #circuits: Circuits;
  readonly #reach: Reach;
  /** Targets of circuits that are opening. */
  readonly #targets = new Map<number, NodeId>();

  constructor(options: PathsOptions) {
    this.#routing = new Routing(options);
    this.#circuits = new Circuits({ ...options, ownTag: this.#routing.ownTag, routes: this.#routing });
    this.#reach = new Reach(() => options.allocateLink());
  }

  get relayFigures(): RelayFigures {
    return this.#circuits.figures;
  }

  /** What this node holds for circuits of others, in bytes. */
  get heldBytes(): number {
    return this.#circuits.heldBytes;
  }

  isCircuit(link: number): boolean {
    return this.#circuits.has(link);
  }

  viaOf(link: number): NodeId | undefined {
    return this.#circuits.viaOf(link);
  }

  /** The neighbours that say to have a link with the node. */
  holdersOf(node: NodeId): readonly NodeId[] {
    return this.#routing.holdersOf(node);
  }

  /** How many links the neighbour says to have with others; `undefined` before it said so. */
  linkCountOf(node: NodeId): number | undefined {
    return this.#routing.linkCountOf(node);
  }

  isTrying(node: NodeId): boolean {
    return this.#reach.isTrying(node);
  }

  handle(input: PathsInput | Wake, now: number): void {
    this.#dispatch(input, now);
    this.#drain(now);
  }

  /** Takes what happened on a stream, if it is of a circuit; answers whether it was. `from` is the neighbour at its other end. */
  handleStream(connection: number, from: { readonly node: NodeId; readonly person: PersonId } | undefined, output: MuxOutput, now: number): boolean {
    const isOurs = this.#circuits.handleStream(connection, from, output, now);
    if (isOurs) this.#drain(now);
    return isOurs;
  }

  poll(): PathsOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    return earlier(this.#routing.nextWakeAt(), earlier(this.#circuits.nextWakeAt(), this.#reach.nextWakeAt()));
  }

  #dispatch(input: PathsInput | Wake, now: number): void {
    switch (input.type) {
      case 'neighbour-up':
      case 'neighbour-down':
      case 'message':
      case 'carry':
      case 'came-from':
      case 'did-not-lead':
        return this.#routing.handle(input, now);
      case 'round-trip':
        return this.#routing.handle({ type: 'quality', node: input.node, rttMs: input.rttMs }, now);
      case 'want':
      case 'reached':
      case 'circuit-failed':
        return this.#reach.handle(input, now);
      case 'compare': {
        const path = this.#routing.otherPath(input.node, input.via, input.fasterThanMs, now);
        return path && this.#reach.handle({ type: 'compare', node: input.node, path }, now);
      }
      case 'trust':
        return this.#circuits.trust(input.trust, now);
      case 'transmit':
        return this.#circuits.transmit(input.link, input.frame);
      case 'close':
        this.#forgetCircuit(input.link, now);
        return this.#circuits.close(input.link);
      case 'connection-closed':
        return this.#circuits.connectionClosed(input.connection, now);
      case 'wake':
        this.#routing.handle(WAKE, now);
        this.#circuits.wake(now);
        this.#reach.handle(WAKE, now);
    }
  }

  #drain(now: number): void {
    let isAny = true;
    while (isAny) {
      isAny = false;
      for (let output = this.#routing.poll(); output; output = this.#routing.poll()) {
        isAny = true;
        this.#routingOutput(output, now);
      }
      for (let output = this.#reach.poll(); output; output = this.#reach.poll()) {
        isAny = true;
        this.#reachOutput(output, now);
      }
      for (let output = this.#circuits.poll(); output; output = this.#circuits.poll()) {
        isAny = true;
        this.#circuitsOutput(output, now);
      }
    }
  }

  #routingOutput(output: RoutingOutput, now: number): void {
    if (output.type === 'found') this.#reach.handle(output, now);
    else if (output.type === 'not-found') this.#reach.handle({ type: 'not-found', request: output.request }, now);
    else this.#outputs.push(output);
  }

  #reachOutput(output: NonNullable<ReturnType<Reach['poll']>>, now: number): void {
    switch (output.type) {
      case 'find':
        return this.#routing.handle(output, now);
      case 'cancel-find':
        return this.#routing.handle({ type: 'cancel', request: output.request }, now);
      case 'open-circuit': {
        const { link, node, via, path } = output;
        this.#targets.set(link, node);
        this.#circuits.open(link, via, { path, tag: this.#routing.tagOfNode(node), relaysLeft: LIMITS.maxRelays - 1 });
        return this.#countCircuits(via, now);
      }
      case 'drop-circuit': {
        const via = this.#circuits.viaOf(output.link);
        const isOpen = !this.#targets.delete(output.link);
        this.#circuits.close(output.link);
        if (isOpen) this.#outputs.push({ type: 'closed', link: output.link, code: 'replaced', detail: 'Another path was faster.' });
        return via && this.#countCircuits(via, now);
      }
      case 'did-not-lead':
        return this.#routing.handle(output, now);
      case 'failed':
        return this.#outputs.push({ type: 'unreached', node: output.node, code: output.code });
    }
  }

  #circuitsOutput(output: CircuitsOutput, now: number): void {
    switch (output.type) {
      case 'arrived':
        return this.#outputs.push({ type: 'circuit', link: output.link, node: undefined });
      case 'opened': {
        const node = this.#targets.get(output.link);
        this.#targets.delete(output.link);
        return node === undefined ? this.#circuits.close(output.link) : this.#outputs.push({ type: 'circuit', link: output.link, node });
      }
      case 'closed':
        if (this.#targets.delete(output.link)) return this.#reach.handle({ type: 'circuit-failed', link: output.link, code: output.code }, now);
        return this.#outputs.push(output);
      default:
        return this.#outputs.push(output);
    }
  }

  #forgetCircuit(link: number, now: number): void {
    const via = this.#circuits.viaOf(link);
    this.#targets.delete(link);
    if (via) this.#countCircuits(via, now);
  }

  #countCircuits(node: NodeId, now: number): void {
    this.#routing.handle({ type: 'quality', node, circuits: this.#circuits.countOver(node) }, now);
  }
}
