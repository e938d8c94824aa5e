import type { ErrorCode } from '../base/errors.ts';
import { EMPTY_BYTES } from '../base/bytes.ts';
import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { Queue } from '../base/queue.ts';
import type { MuxInput, MuxOutput } from '../p2p/streams/stream-mux.ts';

/** The stream that neighbours keep open for the protocols of the mesh. Programs cannot open or serve it. */
export const MESH_PROTOCOL = 'mesh/1';

/** The first byte of every message on the mesh stream: whose protocol it belongs to. */
export const LANES = { presence: 2, gossip: 3, routing: 4, registry: 5 } as const;
export type Lane = (typeof LANES)[keyof typeof LANES];

const KNOWN_LANES: ReadonlySet<number> = new Set(Object.values(LANES));

export type LaneInput =
  /** A session with a neighbour is established; the side that began it opens the stream. `stream` is the allocated id of one that does. */
  | { readonly type: 'session'; readonly node: NodeId; readonly connection: number; readonly stream: number | undefined }
  /** It ended, or goes over relays from now on: then the stream goes, and the session stays. */
  | { readonly type: 'session-ended'; readonly connection: number; readonly code: ErrorCode }
  | { readonly type: 'send'; readonly to: NodeId; readonly lane: Lane; readonly bytes: Uint8Array };

export type LaneOutput =
  | { readonly type: 'mux'; readonly connection: number; readonly input: Exclude<MuxInput, { readonly type: 'payload' | 'ping' }> }
  | { readonly type: 'up'; readonly node: NodeId; readonly connection: number }
  | { readonly type: 'down'; readonly node: NodeId; readonly code: ErrorCode }
  | { readonly type: 'message'; readonly from: NodeId; readonly lane: Lane; readonly bytes: Uint8Array }
  /** What no honest node does on the mesh stream: its session is to end. */
  | { readonly type: 'violation'; readonly connection: number; readonly detail: string };

type Neighbour = { readonly node: NodeId; readonly connection: number; stream: number | undefined; isUp: boolean; waitingBytes: number };

/** The protocols of the mesh share one stream in each neighbour's session: messages of one neighbour stay in order across lanes. */
export class NeighbourLanes {
  readonly #outputs = new Queue<LaneOutput>();
  readonly #byConnection = new Map<number, Neighbour>();
  readonly #byNode = new Map<NodeId, Neighbour>();
  readonly #waiting = new Map<number, Queue<number>>();

  handle(input: LaneInput): void {
    switch (input.type) {
      case 'session':
        return this.#session(input.node, input.connection, input.stream);
      case 'session-ended':
        return this.#ended(input.connection, input.code);
      case 'send':
        return this.#send(input.to, input.lane, input.bytes);
    }
  }

  poll(): LaneOutput | undefined {
    return this.#outputs.shift();
  }

  /** Takes what happened on a stream, if it is the mesh's; answers whether it was. */
  handleStream(connection: number, output: MuxOutput): boolean {
    const neighbour = this.#byConnection.get(connection);
    if (!neighbour) return false;
    if (output.type === 'incoming') return this.#incoming(neighbour, output.stream, output.protocol);
    if (!('stream' in output) || output.stream !== neighbour.stream) return false;
    switch (output.type) {
      case 'accepted':
        this.#up(neighbour);
        break;
      case 'message':
        this.#message(neighbour, output.message);
        break;
      case 'sent':
        neighbour.waitingBytes -= this.#waiting.get(connection)?.shift() ?? 0;
        break;
      case 'ended':
      case 'closed':
        this.#outputs.push({ type: 'violation', connection, detail: 'The mesh stream ended before its session.' });
    }
    return true;
  }

  #session(node: NodeId, connection: number, stream: number | undefined): void {
    const neighbour: Neighbour = { node, connection, stream, isUp: false, waitingBytes: 0 };
    this.#byConnection.set(connection, neighbour);
    this.#waiting.set(connection, new Queue());
    if (stream === undefined) return;
    this.#outputs.push({
      type: 'mux',
      connection,
      input: { type: 'open', stream, protocol: MESH_PROTOCOL, header: EMPTY_BYTES, priority: 1 },
    });
  }

  #incoming(neighbour: Neighbour, stream: number, protocol: string): boolean {
    if (protocol !== MESH_PROTOCOL) return false;
    const { connection } = neighbour;
    if (neighbour.stream !== undefined) {
      this.#outputs.push({ type: 'violation', connection, detail: 'A second mesh stream.' });
      return true;
    }
    neighbour.stream = stream;
    this.#outputs.push({ type: 'mux', connection, input: { type: 'accept', stream } });
    this.#up(neighbour);
    return true;
  }

  #up(neighbour: Neighbour): void {
    neighbour.isUp = true;
    this.#byNode.set(neighbour.node, neighbour);
    this.#outputs.push({ type: 'up', node: neighbour.node, connection: neighbour.connection });
  }

  #message({ node, connection, stream }: Neighbour, message: Uint8Array): void {
    const lane = message[0];
    this.#outputs.push({ type: 'mux', connection, input: { type: 'consumed', stream: stream as number, bytes: message.length } });
    // A newer version may have more lanes; what is unknown is left out.
    if (lane !== undefined && KNOWN_LANES.has(lane)) {
      this.#outputs.push({ type: 'message', from: node, lane: lane as Lane, bytes: message.subarray(1) });
    }
  }

  /** What a neighbour does not read is dropped above the limit: every protocol of the mesh repairs losses by itself. */
  #send(to: NodeId, lane: Lane, bytes: Uint8Array): void {
    const neighbour = this.#byNode.get(to);
    if (!neighbour?.isUp || neighbour.waitingBytes + bytes.length > LIMITS.maxWaitingLaneBytes) return;
    const message = new Uint8Array(bytes.length + 1);
    message[0] = lane;
    message.set(bytes, 1);
    neighbour.waitingBytes += message.length;
    this.#waiting.get(neighbour.connection)?.push(message.length);
    this.#outputs.push({ type: 'mux', connection: neighbour.connection, input: { type: 'send', stream: neighbour.stream as number, message } });
  }

  #ended(connection: number, code: ErrorCode): void {
    const neighbour = this.#byConnection.get(connection);
    if (!neighbour) return;
    this.#byConnection.delete(connection);
    this.#waiting.delete(connection);
    const { stream } = neighbour;
    if (stream !== undefined) this.#outputs.push({ type: 'mux', connection, input: { type: 'reset', stream, code: 'not-needed' } });
    if (this.#byNode.get(neighbour.node) !== neighbour) return;
    this.#byNode.delete(neighbour.node);
    this.#outputs.push({ type: 'down', node: neighbour.node, code });
  }
}
