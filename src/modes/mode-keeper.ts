import { ParleyError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { NodeApi } from '../node/api.ts';
import type { Mode } from '../node/left-links.ts';
import type { HostUrlProblem } from '../ports/host-dialer.ts';
import type { Records } from '../ports/records.ts';
import { readMode } from './chosen-mode.ts';
import type { HostInfo, HostLinks } from './host-links.ts';

/** How dials of direct links go, as far as it can be told (`transport/watched-dialer.ts`). */
export interface DirectDials {
  /** Attempts that failed since the last one that opened. */
  readonly failures: number;
  onChange: () => void;
}

export type ModeState = {
  readonly chosen: Mode;
  /** What the node does now: as chosen, or what is possible. */
  readonly mode: Mode;
  /** Why it is not what was chosen. `no-host`: what was chosen begins when a host is found. */
  readonly reason?: 'no-webrtc' | 'no-direct-links' | 'no-host';
  /** Hosts are needed: is one linked, is one looked for, or is none known? */
  readonly need?: 'met' | 'looking' | 'none-known';
  readonly hosts: readonly HostInfo[];
};

export type ModeKeeperOptions = {
  readonly node: NodeApi;
  readonly links: HostLinks;
  readonly records: Records;
  /** The network's id as text: hosts are remembered for each. */
  readonly network: string;
  readonly chosen: Mode;
  readonly hasWebRtc: boolean;
  readonly dials: DirectDials;
  /** A leaf has its hub's links. */
  readonly isHub: boolean;
  /** Of the invite by which this page came here. */
  readonly invitedBy: string | undefined;
};

/** Keeps the node in the mode that the person chose, as far as browser and network allow it, and remembers the choice and the hosts. */
export class ModeKeeper {
  readonly #options: ModeKeeperOptions;
  readonly #links: HostLinks;
  #chosen: Mode;
  #isHub: boolean;
  #own: readonly string[] = [];
  readonly #loaded: Promise<void>;
  /** How often the person chose, here. */
  #choices = 0;
  /** {@link state} is another. */
  onChange: () => void = () => undefined;

  constructor(options: ModeKeeperOptions) {
    this.#options = options;
    const { links, dials, node } = options;
    this.#links = links;
    this.#chosen = options.chosen;
    this.#isHub = options.isHub;
    links.onChange = () => this.#decide();
    links.onLinked = (url) => void this.#remember(url).catch(() => undefined);
    dials.onChange = () => this.#decide();
    node.on('state', () => this.#decide());
    if (options.invitedBy !== undefined) links.add(options.invitedBy, 'invite');
    this.#decide();
    // Without storage nothing is remembered, and what the network tells is all there is.
    this.#loaded = this.load().catch(() => undefined);
  }

  get state(): ModeState {
    const { node, hasWebRtc } = this.#options;
    const mode = this.#isHub ? node.mode : this.#chosen;
    const needsHosts = this.#isHub && this.#needsHosts;
    const need = this.#links.isLinked ? 'met' : this.#links.isAnyKnown ? 'looking' : 'none-known';
    const reason = mode === this.#chosen ? undefined : !hasWebRtc ? 'no-webrtc' : this.#chosen === 'decentralised' ? 'no-direct-links' : 'no-host';
    return { chosen: this.#chosen, mode, hosts: this.#links.hosts, ...(reason ? { reason } : {}), ...(needsHosts ? { need } : {}) };
  }

  /** The address of a host that this node is linked with, for others to come by. */
  get linkedHost(): string | undefined {
    return this.#links.hosts.find(({ state }) => state === 'linked')?.url;
  }

  /** @throws ParleyError when it cannot be remembered; it holds all the same */
  async choose(mode: Mode): Promise<void> {
    this.#chosen = mode;
    this.#choices++;
    this.#decide();
    await this.#options.records.table<Mode>('settings').put(CHOSEN, mode);
  }

  /** Adds a host by its address, as a person typed it. Answers why it cannot be used. @throws ParleyError `overloaded`, `storage-…` */
  async addHost(text: string): Promise<HostUrlProblem | undefined> {
    await this.#loaded;
    const url = hostUrlOf(text);
    const problem = url === undefined ? 'no-url' : this.#links.problemOf(url);
    if (url === undefined || problem) return problem;
    if (this.#own.length >= LIMITS.maxOwnHosts && !this.#own.includes(url)) throw new ParleyError('overloaded', 'You have added too many hosts.');
    await this.#setOwn([...this.#own.filter((known) => known !== url), url]);
    return undefined;
  }

  /** @throws ParleyError `storage-…` */
  async removeHost(url: string): Promise<void> {
    await this.#loaded;
    await this.#setOwn(this.#own.filter((known) => known !== url));
  }

  setHub(isHub: boolean): void {
    this.#isHub = isHub;
    this.#decide();
  }

  retryNow(): void {
    this.#links.retryNow();
  }

  /** Reads what is stored: at the start, and when another tab changed it. */
  async load(): Promise<void> {
    const { records, network } = this.#options;
    const choices = this.#choices;
    const [chosen, own, before] = await Promise.all([
      records.table<unknown>('settings').get(CHOSEN),
      records.table<readonly string[]>('settings').get(OWN_HOSTS),
      records.table<readonly string[]>('peers').get(`hosts:${network}`),
    ]);
    // What is chosen meanwhile is newer than what was read.
    if (choices === this.#choices) this.#chosen = readMode(chosen);
    this.#showOwn(own ?? []);
    for (const url of before ?? []) this.#links.add(url, 'before');
    this.#decide();
  }

  get #needsHosts(): boolean {
    const { hasWebRtc, dials } = this.#options;
    return this.#chosen !== 'decentralised' || !hasWebRtc || dials.failures >= LIMITS.hopelessDials;
  }

  /** Opens the other way before the one that is there is closed: without a host, and with sessions, direct links stay. */
  #decide(): void {
    const { node, hasWebRtc } = this.#options;
    this.#links.setOn(this.#isHub && this.#needsHosts);
    const wanted = !hasWebRtc ? 'centralised' : this.#needsHosts && this.#chosen === 'decentralised' ? 'hybrid' : this.#chosen;
    const mustWait = wanted === 'centralised' && node.mode !== 'centralised' && !this.#links.isLinked && node.state().connectedPeers > 0;
    const mode = mustWait ? 'hybrid' : wanted;
    if (this.#isHub && node.mode !== mode) node.setMode(mode);
    this.onChange();
  }

  async #setOwn(own: readonly string[]): Promise<void> {
    this.#showOwn(own);
    await this.#options.records.table<readonly string[]>('settings').put(OWN_HOSTS, own);
  }

  #showOwn(own: readonly string[]): void {
    for (const url of this.#own) if (!own.includes(url)) this.#links.disown(url);
    this.#own = own;
    for (const url of own) this.#links.add(url, 'own');
  }

  async #remember(url: string): Promise<void> {
    const { records, network } = this.#options;
    await records.table<readonly string[]>('peers').update(`hosts:${network}`, (before) => {
      return [url, ...(before ?? []).filter((known) => known !== url)].slice(0, LIMITS.maxOwnHosts);
    });
  }
}

const CHOSEN = 'mode';
const OWN_HOSTS = 'hosts';

/** People name a host with or without the scheme: `chat.example/link` is one over TLS. */
function hostUrlOf(text: string): string | undefined {
  const trimmed = text.trim();
  const whole = /^wss?:\/\//i.test(trimmed) ? trimmed : /^https?:\/\//i.test(trimmed) ? trimmed.replace(/^http/i, 'ws') : `wss://${trimmed}`;
  if (trimmed === '' || !URL.canParse(whole)) return undefined;
  return new URL(whole).href;
}
