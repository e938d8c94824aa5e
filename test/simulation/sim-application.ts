import { toHex } from '../../src/base/bytes.ts';
import { LIMITS } from '../../src/base/limits.ts';
import type { MuxOutput } from '../../src/p2p/streams/stream-mux.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

const PROTOCOL = 'sim/1';
const TOPIC = 'sim';
const PUBLICATION_BYTES = 100;

const MESSAGE = 0;
const REQUEST = 1;
const ANSWER = 2;
/** canary · kind · sender · addressee · id */
const HEADER_BYTES = 8 + 1 + 4 + 4 + 4;
/** A short chat line or a small tool call. */
const BODY_BYTES = 200;

type StreamAt = { readonly connection: number; readonly stream: number };
type Outgoing = { at: StreamAt | undefined; readonly waiting: Uint8Array[] };
type StreamOutput = Exclude<MuxOutput, { readonly type: 'pong' | 'violation' }>;

/**
 * What programs do over a node, in the smallest form: messages and calls over streams. Each payload begins with the run's canary and its addressee,
 * so that a checker can tell who must never see it.
 */
export class SimApplication {
  readonly #node: SimNode;
  readonly #world: World;
  /** By the target's index. */
  readonly #outgoing = new Map<number, Outgoing>();
  readonly #requests = new Map<number, number>();
  readonly #served = new Set<string>();
  readonly #calls = new Map<number, { readonly startedAt: number; readonly to: SimNode; readonly isFirst: boolean }>();
  #nextRequest = 1;
  /** Calls that were made from here. */
  callCount = 0;

  constructor(node: SimNode, world: World) {
    this.#node = node;
    this.#world = world;
  }

  send(to: SimNode): void {
    this.#post(to, this.#encode(MESSAGE, to.index, this.#world.takeMessageId()));
  }

  /** Its end is told to the observers; a call that fails is never heard of again. */
  call(to: SimNode): void {
    const id = this.#world.takeMessageId();
    this.callCount++;
    this.#calls.set(id, { startedAt: this.#world.now, to, isFirst: this.#outgoing.get(to.index)?.at === undefined });
    this.#post(to, this.#encode(REQUEST, to.index, id));
  }

  // ── for the node ───────────────────────────────────────────────────────────────────────────────────────────────

  opened(request: number, connection: number, stream: number): void {
    const target = this.#requests.get(request);
    this.#requests.delete(request);
    const outgoing = target === undefined ? undefined : this.#outgoing.get(target);
    if (!outgoing) return;
    outgoing.at = { connection, stream };
    for (const message of outgoing.waiting.splice(0)) this.#sendOn(outgoing.at, message);
  }

  openFailed(request: number): void {
    const target = this.#requests.get(request);
    this.#requests.delete(request);
    if (target !== undefined) this.#outgoing.delete(target);
  }

  connectionClosed(connection: number): void {
    for (const [target, { at }] of this.#outgoing) if (at?.connection === connection) this.#outgoing.delete(target);
    for (const name of this.#served) if (name.startsWith(`${connection} `)) this.#served.delete(name);
  }

  streamOutput(connection: number, output: StreamOutput): void {
    const name = `${connection} ${output.stream}`;
    switch (output.type) {
      case 'incoming': {
        const isOurs = output.protocol === PROTOCOL;
        if (isOurs) this.#served.add(name);
        const answer = isOurs
          ? ({ type: 'accept', stream: output.stream } as const)
          : ({ type: 'reset', stream: output.stream, code: 'protocol-unknown' } as const);
        return this.#node.tell({ type: 'connection', connection, input: { type: 'stream', input: answer } });
      }
      case 'message':
        return this.#received({ connection, stream: output.stream }, output.message);
      case 'closed':
        this.#served.delete(name);
        for (const [target, { at }] of this.#outgoing)
          if (at?.connection === connection && at.stream === output.stream) this.#outgoing.delete(target);
        return;
      case 'accepted':
      case 'sent':
      case 'ended':
        return;
    }
  }

  /** Each publication's payload is its id. */
  published({ payload }: { readonly payload: Uint8Array }): void {
    for (const observer of this.#world.observers) observer.gossipDelivered(this.#node, toHex(payload));
  }

  /** Publishes something to everybody who runs and subscribed. */
  publish(): void {
    const payload = this.#world.random.bytes(PUBLICATION_BYTES);
    const audience = this.#world.honest().filter((node) => node !== this.#node);
    for (const observer of this.#world.observers) observer.gossipPublished(toHex(payload), audience);
    this.#node.tell({ type: 'mesh', input: { type: 'publish', topic: TOPIC, payload } });
  }

  subscribe(): void {
    this.#node.tell({ type: 'mesh', input: { type: 'subscribe', topic: TOPIC } });
  }

  #post(to: SimNode, message: Uint8Array): void {
    const known = this.#outgoing.get(to.index);
    if (known?.at) return this.#sendOn(known.at, message);
    if (known) {
      known.waiting.push(message);
      return;
    }
    this.#outgoing.set(to.index, { at: undefined, waiting: [message] });
    const request = this.#nextRequest++;
    this.#requests.set(request, to.index);
    const deadline = this.#node.clock + LIMITS.openTimeoutMs;
    this.#node.tell({ type: 'open', request, node: to.id, protocol: PROTOCOL, header: new Uint8Array(0), priority: 1, deadline });
  }

  #sendOn({ connection, stream }: StreamAt, message: Uint8Array): void {
    this.#node.tell({ type: 'connection', connection, input: { type: 'stream', input: { type: 'send', stream, message } } });
  }

  #received(at: StreamAt, message: Uint8Array): void {
    const { connection, stream } = at;
    this.#node.tell({ type: 'connection', connection, input: { type: 'stream', input: { type: 'consumed', stream, bytes: message.length } } });
    if (message.length < HEADER_BYTES) return;
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    const kind = view.getUint8(8);
    const claimedSender = view.getUint32(9);
    const addressee = view.getUint32(13);
    const id = view.getUint32(17);
    const provenSender = this.#node.machine.connectionOf(connection)?.identity?.node;
    for (const observer of this.#world.observers) observer.received({ by: this.#node, provenSender, claimedSender, addressee, id: id * 4 + kind });
    if (kind === REQUEST) this.#sendOn(at, this.#encode(ANSWER, claimedSender, id));
    else if (kind === ANSWER) this.#answered(id, connection);
  }

  #answered(id: number, connection: number): void {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (!call) return;
    const relays = this.#relaysOf(connection, call.to);
    const finished = { from: this.#node, to: call.to, relays, isFirst: call.isFirst, tookMs: this.#world.now - call.startedAt };
    for (const observer of this.#world.observers) observer.called(finished);
  }

  /** The node knows its own relay only; the simulation knows whether that one is the other's neighbour. */
  #relaysOf(connection: number, to: SimNode): 0 | 1 | 2 {
    const { kind, via } = this.#node.machine.pathOf(connection);
    if (kind !== 'relayed') return 0;
    const [relay] = via;
    return relay && this.#world.nodeById(relay)?.isNeighbourOf(to.id) ? 1 : 2;
  }

  #encode(kind: number, addressee: number, id: number): Uint8Array {
    const message = new Uint8Array(HEADER_BYTES + BODY_BYTES);
    message.set(this.#world.canary);
    const view = new DataView(message.buffer);
    view.setUint8(8, kind);
    view.setUint32(9, this.#node.index);
    view.setUint32(13, addressee);
    view.setUint32(17, id);
    return message;
  }
}
