import { toHex } from '../../src/base/bytes.ts';
import type { NodeId } from '../../src/base/ids.ts';
import { SeededRandom } from '../../src/base/seeded-random.ts';
import type { SecureChannelFactory } from '../../src/crypto/secure-channel.ts';
import type { Entropy } from '../../src/ports/entropy.ts';
import { openNetworkId } from '../../src/wire/networks.ts';
import type { Adversary } from './adversaries/adversary.ts';
import { EventQueue, type EventAction } from './event-queue.ts';
import { drawNat, type NatMix, type NatType } from './nat.ts';
import type { Observer } from './observer.ts';
import type { SimOptions } from './options.ts';
import { SignatureMemo } from './signatures.ts';
import { simIdentity, type SimIdentity } from './sim-identity.ts';
import { SimNetwork, type Place } from './sim-network.ts';
import { SimNode } from './sim-node.ts';
import { SharedDocuments } from './sim-registry.ts';
import { SharedPresenceItems } from './sim-presence.ts';
import { SimRtc } from './sim-rtc.ts';
import { SimSignaling } from './sim-signaling.ts';
import { TraceHash } from './trace.ts';

export type SpawnOptions = {
  readonly nat?: NatType;
  readonly adversary?: Adversary;
  readonly networkId?: Uint8Array;
  /** The earlier run of the same node. */
  readonly earlier?: SimNode;
  readonly channels?: (secure: SecureChannelFactory) => SecureChannelFactory;
};

const CANARY_BYTES = 8;
const MAX_SKEW_MS = 2_000;
/** 10 Mbit/s. */
const UPLINK_BYTES_PER_SECOND = 1_250_000;
const INSPECTION_MS = 1_000;

/** Virtual time, the network, the server and all nodes of one run. Everything that is random comes from one seed. */
export class World {
  /** Unix milliseconds of virtual time 0. */
  readonly epoch = 1_800_000_000_000;
  readonly options: SimOptions;
  readonly random: SeededRandom;
  readonly queue = new EventQueue();
  readonly trace = new TraceHash();
  readonly signatures = new SignatureMemo();
  readonly documents = new SharedDocuments();
  readonly presenceItems = new SharedPresenceItems();
  readonly network: SimNetwork;
  readonly rtc: SimRtc;
  readonly signaling: SimSignaling;
  readonly observers: readonly Observer[];
  readonly canary: Uint8Array;
  readonly networkId = openNetworkId('simulation');
  /** Every node that ever was, by its index. */
  readonly nodes: SimNode[] = [];
  /** What NATs newcomers get. */
  natMix: NatMix;
  readonly #byId = new Map<NodeId, SimNode>();
  readonly #byKey = new Map<string, SimNode>();
  #nextMessage = 1;

  readonly #spawnDefaults: SpawnOptions;

  constructor(options: SimOptions, observers: readonly Observer[], spawnDefaults: SpawnOptions = {}) {
    this.options = options;
    this.#spawnDefaults = spawnDefaults;
    this.observers = observers;
    this.natMix = options.nat;
    this.random = new SeededRandom(options.seed);
    this.canary = this.random.bytes(CANARY_BYTES);
    const { delayMs: meanDelayMs, spread, loss, reorder } = options;
    this.network = new SimNetwork(
      this.queue,
      this.#fork(),
      { meanDelayMs, spread, loss, reorder },
      {
        carried: (from, to, bytes) => this.trace.delivery(this.queue.now, from.index, to.index, bytes),
      },
    );
    this.rtc = new SimRtc(this.queue, this.network, this.#fork());
    this.signaling = new SimSignaling(this.queue, this.#fork(), {
      relayed: (body) => {
        for (const observer of this.observers) observer.introduced(body);
      },
    });
    const { serverOffAt } = options;
    if (serverOffAt !== undefined) this.at(serverOffAt * 1000, () => this.signaling.switch(false));
  }

  /** Virtual milliseconds since the start. */
  get now(): number {
    return this.queue.now;
  }

  at(at: number, action: EventAction): void {
    this.queue.at(at, action);
  }

  /** Repeats from `from` until `until`, a little irregularly. */
  every(intervalMs: number, from: number, until: number, action: () => void): void {
    const next = from + this.random.jitter(intervalMs, 0.2);
    if (next > until) return;
    this.at(next, () => {
      action();
      this.every(intervalMs, this.now, until, action);
    });
  }

