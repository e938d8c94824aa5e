import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier } from '../base/machine.ts';
import { retryDelayMs } from '../base/retry-delay.ts';
import type { NodeApi } from '../node/api.ts';
import type { Clock } from '../ports/clock.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { HostDialer, HostUrlProblem } from '../ports/host-dialer.ts';
import type { Link } from '../ports/link.ts';

/** Who told of a host, the most trusted first: this person, whoever invited them, the server of the place, an earlier visit, the network. */
const SOURCES = ['own', 'invite', 'server', 'before', 'network'] as const;
export type HostSource = (typeof SOURCES)[number];

/** A host as far as this node has to do with it. `waiting`: it is tried again later. */
export type HostInfo = {
  readonly url: string;
  readonly source: HostSource;
  /** Known after its first word, or from its card. */
  readonly node?: NodeId;
  readonly state: 'unused' | 'connecting' | 'linked' | 'waiting';
  /** Why this page cannot use the address at all. */
  readonly problem?: HostUrlProblem;
};

export type HostLinksOptions = {
  readonly node: NodeApi;
  readonly dialer: HostDialer;
  readonly clock: Clock;
  readonly entropy: Entropy;
};

type Host = {
  readonly url: string;
  source: HostSource;
  node: NodeId | undefined;
  readonly problem: HostUrlProblem | undefined;
  state: 'idle' | 'dialling' | 'opening' | 'linked';
  failures: number;
  notBefore: number;
  giveUp: () => void;
};

/**
 * The node's links to hosts: two of those that are known, while they are wanted. A link that is not wanted any more is the node's to close, once the
 * sessions on it are elsewhere.
 */
export class HostLinks {
  readonly #options: HostLinksOptions;
  readonly #hosts = new Map<string, Host>();
  #isOn = false;
  #cancelWake: () => void = () => undefined;
  /** Something that {@link hosts} or {@link isLinked} tells changed. */
  onChange: () => void = () => undefined;
  /** The host at this address is there: it can be tried first next time. */
  onLinked: (url: string) => void = () => undefined;

