import { asParleyError } from '../../base/errors.ts';
import type { NodeId } from '../../base/ids.ts';
import { earlier, WAKE, type Machine, type Wake } from '../../base/machine.ts';
import { Queue } from '../../base/queue.ts';
import type { Entropy } from '../../ports/entropy.ts';
import type { NeighbourOutput } from '../neighbours.ts';
import { IntroductionCarrier, type IntroductionCarrierOutput } from './introduction-carrier.ts';
import { NeighbourLists } from './neighbour-lists.ts';
import { nodeTagBytes, tagOf, type NodeTag } from './node-tag.ts';
import { PathFinder, type FindFailure, type FoundPath, type PathFinderOutput } from './path-finder.ts';
import { PathTable } from './path-table.ts';
import { decodeRoutingMessage, encodeRoutingMessage, type PathId, type RelayHeader, type RoutingMessage } from './routing-messages.ts';

export type RoutingInput =
  | { readonly type: 'neighbour-up'; readonly node: NodeId }
  | { readonly type: 'neighbour-down'; readonly node: NodeId }
  | { readonly type: 'message'; readonly from: NodeId; readonly bytes: Uint8Array }
  /** How good a relay the neighbour would be: its round-trip time, and the circuits of ours that it carries. */
  | { readonly type: 'quality'; readonly node: NodeId; readonly rttMs?: number; readonly circuits?: number }
  /** Which neighbours are relays to the node? `request` is above 0. */
  | { readonly type: 'find'; readonly request: number; readonly node: NodeId; readonly avoid?: ReadonlySet<NodeId> }
  | { readonly type: 'cancel'; readonly request: number }
  | { readonly type: 'did-not-lead'; readonly node: NodeId; readonly via: NodeId }
  /** Bring a sealed introduction to a node through the mesh. */
  | { readonly type: 'carry'; readonly to: NodeId; readonly body: Uint8Array }
  /** An introduction that came along this path proved to be the node's. */
  | { readonly type: 'came-from'; readonly node: NodeId; readonly path: PathId };

export type RoutingOutput =
  | NeighbourOutput
  | { readonly type: 'found'; readonly request: number; readonly paths: readonly FoundPath[] }
  | { readonly type: 'not-found'; readonly request: number; readonly why: FindFailure }
  | Extract<IntroductionCarrierOutput, { readonly type: 'introduction' | 'undeliverable' }>;

/** The routing lane: neighbours' lists, paths, introductions. A composite machine: it passes messages to the part that they are for. */
export class Routing implements Machine<RoutingInput, RoutingOutput> {
  readonly ownTag: NodeTag;
  readonly #networkId: Uint8Array;
  readonly #outputs = new Queue<RoutingOutput>();
  readonly #lists = new NeighbourLists();
  readonly #finder: PathFinder;
  readonly #carrier: IntroductionCarrier;
  /** Searches for introductions have negative numbers. */
  readonly #carrierSearches = new Map<number, NodeTag>();
  #nextCarrierSearch = -1;

  constructor(options: { readonly me: NodeId; readonly networkId: Uint8Array; readonly entropy: Entropy }) {
    const paths = new PathTable();
    this.#networkId = options.networkId;
    this.ownTag = this.tagOfNode(options.me);
    this.#finder = new PathFinder({ ownTag: this.ownTag, knowledge: this.#lists, paths, entropy: options.entropy });
    this.#carrier = new IntroductionCarrier({ ownTag: this.ownTag, paths, hops: this.#finder });
  }

