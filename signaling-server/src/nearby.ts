import { randomBytes } from 'node:crypto';
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { NetworkInterfaceInfo } from 'node:os';
import makeMulticastDns from 'multicast-dns';
import type { MulticastDNS } from 'multicast-dns';
import { LIMITS } from './limits.ts';
import { readSightings, recordsOf, SERVICE } from './nearby-records.ts';
import type { Announcement, PlaceKind } from './nearby-records.ts';
import { NearbyTable } from './nearby-table.ts';

export type NearbyOptions = {
  /** What is announced; without it this one only looks for others. `listensOn`: a literal address or a name; all addresses when absent. */
  readonly own?: Omit<Announcement, 'id'> & { readonly listensOn: string | undefined };
  /** The IPv4 address of the interface to use; the system's choice when absent. */
  readonly interfaceAddress?: string;
  /** Others came or went. At most once in `LIMITS.nearbyChangeMs`, whatever the network does. */
  onChange(): void;
  /** Multicast does not work here, and whoever uses this goes on without. Told once. */
  onTrouble(error: Error): void;
};

/**
 * Parley servers and hosts of the local network, found by multicast DNS service discovery over IPv4 (RFC 6762, RFC 6763), and this one announced to them. A page
 * cannot do that; its server tells it who is near.
 */
export class Nearby {
  readonly #options: NearbyOptions;
  readonly #interfaceAddress: string | undefined;
  readonly #own: Announcement | undefined;
  readonly #id = randomBytes(8).toString('hex');
  readonly #table = new NearbyTable();
  readonly #mdns: MulticastDNS;
  readonly #timers = new Set<NodeJS.Timeout>();
  #answeredAt = -Infinity;
  #isAnswering = false;
  /** Whether `onChange` was called a short while ago, and whether it is due again. */
  #change: 'quiet' | 'told' | 'due' = 'quiet';
  #hadTrouble = false;
  #isStopped = false;

  constructor(options: NearbyOptions) {
    this.#options = options;
    const { own } = options;
    this.#interfaceAddress = options.interfaceAddress ?? interfaceOf(own?.listensOn);
    this.#own = own && canBeReached(own.listensOn, this.#interfaceAddress) ? { ...own, id: this.#id } : undefined;
    const on = this.#interfaceAddress;
    this.#mdns = makeMulticastDns(on === undefined ? {} : { interface: on, bind: '0.0.0.0' });
    this.#mdns.on('error', (error) => this.#trouble(error));
    this.#followInterfaces();
    this.#mdns.on('query', ({ questions = [] }) => questions.some(({ name }) => this.#isAbout(name)) && this.#answer());
    this.#mdns.on('response', ({ answers = [], additionals = [] }, { address }) => this.#heard([...answers, ...additionals], address));
    // Twice, a second apart, as RFC 6762 §8.3 has it for announcements.
    this.#speak();
    this.#in(1000, () => this.#speak());
    this.#in(LIMITS.nearbyQueryMs, () => this.#lookAgain());
    this.#in(LIMITS.nearbySweepMs, () => this.#sweep());
  }

  /** Whether others are told of this one: not where they could not reach it. */
  get isAnnounced(): boolean {
    return this.#own !== undefined;
  }

  /** WebSocket URLs of others. */
  urls(kind: PlaceKind): readonly string[] {
    return this.#table.urls(kind);
  }

  /** Says goodbye to the network and closes the socket. */
  stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    return new Promise((resolve) => this.#send(0, () => this.#mdns.destroy(() => resolve())));
  }

  // ── speaking ───────────────────────────────────────────────────────────────────────────────────────────────────

