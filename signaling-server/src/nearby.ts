import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import bonjourService from 'bonjour-service';
import type { Service } from 'bonjour-service';
import { LIMITS } from './limits.ts';

const SERVICE_TYPE = 'parley';

export type NearbyOptions = {
  readonly port: number;
  readonly isTls: boolean;
  /** The address of the interface to use; all when absent. */
  readonly interfaceAddress?: string;
  /** Told when servers came or went. */
  onChange(): void;
  /** Multicast does not work here: the server runs on without. */
  onTrouble(error: Error): void;
};

/**
 * Other Parley servers of the local network, found by multicast DNS service discovery (RFC 6762, RFC 6763), and this one announced to them. A page
 * cannot do that; its server tells it who is near.
 */
export class Nearby {
  readonly #bonjour: InstanceType<typeof bonjourService.Bonjour>;
  /** Names this server among those that answer. */
  readonly #id = randomBytes(8).toString('hex');
  readonly #found = new Map<string, string>();
  readonly #options: NearbyOptions;

  constructor(options: NearbyOptions) {
    this.#options = options;
    const { interfaceAddress, port, isTls } = options;
    // Its types name less than what it hands on to its multicast socket.
    const multicast: object = interfaceAddress === undefined ? {} : { interface: interfaceAddress, bind: '0.0.0.0' };
    this.#bonjour = new bonjourService.Bonjour(multicast, (error: Error) => options.onTrouble(error));
    this.#bonjour.publish({ name: `parley-${this.#id}`, type: SERVICE_TYPE, port, txt: { id: this.#id, tls: isTls ? '1' : '0' }, probe: false });
    const browser = this.#bonjour.find({ type: SERVICE_TYPE });
    browser.on('up', (service) => this.#up(service));
    browser.on('down', (service) => this.#down(service));
  }

  /** WebSocket URLs of their introductions. */
  servers(): readonly string[] {
    return [...this.#found.values()];
  }

  /** Says goodbye to the network and closes the sockets. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#bonjour.unpublishAll(() => this.#bonjour.destroy(() => resolve()));
    });
  }

  /** Anybody on the network can answer anything: what is no address, no port or too much is left out. */
  #up(service: Service): void {
    const { id, tls } = (service.txt ?? {}) as { readonly id?: unknown; readonly tls?: unknown };
    if (typeof id !== 'string' || !/^[0-9a-f]{16}$/.test(id) || id === this.#id) return;
    if (!this.#found.has(id) && this.#found.size >= LIMITS.maxNearbyServers) return;
    const address = [...(service.addresses ?? []), service.referer?.address ?? ''].find((each) => isIP(each) === 4);
    const isPort = Number.isInteger(service.port) && service.port > 0 && service.port < 65_536;
    if (address === undefined || !isPort) return;
    this.#found.set(id, `${tls === '1' ? 'wss' : 'ws'}://${address}:${service.port}/signal`);
    this.#options.onChange();
  }

  #down(service: Service): void {
    const { id } = (service.txt ?? {}) as { readonly id?: unknown };
    if (typeof id === 'string' && this.#found.delete(id)) this.#options.onChange();
  }
}
