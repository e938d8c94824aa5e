import type { NodeId } from '../base/ids.ts';
import type { Link } from '../ports/link.ts';
import { MessagePortLink, type PortLike } from '../transport/message-port-link.ts';
import { isTabMessage, type TabMessage } from './tab-messages.ts';

const HUB_LOCK = 'parley-hub';
const CHANNEL = 'parley-tabs';

/** What the tabs of one browser need of this tab's node. */
export type TabNode = {
  readonly id: NodeId;
  setRole(role: 'hub' | 'leaf'): void;
  attachLink(link: Link, role: 'initiator' | 'responder', expectedNode?: NodeId): void;
};

/**
 * The tabs of one browser make one set of links: the tab that holds the hub's lock has them, the others are its leaves, linked to it by message
 * ports that the service worker hands over. When the hub closes or freezes, the browser gives the lock to the next tab, which takes over at once.
 */
export class Tabs {
  readonly #locks: LockManager | undefined;
  readonly #worker: ServiceWorkerContainer | undefined;
  readonly #channel: BroadcastChannel;
  #node: TabNode | undefined;
  #isHub = false;
  #letGo: () => void = () => undefined;
  #hub: NodeId | undefined;
  /** Told when this tab becomes the hub or stops to be it. */
  onRole: (isHub: boolean) => void = () => undefined;

  constructor(locks: LockManager | undefined, worker: ServiceWorkerContainer | undefined, channel = new BroadcastChannel(CHANNEL)) {
    this.#locks = locks;
    this.#worker = worker;
    this.#channel = channel;
  }

  get isHub(): boolean {
    return this.#isHub;
  }

  /** Takes the hub's part if nobody has it; without Web Locks every tab is a hub of its own. Answers whether this tab is the hub. */
  async claim(): Promise<boolean> {
    if (!this.#locks) this.#isHub = true;
    else await this.#request({ ifAvailable: true });
    return this.#isHub;
  }

  /** Follows the other tabs from now on: meets the hub, or the leaves. */
  start(node: TabNode): void {
    this.#node = node;
    this.#channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => this.#heard(data));
    this.#worker?.addEventListener('message', ({ data, ports }: MessageEvent<unknown>) => this.#handed(data, ports[0]));
    if (this.#isHub) void this.#announce();
    else this.#follow();
  }

  /** The page is about to freeze: a frozen hub would keep everybody waiting. */
  freeze(): void {
    if (!this.#isHub || !this.#locks) return;
    this.#letGo();
    this.#become(false);
  }

  resume(): void {
    if (!this.#isHub) this.#follow();
  }

  #follow(): void {
    this.#tell({ type: 'where-is-the-hub' });
    void this.#request({});
  }

  #request(options: LockOptions): Promise<void> {
    return new Promise((resolve) => {
      this.#locks
        ?.request(HUB_LOCK, options, (lock) => {
          if (!lock) return resolve();
          const held = new Promise<void>((letGo) => (this.#letGo = letGo));
          this.#become(true);
          resolve();
          return held;
        })
        .catch(() => resolve());
    });
  }

  #become(isHub: boolean): void {
    if (this.#isHub === isHub) return;
    this.#isHub = isHub;
    this.#hub = undefined;
    if (!this.#node) return;
    this.#node.setRole(isHub ? 'hub' : 'leaf');
    this.onRole(isHub);
    if (isHub) void this.#announce();
  }

  /** Tells the leaves under which name the service worker finds this page. */
  async #announce(): Promise<void> {
    const active = (await this.#worker?.ready)?.active;
    active?.postMessage({ type: 'who-am-i' } satisfies TabMessage);
  }

  #tell(message: TabMessage): void {
    this.#channel.postMessage(message);
  }

  #heard(data: unknown): void {
    if (!isTabMessage(data)) return;
    if (data.type === 'where-is-the-hub' && this.#isHub) void this.#announce();
    else if (data.type === 'hub-is' && !this.#isHub) void this.#meet(data.node as NodeId, data.client);
  }

  async #meet(hub: NodeId, client: string): Promise<void> {
    if (!this.#node || hub === this.#hub) return;
    this.#hub = hub;
    const active = (await this.#worker?.ready)?.active;
    if (!active || this.#hub !== hub) return;
    const { port1, port2 } = new MessageChannel();
    active.postMessage({ type: 'meet', client, node: this.#node.id } satisfies TabMessage, [port2]);
    const link = new MessagePortLink(port1 as PortLike);
    this.#node.attachLink(link, 'initiator', hub);
  }

  /** From the service worker: who we are, or a leaf's port. */
  #handed(data: unknown, port: MessagePort | undefined): void {
    if (!isTabMessage(data) || !this.#node || !this.#isHub) return;
    if (data.type === 'you-are') this.#tell({ type: 'hub-is', node: this.#node.id, client: data.client });
    else if (data.type === 'meet' && port) this.#node.attachLink(new MessagePortLink(port as PortLike), 'responder', data.node as NodeId);
  }
}
