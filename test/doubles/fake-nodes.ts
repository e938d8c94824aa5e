import { Emitter } from '../../src/base/emitter.ts';
import { EMPTY_BYTES } from '../../src/base/bytes.ts';
import { ParleyError, type ErrorCode } from '../../src/base/errors.ts';
import { deviceIdOf, nodeIdOf, personIdOf, type NodeId } from '../../src/base/ids.ts';
import type { NodeApi, NodeEvents, NodeState, OpenOptions, Path, PeerIdentity, PeerInfo, Stream, StreamEnd } from '../../src/node/api.ts';

const PATH: Path = { kind: 'memory', via: [] };

/** Nodes without protocols, links or encryption: streams are queues in memory. For tests of what stands above the Node API. */
export class FakeNetwork {
  readonly nodes = new Map<NodeId, FakeNode>();
  readonly networkId: Uint8Array = new Uint8Array(32).fill(7);

  /** `index` gives the node's and the device's key; `person` the person's, so that two nodes can belong to one person. */
  add(index: number, person: number = index): FakeNode {
    const node = new FakeNode(this, {
      node: nodeIdOf(new Uint8Array(32).fill(index)),
      device: deviceIdOf(new Uint8Array(32).fill(100 + index)),
      person: personIdOf(new Uint8Array(32).fill(200 + person)),
    });
    this.nodes.set(node.id, node);
    return node;
  }

  /** Tells both that they have a session. */
  connect(a: FakeNode, b: FakeNode): void {
    a.linked(b);
    b.linked(a);
  }

  /** Ends the session of both and everything that ran over it. */
  disconnect(a: FakeNode, b: FakeNode, code: ErrorCode = 'link-lost'): void {
    a.unlinked(b, code);
    b.unlinked(a, code);
  }
}

export class FakeNode implements NodeApi {
  readonly id: NodeId;
  readonly identity: PeerIdentity;
  readonly networkId: Uint8Array;
  readonly #network: FakeNetwork;
  readonly #events = new Emitter<NodeEvents>();
  readonly #handlers = new Map<string, (stream: Stream) => void>();
  readonly #peers = new Map<NodeId, FakeNode>();
  readonly #streams = new Set<FakeStream>();

  constructor(network: FakeNetwork, identity: PeerIdentity) {
    this.#network = network;
    this.identity = identity;
    this.id = identity.node;
    this.networkId = network.networkId;
  }

  state(): NodeState {
    return { phase: this.#peers.size > 0 ? 'connected' : 'connecting', signaling: 'connected', connectedPeers: this.#peers.size };
  }

  peers(): readonly PeerInfo[] {
    return [...this.#peers.values()].map((peer) => infoOf(peer, 'connected'));
  }

  async open(target: NodeId, protocol: string, options: OpenOptions = {}): Promise<Stream> {
    await Promise.resolve();
    if (options.signal?.aborted) throw new ParleyError('cancelled', 'The caller gave up.');
    const remote = this.#peers.get(target);
    if (!remote) throw new ParleyError('unreachable', 'Nobody knows this node.');
    const handler = remote.#handlers.get(protocol);
    if (!handler) throw new ParleyError('protocol-unknown', `The node does not speak ${protocol}.`);
    const [here, there] = streamPair(protocol, options.header ?? EMPTY_BYTES, this, remote);
    queueMicrotask(() => handler(there));
    return here;
  }

  serve(protocol: string, handler: (stream: Stream) => void): () => void {
    this.#handlers.set(protocol, handler);
    return () => this.#handlers.delete(protocol);
  }

  on<Name extends keyof NodeEvents>(name: Name, listener: (payload: NodeEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  nudge(): void {}

  async close(): Promise<void> {
    await Promise.resolve();
    for (const peer of [...this.#peers.values()]) this.#network.disconnect(this, peer, 'peer-closed');
  }

  linked(peer: FakeNode): void {
    this.#peers.set(peer.id, peer);
    this.#events.emit('peer', infoOf(peer, 'connected'));
    this.#events.emit('peer-up', peer.identity);
    this.#events.emit('state', this.state());
  }

  unlinked(peer: FakeNode, code: ErrorCode): void {
    if (!this.#peers.delete(peer.id)) return;
    for (const stream of [...this.#streams]) if (stream.peer.node === peer.id) stream.broke({ clean: false, code });
    this.#events.emit('peer', infoOf(peer, 'away'));
    this.#events.emit('peer-down', { peer: peer.identity, code });
    this.#events.emit('state', this.state());
  }

  track(stream: FakeStream): void {
    this.#streams.add(stream);
    void stream.closed.then(() => this.#streams.delete(stream));
  }
}

function infoOf(peer: FakeNode, state: PeerInfo['state']): PeerInfo {
  return { node: peer.id, identity: peer.identity, state, path: PATH, rttMs: 1, bytesSent: 0, bytesReceived: 0 };
}

function streamPair(protocol: string, header: Uint8Array, from: FakeNode, to: FakeNode): readonly [FakeStream, FakeStream] {
  const here = new FakeStream(protocol, header, to.identity);
  const there = new FakeStream(protocol, header, from.identity);
  here.other = there;
  there.other = here;
  from.track(here);
  to.track(there);
  return [here, there];
}

class FakeStream implements Stream {
  readonly protocol: string;
  readonly header: Uint8Array;
  readonly peer: PeerIdentity;
  readonly path: Path = PATH;
  readonly closed: Promise<StreamEnd>;
  other!: FakeStream;
  #close!: (end: StreamEnd) => void;
  #end: StreamEnd | undefined;
  #sentEnd = false;
  #receivedEnd = false;
  #handler: ((message: Uint8Array) => void | Promise<void>) | undefined;
  readonly #inbox: Uint8Array[] = [];
  #delivering = false;

  constructor(protocol: string, header: Uint8Array, peer: PeerIdentity) {
    this.protocol = protocol;
    this.header = header;
    this.peer = peer;
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  async send(message: Uint8Array): Promise<void> {
    if (this.#end) throw new ParleyError(this.#end.code ?? 'peer-closed', 'The stream has ended.');
    if (this.#sentEnd) throw new ParleyError('closed-here', 'This side of the stream was ended.');
    await Promise.resolve();
    this.other.#inbox.push(message.slice());
    void this.other.#deliver();
  }

  onMessage(handler: (message: Uint8Array) => void | Promise<void>): void {
    this.#handler = handler;
    void this.#deliver();
  }

  end(): void {
    this.#sentEnd = true;
    queueMicrotask(() => {
      this.other.#receivedEnd = true;
      void this.other.#deliver();
      this.#closeIfBothEnded();
    });
  }

  reset(code: ErrorCode): void {
    this.broke({ clean: false, code });
    queueMicrotask(() => this.other.broke({ clean: false, code }));
  }

  broke(end: StreamEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#inbox.length = 0;
    this.#close(end);
  }

  async #deliver(): Promise<void> {
    if (this.#delivering || !this.#handler) return;
    this.#delivering = true;
    for (let next = this.#inbox.shift(); next && !this.#end; next = this.#inbox.shift()) await this.#handler(next);
    this.#delivering = false;
    this.#closeIfBothEnded();
    this.other.#closeIfBothEnded();
  }

  #closeIfBothEnded(): void {
    if (!this.#end && this.#sentEnd && this.#receivedEnd && this.#inbox.length === 0) {
      this.#end = { clean: true };
      this.#close(this.#end);
    }
  }
}
