import type { NodeId } from '../base/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Link } from '../ports/link.ts';
import { MessagePortLink, type PortLike } from '../transport/message-port-link.ts';
import { HubLock } from './hub-lock.ts';
import { isTabMessage, type HubStatus, type TabMessage } from './tab-messages.ts';

/** A leaf asks again after this long, twice as long each time, as long as it has no link with a hub. */
const ASK_AGAIN_MS = 1_000;
const ASK_AGAIN_MAX_MS = 30_000;
/** A hub that does not answer so many questions is frozen or hangs: its part is taken from it. */
const SILENT_ASKS = 3;

/** What the tabs of one browser need of this tab's node. */
export type TabNode = {
  readonly id: NodeId;
  attachLink(link: Link, role: 'initiator' | 'responder', expectedNode?: NodeId): void;
  on(name: 'peer-up', listener: (peer: { readonly node: NodeId }) => void): unknown;
  on(name: 'peer-down', listener: (ended: { readonly peer: { readonly node: NodeId } }) => void): unknown;
};

export type TabsOptions = {
  /** Without locks, or without a service worker to hand over ports, every tab is a hub of its own. */
  readonly locks: LockManager | undefined;
  readonly worker: Pick<ServiceWorkerContainer, 'ready' | 'addEventListener' | 'startMessages'> | undefined;
  /** Tabs in different networks have nothing to say to each other. */
  readonly network: string;
  readonly clock: Clock;
};

/** Where a leaf's hub is, as far as it knows. */
type Hub = { readonly node: NodeId; readonly client: string; readonly link: MessagePortLink };

/**
 * The tabs of one browser make one set of links: the tab that holds the hub's lock has them, the others are its leaves, linked to it by message
 * ports that the service worker hands over. When the hub closes or freezes, the browser gives the lock to the next tab, which takes over at once.
 */
export class Tabs {
  readonly #options: TabsOptions;
  #lock: HubLock | undefined;
  readonly #channel: BroadcastChannel;
  #node: TabNode | undefined;
  #isHub = false;
  #isClosed = false;
  /** This page as the service worker knows it. */
  #client: string | undefined;
  #hub: Hub | undefined;
  #isLinked = false;
  #asked = 0;
  #stopAsking: () => void = () => undefined;
  #status: HubStatus | undefined;
  #statusOfHub: HubStatus | undefined;
  /** Told when this tab becomes the hub or stops to be it; not of what {@link claim} answers. */
  onRole: (isHub: boolean) => void = () => undefined;
  /** Told when {@link hubStatus} changed. */
  onHubStatus: () => void = () => undefined;

  constructor(options: TabsOptions) {
    this.#options = options;
    const { locks, worker, network } = options;
    this.#channel = new BroadcastChannel(`parley-tabs ${network}`);
    if (locks && worker) this.#lock = new HubLock(locks, `parley-hub ${network}`, (isHeld) => (isHeld ? this.#become(true) : this.#lost()));
  }

  get isHub(): boolean {
    return this.#isHub;
  }

