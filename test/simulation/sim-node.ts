import type { ErrorCode } from '../../src/base/errors.ts';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import { publicKeyOf, type NodeId } from '../../src/base/ids.ts';
import { WAKE, type Wake } from '../../src/base/machine.ts';
import type { TableSize } from '../../src/base/table-size.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { introductionToSign, sealIntroduction } from '../../src/crypto/introductions.ts';
import { createSecureChannelFactory, type SecureChannelFactory } from '../../src/crypto/secure-channel.ts';
import type { NodeInput, NodeOutput } from '../../src/node/node-io.ts';
import { NodeMachine } from '../../src/node/node-machine.ts';
import type { LinkFacts } from '../../src/node/session-links.ts';
import type { Entropy } from '../../src/ports/entropy.ts';
import { roomOf } from '../../src/wire/networks.ts';
import type { Adversary } from './adversaries/adversary.ts';
import { bulkNow } from './bulk.ts';
import type { NatType } from './nat.ts';
import { MAX_NODES_WITH_REGISTRY } from './options.ts';
import { SimApplication } from './sim-application.ts';
import { SimRegistry } from './sim-registry.ts';
import { observedChannels } from './sim-channels.ts';
import type { SimIdentity } from './sim-identity.ts';
import type { Place, SimLinkEnd } from './sim-network.ts';
import type { SimRtcDial } from './sim-rtc.ts';
import type { Seat } from './sim-signaling.ts';
import type { World } from './world.ts';

export type SimNodeOptions = {
  readonly world: World;
  readonly place: Place;
  readonly identity: SimIdentity;
  readonly entropy: Entropy;
  readonly networkId: Uint8Array;
  readonly nat: NatType;
  readonly skewMs: number;
  readonly adversary?: Adversary;
  /** For tests of the checkers: channels that do something wrong. */
  readonly channels?: (secure: SecureChannelFactory) => SecureChannelFactory;
};

export type NodeStatus = 'running' | 'asleep' | 'closed' | 'crashed';

type Dialling = { readonly dial: SimRtcDial; end: SimLinkEnd | undefined };

/** That less than this has left its links holds nothing up, and the machine hears of it with its next frame: an event for each would be a third of all. */
const AWAITED_BACKLOG_BYTES = LIMITS.bulkLinkBufferBytes / 4;
/** A server that lost a node without a word notices by its keep-alive (signaling-server/PROTOCOL.md). */
const SERVER_NOTICES_MS = 60_000;

/**
 * A real node's machine with a pump that answers everything at once: the one place where the simulation meets the machine. A new input of
 * `NodeMachine` is told through {@link SimNode.tell}, a new output gets a case in `#execute`.
 */
export class SimNode {
  readonly index: number;
  readonly id: NodeId;
  readonly place: Place;
  readonly identity: SimIdentity;
  readonly machine: NodeMachine;
  readonly application: SimApplication;
  /** Absent where the network is too large for everybody to hold all documents. */
  readonly registry: SimRegistry | undefined;
  readonly adversary: Adversary | undefined;
  readonly startedAt: number;
  status: NodeStatus = 'running';
  bytesSent = 0;
  framesSent = 0;
  readonly sessions = new Set<NodeId>();
  /** Who is there, as presence has it. */
  readonly present = new Set<NodeId>();
  readonly #world: World;
  readonly #options: SimNodeOptions;
  readonly #localHello: Uint8Array;
  readonly #links = new Map<number, SimLinkEnd>();
  readonly #dials = new Map<number, Dialling>();
  readonly #dirty = new Set<number>();
  readonly #touched = new Set<number>();
  /** What came while the tab slept. */
  readonly #missed: (() => void)[] = [];
  #seat: Seat | undefined;
  #armedAt: number | undefined;
  #isPumping = false;