  constructor(options: HostLinksOptions) {
    this.#options = options;
    const { node } = options;
    node.on('peer', ({ node: peer, state, path }) => this.#peer(peer, state === 'connected' && path?.kind === 'host'));
    for (const { url, node: of } of node.hosts()) this.add(url, of ? 'network' : 'server', of);
    node.on('host', ({ url, node: of }) => this.add(url, of ? 'network' : 'server', of));
  }

  /** The best first. */
  get hosts(): readonly HostInfo[] {
    return this.#inOrder().map(({ url, source, node, state, failures, problem }) => ({
      url,
      source,
      state: state === 'linked' ? 'linked' : state !== 'idle' ? 'connecting' : this.#isOn && failures > 0 ? 'waiting' : 'unused',
      ...(node ? { node } : {}),
      ...(problem ? { problem } : {}),
    }));
  }

  /** Whether a session with a host goes over a link to it. */
  get isLinked(): boolean {
    return [...this.#hosts.values()].some(({ state }) => state === 'linked');
  }

  /** Whether there is any that this page can use. */
  get isAnyKnown(): boolean {
    return [...this.#hosts.values()].some(({ problem }) => !problem);
  }

  problemOf(url: string): HostUrlProblem | undefined {
    return this.#options.dialer.problemOf(url);
  }

  setOn(isOn: boolean): void {
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    if (!isOn) for (const host of this.#hosts.values()) this.#giveUp(host);
    this.#fill();
    this.onChange();
  }

  add(url: string, source: HostSource, node?: NodeId): void {
    const known = this.#hosts.get(url);
    if (known) {
      if (rankOf(source) < rankOf(known.source)) known.source = source;
      known.node ??= node;
    } else {
      if (this.#hosts.size >= LIMITS.maxKnownHosts && !this.#forgetWorst(source)) return;
      const problem = this.#options.dialer.problemOf(url);
      this.#hosts.set(url, { url, source, node, problem, state: 'idle', failures: 0, notBefore: 0, giveUp: () => undefined });
    }
    this.#fill();
    this.onChange();
  }

  /** An own one is none any more; if the network tells of it, too, it is as good as others. */
  disown(url: string): void {
    const host = this.#hosts.get(url);
    if (host?.source !== 'own') return;
    const told = this.#options.node.hosts().find((known) => known.url === url);
    if (told) host.source = told.node ? 'network' : 'server';
    else if (host.state === 'idle' || host.state === 'dialling') {
      this.#giveUp(host);
      this.#hosts.delete(url);
    } else host.source = 'before';
    this.#fill();
    this.onChange();
  }

  /** Something changed outside: those that failed are tried again at once. */
  retryNow(): void {
    for (const host of this.#hosts.values()) if (host.state === 'idle' && Number.isFinite(host.notBefore)) host.notBefore = 0;
    this.#fill();
  }

  close(): void {
    this.#isOn = false;
    this.#cancelWake();
    for (const host of this.#hosts.values()) this.#giveUp(host);
  }

  // ── choosing ───────────────────────────────────────────────────────────────────────────────────────────────────

  #fill(): void {
    this.#cancelWake();
    if (!this.#isOn) return;
    const now = this.#options.clock.now();
    let wakeAt: number | undefined;
    let missing = LIMITS.hostLinks - [...this.#hosts.values()].filter(({ state }) => state !== 'idle').length;
    for (const host of this.#inOrder()) {
      if (missing <= 0) break;
      if (host.state !== 'idle' || host.problem || this.#isServed(host.node)) continue;
      if (host.notBefore > now) {
        if (Number.isFinite(host.notBefore)) wakeAt = earlier(wakeAt, host.notBefore);
        continue;
      }
      missing--;
      this.#dial(host);
    }
    if (wakeAt !== undefined) this.#cancelWake = this.#options.clock.wakeAt(wakeAt, () => this.#fill());
  }

  #inOrder(): readonly Host[] {
    return [...this.#hosts.values()].sort((a, b) => rankOf(a.source) - rankOf(b.source) || a.failures - b.failures);
  }

  /** Whether there is a link, or the beginning of one, to the node over another of its addresses. */
  #isServed(node: NodeId | undefined, besides?: Host): boolean {
    if (node === undefined) return false;
    if (node === this.#options.node.id) return true;
    return [...this.#hosts.values()].some((host) => host !== besides && host.node === node && host.state !== 'idle');
  }

  /** Makes room for one that is better than some other. */
  #forgetWorst(source: HostSource): boolean {
    const worst = this.#inOrder().findLast(({ state }) => state === 'idle');
    if (!worst || rankOf(worst.source) < rankOf(source)) return false;
    this.#hosts.delete(worst.url);
    return true;
  }

  // ── links ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #dial(host: Host): void {
    host.state = 'dialling';
    host.giveUp = this.#options.dialer.dial(host.url, {
      linked: (link, node) => this.#opened(host, link, node),
      ended: () => this.#ended(host),
    });
    this.onChange();
  }

  #opened(host: Host, link: Link, node: NodeId): void {
    host.node = node;
    if (this.#isServed(node, host)) {
      host.notBefore = Number.POSITIVE_INFINITY;
      return link.close();
    }
    host.state = 'opening';
    this.#options.node.attachLink(link, 'initiator', node);
    this.onChange();
  }

  /** The session with the node goes over a link to a host, or elsewhere. */
  #peer(node: NodeId, isOverSocket: boolean): void {
    for (const host of this.#hosts.values()) {
      if (host.node !== node || host.state !== 'opening' || !isOverSocket) continue;
      Object.assign(host, { state: 'linked', failures: 0 });
      this.onLinked(host.url);
      this.onChange();
    }
  }

  #ended(host: Host): void {
    if (host.state === 'idle') return;
    const { clock, entropy } = this.#options;
    host.failures = host.state === 'linked' ? 0 : host.failures + 1;
    host.state = 'idle';
    const delayMs = retryDelayMs(host.failures, { firstMs: LIMITS.hostRetryFirstMs, maxMs: LIMITS.hostRetryMaxMs }, entropy);
    if (Number.isFinite(host.notBefore)) host.notBefore = clock.now() + delayMs;
    this.#fill();
    this.onChange();
  }

  #giveUp(host: Host): void {
    if (host.state !== 'dialling') return;
    host.state = 'idle';
    host.giveUp();
  }
}

function rankOf(source: HostSource): number {
  return SOURCES.indexOf(source);
}
