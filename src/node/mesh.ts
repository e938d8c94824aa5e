import type { ErrorCode } from '../base/errors.ts';
import type { NodeId, PersonId } from '../base/ids.ts';
import { earlier, WAKE, type Machine, type Wake } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { overlayPlace } from '../crypto/overlay-place.ts';
import { Gossip, type GossipInput, type GossipOutput } from '../p2p/gossip/gossip.ts';
import { Publications, programTopic, wireTopic, type PublicationsInput, type PublicationsOutput } from '../p2p/gossip/publications.ts';
import type { NeighbourInput, NeighbourOutput, SignOutput, VerifyOutput } from '../p2p/neighbours.ts';
import { Overlay, type OverlayInput, type OverlayOutput } from '../p2p/overlay/overlay.ts';
import type { MuxOutput } from '../p2p/streams/stream-mux.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { LinkKind } from '../ports/link.ts';
import { MeshJobs } from './mesh-jobs.ts';
import { LANES, NeighbourLanes, type Lane, type LaneInput, type LaneOutput } from './neighbour-lanes.ts';

export type MeshInput =
  /** A session over a link of our own is established. `stream` is allocated by the side that opens the mesh stream. */
  | {
      readonly type: 'session';
      readonly node: NodeId;
      readonly person: PersonId;
      readonly kind: LinkKind;
      readonly connection: number;
      readonly stream: number | undefined;
    }
  | { readonly type: 'session-ended'; readonly node: NodeId; readonly connection: number; readonly code: ErrorCode }
  | Extract<LaneInput, { readonly type: 'send' }>
  | { readonly type: 'overlay'; readonly input: Exclude<OverlayInput, { readonly type: 'connected' | 'disconnected' }> }
  | { readonly type: 'subscribe' | 'unsubscribe'; readonly topic: string }
  | Extract<PublicationsInput, { readonly type: 'publish' | 'verified' | 'signed' }>;

export type MeshOutput =
  | OverlayOutput
  | LaneOutput
  | Extract<NeighbourOutput, { readonly type: 'misbehaved' }>
  | VerifyOutput
  | SignOutput
  /** Something was published on a program's topic. */
  | { readonly type: 'published'; readonly topic: string; readonly author: NodeId; readonly sentAt: number; readonly payload: Uint8Array };

type Part = 'publications';

export type MeshOptions = {
  readonly me: NodeId;
  readonly networkId: Uint8Array;
  readonly entropy: Entropy;
  /** Whether programs have streams on the session with the node. */
  isInUse(node: NodeId): boolean;
};

/** Everything that neighbours do for each other, wired together: which links there are, and the protocols on the lanes between them. */
export class Mesh implements Machine<MeshInput, MeshOutput> {
  readonly #outputs = new Queue<MeshOutput>();
  readonly #overlay: Overlay;
  readonly #lanes = new NeighbourLanes();
  readonly #gossip: Gossip;
  readonly #publications: Publications;
  readonly #jobs = new MeshJobs<Part>();
  readonly #sessions = new Map<NodeId, { readonly person: PersonId; readonly kind: LinkKind }>();

  constructor(options: MeshOptions) {
    const { me, networkId, entropy, isInUse } = options;
    this.#overlay = new Overlay({ me, placeOf: (node) => overlayPlace(networkId, node), isInUse, entropy });
    this.#gossip = new Gossip(entropy);
    this.#publications = new Publications(me, networkId);
  }

  /** Whether there is room for a link with the node. */
  mayAccept(node: NodeId): boolean {
    return this.#overlay.mayAccept(node);
  }

  handle(input: MeshInput | Wake, now: number): void {
    switch (input.type) {
      case 'session':
        this.#sessions.set(input.node, { person: input.person, kind: input.kind });
        this.#overlay.handle({ type: 'connected', node: input.node, isTab: input.kind === 'tab' }, now);
        this.#lanes.handle({ type: 'session', node: input.node, connection: input.connection, stream: input.stream });
        break;
      case 'session-ended':
        this.#lanes.handle({ type: 'session-ended', connection: input.connection, code: input.code });
        this.#overlay.handle({ type: 'disconnected', node: input.node, code: input.code }, now);
        break;
      case 'send':
        this.#lanes.handle(input);
        break;
      case 'overlay':
        this.#overlay.handle(input.input, now);
        break;
      case 'subscribe':
      case 'unsubscribe':
        this.#toGossip({ type: input.type, topic: wireTopic(input.topic) }, now);
        break;
      case 'publish':
        this.#toPublications(input, now);
        break;
      case 'verified':
      case 'signed':
        this.#answered(input, now);
        break;
      case 'wake':
        this.#overlay.handle(WAKE, now);
        this.#toGossip(WAKE, now);
    }
    this.#drain(now);
  }