  constructor(options: SimNodeOptions) {
    const { world, place, identity, entropy, networkId, adversary } = options;
    this.#world = world;
    this.#options = options;
    this.index = place.index;
    this.id = identity.local.node;
    this.place = place;
    this.identity = identity;
    this.adversary = adversary;
    this.startedAt = world.now;
    const secure = createSecureChannelFactory({ identity: identity.local, networkId, entropy });
    this.#localHello = secure.localHello;
    const channels = observedChannels(options.channels?.(secure) ?? secure, this, world.observers, adversary);
    this.machine = new NodeMachine({
      identity: identity.local,
      networkId,
      channels,
      entropy,
      now: this.clock,
      readPresenceItem: world.presenceItems.read,
    });
    this.application = new SimApplication(this, world);
    this.registry = world.options.nodes <= MAX_NODES_WITH_REGISTRY ? new SimRegistry(this, world, identity, networkId, entropy) : undefined;
  }

  get nat(): NatType {
    return this.#options.nat;
  }

  /** The node's own clock. */
  get clock(): number {
    return this.#world.epoch + this.#world.now + this.#options.skewMs + (this.adversary?.skewMs ?? 0);
  }

  get isRunning(): boolean {
    return this.status === 'running';
  }

  /** Neither crashed nor closed. */
  get isAlive(): boolean {
    return this.status === 'running' || this.status === 'asleep';
  }

  get isHonest(): boolean {
    return this.adversary === undefined;
  }

  /** Open links: data channels of its own, not circuits over those of others. */
  get linkCount(): number {
    return this.#links.size;
  }

  /** Whether it has a session with the node over a link of its own. */
  isNeighbourOf(node: NodeId): boolean {
    return this.sessions.has(node) && this.machine.peers.get(node)?.path?.kind === 'direct';
  }