  tagOfNode(node: NodeId): NodeTag {
    return tagOf(nodeTagBytes(this.#networkId, node));
  }

  /** The neighbours that say to have a link with the node. */
  holdersOf(node: NodeId): readonly NodeId[] {
    return this.#lists.holders(this.tagOfNode(node));
  }

  /** How many links the neighbour says to have with others; `undefined` before it said so. */
  linkCountOf(node: NodeId): number | undefined {
    return this.#lists.linkCountOf(node);
  }

  /** Where a relay passes a circuit on, the best first. */
  nextHops(header: RelayHeader, from: NodeId, now: number): readonly NodeId[] {
    return this.#finder.nextHops(header, from, now);
  }

  /** Another relay to the node than this one, so near that the whole way may take less than this. */
  otherPath(node: NodeId, than: NodeId, fasterThanMs: number, now: number): FoundPath | undefined {
    return this.#finder.otherPath(this.tagOfNode(node), than, fasterThanMs, now);
  }

  /** How many nodes are at most two steps away. */
  get knownNodes(): number {
    return this.#lists.knownNodes;
  }

  handle(input: RoutingInput | Wake, now: number): void {
    this.#dispatch(input, now);
    this.#drain(now);
  }

  poll(): RoutingOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    return earlier(this.#lists.nextWakeAt(), this.#finder.nextWakeAt());
  }

  #dispatch(input: RoutingInput | Wake, now: number): void {
    switch (input.type) {
      case 'neighbour-up': {
        const up = { ...input, tag: this.tagOfNode(input.node) };
        this.#lists.handle(up, now);
        this.#finder.handle(up, now);
        return this.#carrier.handle(input, now);
      }
      case 'neighbour-down':
        this.#lists.handle(input, now);
        this.#finder.handle(input, now);
        return this.#carrier.handle(input, now);
      case 'message':
        return this.#message(input.from, input.bytes, now);
      case 'quality':
      case 'cancel':
        return this.#finder.handle(input, now);
      case 'find': {
        const { request, node, avoid = new Set() } = input;
        return this.#finder.handle({ type: 'find', request, tag: this.tagOfNode(node), avoid }, now);
      }
      case 'did-not-lead':
        return this.#finder.handle({ type: 'did-not-lead', tag: this.tagOfNode(input.node), via: input.via }, now);
      case 'carry':
        return this.#carrier.handle({ ...input, tag: this.tagOfNode(input.to) }, now);
      case 'came-from':
        return this.#carrier.handle(input, now);
      case 'wake':
        this.#lists.handle(WAKE, now);
        this.#finder.handle(WAKE, now);
    }
  }

  #message(from: NodeId, bytes: Uint8Array, now: number): void {
    let message: RoutingMessage;
    try {
      message = decodeRoutingMessage(bytes);
    } catch (thrown) {
      this.#outputs.push({ type: 'misbehaved', node: from, offence: 'malformed', detail: asParleyError(thrown, 'malformed').message });
      return;
    }
    switch (message.type) {
      case 'links':
      case 'links-changed':
      case 'links-wanted':
        return this.#lists.handle({ type: 'links', from, message }, now);
      case 'find':
      case 'found':
        return this.#finder.handle({ type: 'message', from, message }, now);
      case 'along':
      case 'back':
        return this.#carrier.handle({ type: 'message', from, message }, now);
    }
  }

  #drain(now: number): void {
    for (let output = this.#lists.poll(); output; output = this.#lists.poll()) {
      if (output.type === 'send') this.#send(output.to, output.message);
      else this.#outputs.push(output);
    }
    do {
      for (let output = this.#finder.poll(); output; output = this.#finder.poll()) this.#finderOutput(output, now);
    } while (this.#drainCarrier(now));
  }

  #finderOutput(output: PathFinderOutput, now: number): void {
    switch (output.type) {
      case 'send':
        return this.#send(output.to, output.message);
      case 'misbehaved':
        return this.#outputs.push(output);
      case 'found':
      case 'not-found': {
        const tag = this.#carrierSearches.get(output.request);
        if (tag === undefined) return this.#outputs.push(output);
        this.#carrierSearches.delete(output.request);
        const path = output.type === 'found' ? output.paths[0] : undefined;
        return this.#carrier.handle(path ? { type: 'found', tag, path } : { type: 'not-found', tag }, now);
      }
    }
  }

  /** Answers whether the finder has something new to do. */
  #drainCarrier(now: number): boolean {
    let isAnySearch = false;
    for (let output = this.#carrier.poll(); output; output = this.#carrier.poll()) {
      if (output.type === 'send') this.#send(output.to, output.message);
      else if (output.type !== 'find') this.#outputs.push(output);
      else {
        const request = this.#nextCarrierSearch--;
        this.#carrierSearches.set(request, output.tag);
        this.#finder.handle({ type: 'find', request, tag: output.tag, avoid: new Set() }, now);
        isAnySearch = true;
      }
    }
    return isAnySearch;
  }

  #send(to: NodeId, message: RoutingMessage): void {
    this.#outputs.push({ type: 'send', to, bytes: encodeRoutingMessage(message) });
  }
}