  /** Takes what happened on a stream, if it is one of the mesh's; answers whether it was. */
  handleStream(connection: number, output: MuxOutput, now: number): boolean {
    const isOurs = this.#lanes.handleStream(connection, output);
    if (isOurs) this.#drain(now);
    return isOurs;
  }

  poll(): MeshOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    return earlier(this.#overlay.nextWakeAt(), this.#gossip.nextWakeAt());
  }

  #answered(input: Extract<MeshInput, { readonly type: 'verified' | 'signed' }>, now: number): void {
    const waiting = this.#jobs.close(input.job);
    if (waiting?.part === 'publications') this.#toPublications({ ...input, job: waiting.job }, now);
  }

  #drain(now: number): void {
    for (let output = this.#lanes.poll(); output; output = this.#lanes.poll()) this.#laneOutput(output, now);
    for (let output = this.#overlay.poll(); output; output = this.#overlay.poll()) this.#outputs.push(output);
  }

  #laneOutput(output: LaneOutput, now: number): void {
    switch (output.type) {
      case 'up': {
        const session = this.#sessions.get(output.node);
        if (session) this.#toAll({ type: 'neighbour-up', node: output.node, ...session }, now);
        return this.#outputs.push(output);
      }
      case 'down':
        this.#toAll({ type: 'neighbour-down', node: output.node, code: output.code }, now);
        return this.#outputs.push(output);
      case 'message':
        if (output.lane === LANES.gossip) return this.#toGossip({ type: 'message', from: output.from, bytes: output.bytes }, now);
        return this.#outputs.push(output);
      default:
        this.#outputs.push(output);
    }
  }

  #toAll(input: Extract<NeighbourInput, { readonly type: 'neighbour-up' | 'neighbour-down' }>, now: number): void {
    this.#toGossip(input, now);
  }

  /** What every lane's machine may ask for. */
  #neighbourOutput(lane: Lane, output: NeighbourOutput): void {
    if (output.type === 'misbehaved') return this.#outputs.push(output);
    this.#lanes.handle({ type: 'send', to: output.to, lane, bytes: output.bytes });
  }

  // ── gossip ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #toGossip(input: GossipInput | Wake, now: number): void {
    this.#gossip.handle(input, now);
    for (let output = this.#gossip.poll(); output; output = this.#gossip.poll()) this.#gossipOutput(output, now);
  }

  #gossipOutput(output: GossipOutput, now: number): void {
    switch (output.type) {
      case 'validate': {
        const { job, topic, bytes } = output;
        if (programTopic(topic) === undefined) return this.#toGossip({ type: 'verdict', job, verdict: 'ignore' }, now);
        return this.#toPublications({ type: 'item', job, topic, bytes }, now);
      }
      case 'deliver': {
        const topic = programTopic(output.topic);
        if (topic === undefined) return;
        const { author, sentAt, payload } = this.#publications.read(output.topic, output.bytes);
        return this.#outputs.push({ type: 'published', topic, author, sentAt, payload });
      }
      default:
        return this.#neighbourOutput(LANES.gossip, output);
    }
  }

  #toPublications(input: PublicationsInput, now: number): void {
    this.#publications.handle(input, now);
    for (let output = this.#publications.poll(); output; output = this.#publications.poll()) this.#publicationsOutput(output, now);
  }

  #publicationsOutput(output: PublicationsOutput, now: number): void {
    switch (output.type) {
      case 'verify':
      case 'sign':
        return this.#outputs.push({ ...output, job: this.#jobs.open('publications', output.job) });
      default:
        return this.#toGossip(output, now);
    }
  }
}