  /** How the hub is connected, for a leaf to show as its own; `undefined` in the hub itself. */
  get hubStatus(): HubStatus | undefined {
    if (this.#isHub) return undefined;
    return this.#isLinked && this.#statusOfHub ? this.#statusOfHub : { state: 'connecting', peers: 0, server: 'connecting', mode: 'decentralised' };
  }

  /** Takes the hub's part if nobody has it. Answers whether this tab is the hub. */
  async claim(): Promise<boolean> {
    if (this.#lock) await this.#lock.tryNow();
    else this.#isHub = true;
    return this.#isHub;
  }

  /** Follows the other tabs from now on: meets the hub, or the leaves. */
  start(node: TabNode): void {
    this.#node = node;
    const { worker } = this.#options;
    if (!this.#lock || !worker) return;
    node.on('peer-up', (peer) => peer.node === this.#hub?.node && this.#linked());
    node.on('peer-down', ({ peer }) => peer.node === this.#hub?.node && this.#unlinked());
    this.#channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => this.#heard(data));
    worker.addEventListener('message', ({ data, ports }: MessageEvent<unknown>) => this.#handed(data, ports[0]));
    worker.startMessages();
    void this.#toWorker({ type: 'who-am-i' });
    if (!this.#isHub) this.#follow();
  }

  /** This browser gives the page no service worker after all. */
  standAlone(): void {
    this.#stopAsking();
    this.#lock?.leave();
    this.#lock = undefined;
    this.#become(true);
  }

  /** The page goes away: the next tab need not wait until the browser has tidied up. */
  close(): void {
    this.#isClosed = true;
    this.#stopAsking();
    this.#lock?.leave();
    this.#channel.close();
  }

  /** The hub tells its leaves how it is connected. */
  publish(status: HubStatus): void {
    const before = this.#status;
    this.#status = status;
    if (before?.state === status.state && before.peers === status.peers && before.server === status.server) return;
    if (this.#isHub) this.#tell({ type: 'hub-status', ...status });
  }

  /** The page is about to freeze: a frozen hub would keep everybody waiting. */
  freeze(): void {
    if (!this.#lock) return;
    this.#stopAsking();
    this.#lock.leave();
    this.#become(false);
  }

  /** The page is awake again. */
  resume(): void {
    if (this.#lock && this.#node && !this.#isHub) this.#follow();
  }

  /** Another tab took over while this one did not notice. */
  stepBack(): void {
    this.freeze();
    this.resume();
  }

  #become(isHub: boolean): void {
    if (this.#isHub === isHub) return;
    this.#isHub = isHub;
    this.#stopAsking();
    this.#leaveHub();
    if (!this.#node) return;
    this.onRole(isHub);
    this.onHubStatus();
    if (isHub) this.#announce();
  }

  #lost(): void {
    this.#become(false);
    if (this.#node) this.#follow();
  }

  // ── the hub ────────────────────────────────────────────────────────────────────────────────────────────────────

  #announce(): void {
    if (!this.#node || this.#client === undefined) return;
    this.#tell({ type: 'hub-is', node: this.#node.id, client: this.#client });
    if (this.#status) this.#tell({ type: 'hub-status', ...this.#status });
  }

  // ── a leaf ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Waits to become the hub, and meets who is it until then. */
  #follow(): void {
    this.#lock?.await();
    this.#asked = 0;
    void this.#options.worker?.ready.then(() => this.#ask());
  }

  #ask(): void {
    this.#stopAsking();
    if (this.#isHub || this.#isLinked || !this.#lock?.isWaiting) return;
    if (this.#asked >= SILENT_ASKS) {
      this.#asked = 0;
      this.#lock.steal();
    }
    this.#tell({ type: 'where-is-the-hub' });
    const { clock } = this.#options;
    const patienceMs = Math.min(ASK_AGAIN_MS * 2 ** this.#asked++, ASK_AGAIN_MAX_MS);
    this.#stopAsking = clock.wakeAt(clock.now() + patienceMs, () => this.#ask());
  }

  async #meet(node: NodeId, client: string): Promise<void> {
    this.#asked = 0;
    if (this.#hub?.client === client && !this.#hub.link.hasEnded) return;
    this.#leaveHub();
    const { port1, port2 } = new MessageChannel();
    const link = new MessagePortLink(port1 as PortLike);
    this.#hub = { node, client, link };
    await this.#toWorker({ type: 'meet', client, node: this.#node?.id ?? '' }, port2);
    if (this.#hub.link === link) this.#node?.attachLink(link, 'initiator', node);
  }

  #linked(): void {
    this.#isLinked = true;
    this.#stopAsking();
    this.onHubStatus();
  }

  #unlinked(): void {
    this.#hub = undefined;
    this.#isLinked = false;
    this.onHubStatus();
    this.#follow();
  }

  /** The link of a hub that is gone tells nobody so. */
  #leaveHub(): void {
    const link = this.#hub?.link;
    this.#hub = undefined;
    this.#isLinked = false;
    link?.close();
  }

  // ── messages ───────────────────────────────────────────────────────────────────────────────────────────────────

  #tell(message: TabMessage): void {
    if (!this.#isClosed) this.#channel.postMessage(message);
  }

  async #toWorker(message: TabMessage, port?: MessagePort): Promise<void> {
    const active = (await this.#options.worker?.ready)?.active;
    active?.postMessage(message, port ? [port] : []);
  }

  #heard(data: unknown): void {
    if (!isTabMessage(data)) return;
    if (data.type === 'where-is-the-hub' && this.#isHub) this.#announce();
    else if (data.type === 'hub-is' && !this.#isHub && this.#lock?.isWaiting) void this.#meet(data.node as NodeId, data.client);
    else if (data.type === 'hub-status' && !this.#isHub) {
      const { state, peers, server, mode } = data;
      this.#statusOfHub = { state, peers, server, mode };
      this.onHubStatus();
    }
  }

  /** From the service worker: who we are, or a leaf's port. */
  #handed(data: unknown, port: MessagePort | undefined): void {
    if (!isTabMessage(data)) return;
    if (data.type === 'you-are') {
      this.#client = data.client;
      if (this.#isHub) this.#announce();
    } else if (data.type === 'meet' && port) {
      const link = new MessagePortLink(port as PortLike);
      if (this.#isHub) this.#node?.attachLink(link, 'responder', data.node as NodeId);
      else link.close();
    }
  }
}