  /** `passed` is told each virtual second. */
  async run(seconds: number, passed?: (second: number) => void): Promise<void> {
    this.#inspect();
    for (let second = 1; second <= seconds; second++) {
      await this.queue.runUntil(second * 1000);
      passed?.(second);
    }
    for (const observer of this.observers) observer.ended(this);
  }

  // ── nodes ──────────────────────────────────────────────────────────────────────────────────────────────────────

  running(): readonly SimNode[] {
    return this.nodes.filter((node) => node.isRunning);
  }

  /** Running, and not one of the adversaries. */
  honest(): readonly SimNode[] {
    return this.nodes.filter((node) => node.isRunning && node.isHonest);
  }

  nodeById(id: NodeId): SimNode | undefined {
    return this.#byId.get(id);
  }

  nodeByKey(key: Uint8Array): SimNode | undefined {
    return this.#byKey.get(toHex(key));
  }

  /** Makes a node and starts it now. */
  async spawn(chosen: SpawnOptions = {}): Promise<SimNode> {
    const options = { ...this.#spawnDefaults, ...chosen };
    const random = this.#fork();
    const entropy: Entropy = { bytes: (length) => random.bytes(length) };
    const identity: SimIdentity = await simIdentity(
      entropy,
      options.networkId ?? this.networkId,
      this.epoch + this.now,
      options.earlier?.identity.vault,
    );
    const place: Place = {
      index: this.nodes.length,
      uplinkBytesPerSecond: UPLINK_BYTES_PER_SECOND,
      extraDelayMs: 0,
      side: 0,
      isDown: false,
      uplinkFreeAt: 0,
    };
    const node = new SimNode({
      world: this,
      place,
      identity,
      entropy,
      networkId: options.networkId ?? this.networkId,
      nat: options.nat ?? drawNat(this.natMix, random),
      skewMs: Math.round((random.float() * 2 - 1) * MAX_SKEW_MS),
      ...(options.adversary ? { adversary: options.adversary } : {}),
      ...(options.channels ? { channels: options.channels } : {}),
    });
    this.nodes.push(node);
    this.#byId.set(node.id, node);
    this.#byKey.set(toHex(identity.signer.publicKey), node);
    for (const observer of this.observers) observer.started(node);
    node.start();
    return node;
  }

  /** Spawns `count` nodes at random moments of the window. */
  join(count: number, from: number, until: number, optionsOf: (index: number) => SpawnOptions = () => ({})): void {
    for (let index = 0; index < count; index++) {
      this.at(from + this.random.float() * (until - from), async () => {
        await this.spawn(optionsOf(index));
      });
    }
  }

  /** Up to `count` of the nodes, in random order. */
  draw(nodes: readonly SimNode[], count: number): readonly SimNode[] {
    const items = [...nodes];
    for (let index = 0; index < Math.min(count, items.length); index++) {
      const other = index + this.random.below(items.length - index);
      [items[index], items[other]] = [items[other] as SimNode, items[index] as SimNode];
    }
    return items.slice(0, count);
  }

  // ── the network ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Cuts the nodes off from the others; those that come later are on the others' side. */
  cut(nodes: readonly SimNode[]): void {
    for (const node of nodes) node.place.side = 1;
    this.network.reconsider();
  }

  heal(): void {
    for (const node of this.nodes) node.place.side = 0;
    this.network.reconsider();
    for (const observer of this.observers) observer.healed();
  }

  // ── what people do ─────────────────────────────────────────────────────────────────────────────────────────────

  takeMessageId(): number {
    return this.#nextMessage++;
  }

  /** Somebody writes to, or calls, somebody with whom there is a session. */
  talk(kind: 'send' | 'call'): void {
    const people = this.honest();
    const from = this.random.pick(people);
    if (!from) return;
    const others = people.filter((node) => node !== from && from.sessions.has(node.id));
    const to = this.random.pick(others);
    if (to) from.application[kind](to);
  }

  /** Somebody calls somebody, and a few times more. */
  callOften(times: number, intervalMs: number): void {
    const people = this.honest();
    const [from, to] = this.draw(people, 2);
    if (!from || !to) return;
    for (let count = 0; count < times; count++) {
      this.queue.after(count * intervalMs, () => {
        if (from.isRunning && to.isRunning) from.application.call(to);
      });
    }
  }

  #inspect(): void {
    for (const observer of this.observers) observer.inspect(this);
    this.queue.after(INSPECTION_MS, () => this.#inspect());
  }

  #fork(): SeededRandom {
    return new SeededRandom(this.random.uint32());
  }
}