  #speak(): void {
    this.#send(LIMITS.nearbyTtlSeconds);
    this.#mdns.query(SERVICE, 'PTR', (error) => error && this.#trouble(error));
  }

  #lookAgain(): void {
    this.#mdns.query(SERVICE, 'PTR');
    this.#in(LIMITS.nearbyQueryMs, () => this.#lookAgain());
  }

  /** Several may answer: each a bit later than the question (RFC 6762 §6), none more than once a second, since everybody hears it. */
  #answer(): void {
    if (!this.#own || this.#isAnswering) return;
    this.#isAnswering = true;
    const spread = 20 + Math.random() * 100;
    this.#in(Math.max(spread, this.#answeredAt + 1000 - performance.now()), () => {
      this.#isAnswering = false;
      this.#answeredAt = performance.now();
      this.#send(LIMITS.nearbyTtlSeconds);
    });
  }

  #send(ttlSeconds: number, sent: () => void = () => undefined): void {
    if (!this.#own) return sent();
    this.#mdns.respond(recordsOf(this.#own, this.#addresses(), ttlSeconds), (error) => {
      if (error) this.#trouble(error);
      sent();
    });
  }

  #isAbout(name: string): boolean {
    const wanted = name.toLowerCase();
    return wanted === SERVICE || wanted === `parley-${this.#id}.${SERVICE}` || wanted === `parley-${this.#id}.local`;
  }

  // ── listening ──────────────────────────────────────────────────────────────────────────────────────────────────

  #heard(records: Parameters<typeof readSightings>[0], address: string): void {
    const sightings = readSightings(records).filter(({ id }) => id !== this.#id);
    if (sightings.length === 0 || !this.#isOnLink(address)) return;
    const now = performance.now();
    const changes = sightings.filter((sighting) => this.#table.seen(sighting, address, now));
    if (changes.length > 0) this.#changed();
  }

  #sweep(): void {
    if (this.#table.sweep(performance.now())) this.#changed();
    this.#in(LIMITS.nearbySweepMs, () => this.#sweep());
  }

  #changed(): void {
    if (this.#isStopped) return;
    if (this.#change !== 'quiet') {
      this.#change = 'due';
      return;
    }
    this.#change = 'told';
    this.#in(LIMITS.nearbyChangeMs, () => {
      const isDue = this.#change === 'due';
      this.#change = 'quiet';
      if (isDue) this.#changed();
    });
    this.#options.onChange();
  }

  /** RFC 6762 §11: what does not come from the link itself is not believed. Without it, anybody on the internet could answer. */
  #isOnLink(address: string): boolean {
    const link = new BlockList();
    for (const { address: own, netmask } of this.#interfaces()) link.addSubnet(own, prefixLength(netmask), 'ipv4');
    return isIPv4(address) && link.check(address, 'ipv4');
  }

  // ── interfaces ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Of the interfaces in use; one that the system does not list (127.0.0.2) has nobody but itself. */
  #interfaces(): readonly Pick<NetworkInterfaceInfo, 'address' | 'netmask' | 'internal'>[] {
    const all = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family }) => family === 'IPv4');
    const on = this.#interfaceAddress;
    if (on === undefined) return all;
    return [all.find(({ address }) => address === on) ?? { address: on, netmask: '255.255.255.255', internal: true }];
  }

  #addresses(): readonly string[] {
    const interfaces = this.#interfaces();
    return interfaces.filter(({ internal }) => !internal || this.#interfaceAddress !== undefined).map(({ address }) => address);
  }

  /** A single interface may know no multicast; it is trouble when none does. Packets that cannot be read come as warnings, too, and are nobody's. */
  #followInterfaces(): void {
    let hasJoined = false;
    let refusal: Error | undefined;
    this.#mdns.on('networkInterface', () => (hasJoined = true));
    this.#mdns.on('warning', (error) => 'syscall' in error && (refusal = error));
    this.#mdns.on('ready', () => !hasJoined && refusal && this.#trouble(refusal));
  }

  #trouble(error: Error): void {
    if (this.#hadTrouble || this.#isStopped) return;
    this.#hadTrouble = true;
    this.#options.onTrouble(error);
  }

  #in(delayMs: number, then: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#isStopped) then();
    }, delayMs).unref();
    this.#timers.add(timer);
  }
}

/** What listens on one address of the network is announced there, and nowhere else. */
function interfaceOf(listensOn: string | undefined): string | undefined {
  return listensOn !== undefined && isIPv4(listensOn) && !isEvery(listensOn) && !isLoopback(listensOn) ? listensOn : undefined;
}

/** Whether those who hear of it can reach what listens there: who only hears of it over IPv4 learns the IPv4 address of the interface. */
function canBeReached(listensOn: string | undefined, interfaceAddress: string | undefined): boolean {
  if (listensOn === undefined || isEvery(listensOn)) return true;
  if (isIPv6(listensOn)) return false;
  const isOwnMachines = isLoopback(listensOn);
  if (interfaceAddress === undefined || !isIPv4(listensOn)) return !isOwnMachines;
  return listensOn === interfaceAddress;
}

function isEvery(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

function isLoopback(host: string): boolean {
  return /^(127\.|localhost$|.*\.localhost$)/i.test(host);
}

function prefixLength(netmask: string): number {
  const bits = netmask.split('.').map((part) => Number(part).toString(2).replaceAll('0', '').length);
  return bits.reduce((sum, count) => sum + count, 0);
}