  /** Its session with the node, by the number of its connection. */
  connectionWith(node: NodeId): number | undefined {
    for (const connection of this.#links.keys()) if (this.machine.connectionOf(connection)?.identity?.node === node) return connection;
    return undefined;
  }

  get dialCount(): number {
    return this.#dials.size;
  }

  tables(): readonly TableSize[] {
    return this.machine.tables();
  }

  /** Digests of what every connected node must have the same of at the end: who is there, and the registry. */
  replicas(): Readonly<Record<string, string>> {
    // An adversary that breaks its own links comes and goes; nodes that it made up are there for everybody or for nobody.
    const present = [...this.present].filter((node) => !this.#world.nodeById(node)?.adversary);
    return {
      presence: toHex(sha256(utf8([...present, this.id].toSorted().join()))),
      ...(this.registry ? { registry: this.registry.digest() } : {}),
    };
  }

  // ── what scenarios do to it ────────────────────────────────────────────────────────────────────────────────────

  start(): void {
    this.registry?.start();
    this.application.subscribe();
    this.tell({ type: 'signaling', server: 0, input: { type: 'start' } });
    this.adversary?.start(this, this.#world);
  }

  /** In order: everybody is told. */
  close(): void {
    this.tell({ type: 'close' });
    this.#stop('closed');
  }

  /** The process is killed. */
  crash(): void {
    const seat = this.#seat;
    this.#world.queue.after(SERVER_NOTICES_MS, () => seat?.close());
    this.#stop('crashed');
    this.place.isDown = true;
    this.#world.network.reconsider();
  }

  /** The tab freezes; with `isMachineDown` the whole machine sleeps, so that the others do not even get answers from its network stack. */
  sleep(isMachineDown: boolean): void {
    if (!this.isRunning) return;
    this.status = 'asleep';
    this.place.isDown = isMachineDown;
    this.#world.network.reconsider();
  }

  /** What came meanwhile is handled first, then the platform says that it is back. */
  wake(): void {
    if (this.status !== 'asleep') return;
    this.status = 'running';
    this.place.isDown = false;
    this.#world.network.reconsider();
    for (const run of this.#missed.splice(0)) run();
    this.tell({ type: 'nudge', why: 'resume' });
  }

  // ── the way in ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Everything that reaches the machine from outside comes through here. */
  tell(input: NodeInput | Wake): void {
    this.#whenAwake(() => {
      if (input.type === 'connection' && input.input.type === 'stream') this.#dirty.add(input.connection);
      this.machine.handle(input, this.clock);
      if (!this.#isPumping) this.#pump();
    });
  }

  #whenAwake(run: () => void): void {
    if (this.status === 'running') run();
    else if (this.status === 'asleep') this.#missed.push(run);
  }

  #stop(status: 'closed' | 'crashed'): void {
    this.status = status;
    this.#dials.clear();
    this.sessions.clear();
    for (const observer of this.#world.observers) observer.gone(this);
  }

  // ── the pump ───────────────────────────────────────────────────────────────────────────────────────────────────

  #pump(): void {
    const { machine, clock } = this;
    this.#isPumping = true;
    do {
      for (const connection of this.#dirty) machine.flush(connection, clock);
      this.#dirty.clear();
      for (let output = machine.poll(); output; output = machine.poll()) this.#execute(output);
      this.#reportBuffers();
      for (let output = machine.poll(); output; output = machine.poll()) this.#execute(output);
    } while (this.#dirty.size > 0);
    this.#isPumping = false;
    this.#arm();
  }

  /** One timer for each node; it may ring too early, never too late. */
  #arm(): void {
    const next = this.machine.nextWakeAt();
    if (next === undefined) return;
    const { queue } = this.#world;
    const at = Math.max(queue.now, Math.ceil(next - this.clock + queue.now));
    if (this.#armedAt !== undefined && this.#armedAt <= at) return;
    this.#armedAt = at;
    queue.at(at, () => this.#ring(at));
  }

  #ring(at: number): void {
    if (this.#armedAt !== at) return;
    this.#whenAwake(() => {
      this.#armedAt = undefined;
      const due = this.machine.nextWakeAt();
      if (due === undefined) return;
      if (due > this.clock) return this.#arm();
      this.machine.handle(WAKE, this.clock);
      this.#pumpAfterWake();
    });
  }

  #pumpAfterWake(): void {
    // A machine that wants to be woken at once again would stop virtual time: it waits a millisecond, and is reported.
    this.#armedAt = this.#world.now;
    this.#pump();
    this.#armedAt = undefined;
    const next = this.machine.nextWakeAt();
    for (const observer of this.#world.observers) observer.woken(this, next);
    if (next !== undefined && next <= this.clock) {
      const at = (this.#armedAt = this.#world.now + 1);
      this.#world.queue.at(at, () => this.#ring(at));
    } else {
      this.#arm();
    }
  }

  #execute(output: NodeOutput): void {
    switch (output.type) {
      case 'connection':
        return this.#connectionOutput(output.connection, output.output);
      case 'verify':
        return this.machine.handle({ type: 'verified', job: output.job, valid: this.#world.signatures.all(output.checks) }, this.clock);
      case 'signaling':
        return this.#signalingOutput(output.output);
      case 'signaling-list':
        return this.#seat?.list();
      case 'signaling-look-up':
        return this.#seat?.lookUp(publicKeyOf(output.node));
      case 'signaling-announce':
        return this.#seat?.announce(output.on);
      case 'introduce':
        return this.#introduce(output);
      case 'mesh-verify': {
        const valid = this.#world.signatures.all(output.checks);
        return this.machine.handle({ type: 'mesh', input: { type: 'verified', job: output.job, valid } }, this.clock);
      }
      case 'sign': {
        const signer = output.key === 'node' ? this.identity.signer : this.identity.deviceSigner;
        return this.machine.handle(
          { type: 'mesh', input: { type: 'signed', job: output.job, signature: signer.signNow(output.message) } },
          this.clock,
        );
      }
      case 'relay':
        return this.relay(output.to, output.sealed);
      case 'drop-link':
        return this.#dropLink(output.link);
      case 'registry':
        return this.registry?.event(output.output);
      case 'node-up':
        if (output.card.node === this.id) return;
        this.present.add(output.card.node);
        this.registry?.presenceChanged(output.card.person);
        for (const observer of this.#world.observers) observer.presenceGained(this, output.card.node);
        return;
      case 'node-down':
        this.present.delete(output.node);
        for (const observer of this.#world.observers) observer.presenceLost(this, output.node);
        return;
      case 'published':
        return this.application.published(output);
      case 'rtc-dial':
        return this.#dial(output.dial, output.initiator);
      case 'rtc-signal':
        return this.#dials.get(output.dial)?.dial.signal(output.signal);
      case 'rtc-abandon':
        return this.#abandon(output.dial);
      case 'adopt':
        return this.#adopt(output.dial, output.connection);
      case 'opened':
        return this.application.opened(output.request, output.connection, output.stream);
      case 'open-failed':
        return this.application.openFailed(output.request);
      case 'peer-up':
        this.sessions.add(output.peer.node);
        for (const observer of this.#world.observers) observer.sessionUp(this, output.peer.node);
        return;
      case 'peer-down':
        this.sessions.delete(output.peer.node);
        for (const observer of this.#world.observers) observer.sessionDown(this, output.peer.node, output.code);
        return;
      case 'fault':
        return this.#fault(output.code, output.detail);
      case 'peer':
      case 'state':
        return;
    }
  }

  #fault(code: ErrorCode, detail: string): void {
    for (const observer of this.#world.observers) observer.fault(this, code, detail);
  }

  // ── links ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #connectionOutput(connection: number, output: Extract<NodeOutput, { readonly type: 'connection' }>['output']): void {
    const { machine, clock } = this;
    switch (output.type) {
      case 'transmit':
        return this.#transmit(connection, output.frame);
      case 'low-water':
        return;
      case 'stream':
        return this.application.streamOutput(connection, output.output);
      case 'verify': {
        const valid = this.#world.signatures.all(output.checks);
        return machine.handle({ type: 'connection', connection, input: { type: 'verified', job: output.job, valid } }, clock);
      }
      case 'bulk': {
        const bytes = bulkNow(output.operation, output.work);
        return machine.handle({ type: 'connection', connection, input: { type: 'bulk-done', job: output.job, ...(bytes ? { bytes } : {}) } }, clock);
      }
      case 'closed': {
        const end = this.#links.get(connection);
        this.#links.delete(connection);
        if (end) this.#world.network.close(end);
        return this.application.connectionClosed(connection);
      }
    }
  }

  #dropLink(link: number): void {
    const end = this.#links.get(link);
    this.#links.delete(link);
    if (end) this.#world.network.close(end);
  }

  #transmit(connection: number, frame: Uint8Array): void {
    const end = this.#links.get(connection);
    if (!end) return;
    for (const sent of this.adversary?.frames(frame) ?? [frame]) {
      this.bytesSent += sent.length;
      this.framesSent++;
      this.#world.network.send(end, sent);
    }
    this.#touched.add(connection);
  }

  /** After each burst the connections learn how much of it waits in their links. */
  #reportBuffers(): void {
    if (this.#touched.size === 0) return;
    const { network, queue } = this.#world;
    const bytes = network.backlogBytes(this.place);
    for (const connection of this.#touched) {
      this.machine.handle({ type: 'connection', connection, input: { type: 'link-buffer', bytes } }, this.clock);
      if (bytes >= AWAITED_BACKLOG_BYTES) queue.at(this.place.uplinkFreeAt, () => this.#drained(connection));
    }
    this.#touched.clear();
  }

  #drained(connection: number): void {
    if (!this.#links.has(connection)) return;
    this.tell({ type: 'connection', connection, input: { type: 'link-buffer', bytes: this.#world.network.backlogBytes(this.place) } });
  }

  #bind(connection: number, end: SimLinkEnd): void {
    this.#links.set(connection, end);
    for (const observer of this.#world.observers) observer.linkAdded(this);
    end.bind({
      frame: (bytes) => this.tell({ type: 'connection', connection, input: { type: 'frame', bytes } }),
      closed: (code) =>
        this.#whenAwake(() => {
          this.#links.delete(connection);
          this.tell({ type: 'connection', connection, input: { type: 'link-closed', code, detail: '' } });
        }),
    });
  }

  // ── dialling ───────────────────────────────────────────────────────────────────────────────────────────────────

  #dial(key: number, isInitiator: boolean): void {
    const dialling: Dialling = {
      end: undefined,
      dial: this.#world.rtc.dial({
        place: this.place,
        nat: this.#options.nat,
        isInitiator,
        handlers: {
          signal: (signal) => this.tell({ type: 'dials', input: { type: 'rtc-signal', dial: key, signal } }),
          linked: (end, facts) => this.#whenAwake(() => this.#linked(key, dialling, end, facts)),
          failed: (code, detail) => this.tell({ type: 'dials', input: { type: 'rtc-failed', dial: key, code, detail } }),
        },
      }),
    };
    this.#dials.set(key, dialling);
  }

  #linked(key: number, dialling: Dialling, end: SimLinkEnd, link: LinkFacts): void {
    dialling.end = end;
    for (const observer of this.#world.observers) observer.linked(this);
    this.tell({ type: 'rtc-linked', dial: key, link });
    // The machine had given the attempt up.
    if (this.#dials.delete(key)) this.#world.network.close(end);
  }

  #adopt(key: number, connection: number): void {
    const end = this.#dials.get(key)?.end;
    this.#dials.delete(key);
    if (end) this.#bind(connection, end);
  }

  #abandon(key: number): void {
    this.#dials.get(key)?.dial.abandon();
    this.#dials.delete(key);
  }

  #introduce(output: Extract<NodeOutput, { readonly type: 'introduce' }>): void {
    const introduction = {
      ...output.introduction,
      ...(output.withHello ? { hello: this.#localHello } : {}),
      ...(output.withCard ? { card: this.identity.card } : {}),
    };
    const { body, message } = introductionToSign(introduction, { from: this.id, to: output.to, networkId: this.#options.networkId });
    const sealed = sealIntroduction(body, this.identity.signer.signNow(message), output.sealingKey, this.#options.entropy);
    for (const sent of this.adversary?.introductions(sealed) ?? [sealed])
      this.machine.handle({ type: 'sealed', to: output.to, sealed: sent }, this.clock);
  }

  /** Has the signaling server carry bytes to a node. */
  relay(to: NodeId, sealed: Uint8Array): void {
    if (!this.#seat) return;
    this.bytesSent += sealed.length;
    this.framesSent++;
    this.#seat.relay(publicKeyOf(to), sealed);
  }

  // ── signaling ──────────────────────────────────────────────────────────────────────────────────────────────────

  #signalingOutput(output: Extract<NodeOutput, { readonly type: 'signaling' }>['output']): void {
    switch (output.type) {
      case 'connect':
        this.#connectSignaling();
        return;
      case 'disconnect':
        this.#seat?.close();
        this.#seat = undefined;
        return;
      case 'join': {
        const room = roomOf(this.#options.networkId);
        this.#seat?.join(room, this.identity.signer.publicKey, this.identity.card);
        return;
      }
    }
  }

  #connectSignaling(): void {
    const seat: Seat = this.#world.signaling.connect({
      challenged: (challenge) => this.tell({ type: 'signaling', server: 0, input: { type: 'challenged', challenge } }),
      welcomed: (peerCards) => this.tell({ type: 'welcomed', server: 0, peerCards }),
      relayed: (sealed) => this.tell({ type: 'relayed', server: 0, sealed }),
      absent: (key) => this.#absent(key),
      closed: (detail) =>
        this.#whenAwake(() => {
          if (this.#seat === seat) this.#seat = undefined;
          this.tell({ type: 'signaling', server: 0, input: { type: 'closed', code: 'signaling-unreachable', detail } });
        }),
    });
    this.#seat = seat;
  }

  #absent(key: Uint8Array): void {
    const node = this.#world.nodeByKey(key);
    if (node) this.tell({ type: 'dials', input: { type: 'absent', node: node.id } });
  }
}
