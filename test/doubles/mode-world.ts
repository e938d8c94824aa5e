import { expect } from 'vitest';
import { localNode } from './local-nodes.ts';
import { MemoryRtc } from './memory-rtc.ts';
import { echo, settled } from './relay-world.ts';
import { VirtualClock } from './virtual-clock.ts';
import type { HostDialer, HostDialHandlers, HostUrlProblem } from '../../src/ports/host-dialer.ts';
import type { LinkKind } from '../../src/ports/link.ts';
import { memoryLinkPair, type MemoryLink } from '../../src/transport/memory-link.ts';
import type { Stream } from '../../src/node/api.ts';
import type { Node, NodeOptions } from '../../src/node/node.ts';

const DELAY_MS = 20;

/** Nodes in virtual time, whose links stand for data channels and for sockets of the host. */
export class ModeWorld {
  readonly clock = new VirtualClock();
  readonly rtc = new MemoryRtc(() => ({ kind: 'webrtc', carry: this.#carry }));

  readonly #carry = (frame: Uint8Array, deliver: (frame: Uint8Array) => void): void =>
    void this.clock.wakeAt(this.clock.now() + DELAY_MS, () => deliver(frame));

  async node(seed: number, options: Partial<NodeOptions> = {}): Promise<Node> {
    const node = await localNode(seed, { clock: this.clock, rtc: this.rtc, ...options });
    node.setRelayTrust('everybody');
    echo(node);
    return node;
  }

  link(a: Node, b: Node, kind: LinkKind): readonly [MemoryLink, MemoryLink] {
    const pair = this.pair(kind);
    a.attachLink(pair[0], 'initiator', b.id);
    b.attachLink(pair[1], 'responder');
    return pair;
  }

  pair(kind: LinkKind): readonly [MemoryLink, MemoryLink] {
    return memoryLinkPair({ kind, carry: this.#carry });
  }

  until<T>(promise: Promise<T>): Promise<T> {
    return settled(this.clock, promise);
  }
}

/** Numbers that go to an echo one after the other; all of them must come back, each once and in order. */
export class Talk {
  readonly #stream: Stream;
  readonly #back: number[] = [];
  #sent = 0;

  constructor(stream: Stream) {
    this.#stream = stream;
    stream.onMessage((message) => void this.#back.push(new DataView(message.buffer, message.byteOffset).getUint32(0)));
  }

  say(bytes: number): void {
    const message = new Uint8Array(bytes);
    new DataView(message.buffer).setUint32(0, this.#sent++);
    void this.#stream.send(message);
  }

  get path(): string {
    return this.#stream.path.kind;
  }

  expectAllBack(): void {
    expect(this.#back).toEqual(Array.from({ length: this.#sent }, (_, index) => index));
  }
}

/** Hosts at addresses, reached by links in memory that stand for sockets. */
export class MemoryHosts implements HostDialer {
  readonly #world: ModeWorld;
  readonly #hosts = new Map<string, Node>();
  /** The page's ends of links that are open, by address. */
  readonly sockets = new Map<string, MemoryLink>();
  readonly dialled: string[] = [];
  isDown = false;

  constructor(world: ModeWorld, hosts: Readonly<Record<string, Node>>) {
    this.#world = world;
    for (const [url, node] of Object.entries(hosts)) this.#hosts.set(url, node);
  }

  problemOf(url: string): HostUrlProblem | undefined {
    return url.startsWith('ws://insecure') ? 'insecure' : undefined;
  }

  dial(url: string, handlers: HostDialHandlers): () => void {
    this.dialled.push(url);
    const { clock } = this.#world;
    return clock.wakeAt(clock.now() + DELAY_MS, () => {
      const host = this.isDown ? undefined : this.#hosts.get(url);
      if (!host) return handlers.ended({ clean: false, code: 'link-lost' });
      const [near, far] = this.#world.pair('websocket');
      near.onEnd = (end) => queueMicrotask(() => handlers.ended(end));
      this.sockets.set(url, near);
      host.attachLink(far, 'responder');
      handlers.linked(near, host.id);
    });
  }
}
