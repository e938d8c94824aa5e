import { BoundedMap } from '../base/bounded-map.ts';
import type { ErrorCode } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import type { LateTurns } from '../base/late-turns.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier, WAKE, type Machine, type Wake } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import type { PeerCard } from '../crypto/peer-card.ts';
import { SignalingServers } from '../p2p/bootstrap/signaling-servers.ts';
import { DialBook, type DialBookOutput } from '../p2p/dialling/dial-book.ts';
import { JoinExchange, type JoinOutput, type JoinState } from '../p2p/dialling/join-exchange.ts';
import type { PathId } from '../p2p/routing/routing-messages.ts';
import type { SignalingState } from './api.ts';
import { IntroductionInbox, type InboxOutput } from './introduction-inbox.ts';
import { IntroductionRoutes } from './introduction-routes.ts';
import type { NodeInput, NodeMachineOptions, NodeOutput } from './node-io.ts';
import type { LinkFacts, LinkOptions } from './session-links.ts';

export type DiallingInput =
  | Extract<NodeInput, { readonly type: 'signaling' | 'welcomed' | 'relayed' | 'verified' | 'dials' | 'join' | 'sealed' | 'card' | 'rtc-linked' }>
  | { readonly type: 'dial'; readonly node: NodeId; readonly sealingKey: Uint8Array }
  /** An introduction that came along a path of the mesh. */
  | { readonly type: 'carried'; readonly body: Uint8Array; readonly path: PathId }
  /** The mesh could not bring an introduction to the node. */
  | { readonly type: 'undeliverable'; readonly node: NodeId }
  /** Whether this node has links of its own. */
  | { readonly type: 'role'; readonly role: 'hub' | 'leaf' }
  | { readonly type: 'retry-now' }
  /** Nothing is to be dialled any more. */
  | { readonly type: 'abandon' }
  | { readonly type: 'close' };

export type DiallingOutput =
  /** For the pump. */
  | {
      readonly type: 'out';
      readonly output:
        | Extract<NodeOutput, { readonly type: 'signaling' | 'introduce' | 'rtc-signal' | 'rtc-abandon' | 'rtc-dial' | 'relay' | 'fault' }>
        | Extract<JoinOutput, { readonly type: 'compose' | 'code-verify' | 'join' }>
        | Extract<InboxOutput, { readonly type: 'verify' }>;
    }
  /** A link is open. */
  | { readonly type: 'linked'; readonly dial: number; readonly link: LinkFacts; readonly options: LinkOptions }
  | { readonly type: 'failed'; readonly node: NodeId; readonly code: ErrorCode }
  /** The other side answered a while ago, and there is no link yet. */
  | { readonly type: 'slow'; readonly node: NodeId }
  /** Whether a signaling server can carry introductions. */
  | { readonly type: 'carrier'; readonly isUp: boolean }
  | { readonly type: 'candidate'; readonly card: PeerCard; readonly isRemembered: boolean }
  /** An introduction to the node has to go through the mesh. */
  | { readonly type: 'carry'; readonly to: NodeId; readonly body: Uint8Array }
  | { readonly type: 'came-from'; readonly node: NodeId; readonly path: PathId };

export type DiallingOptions = Pick<NodeMachineOptions, 'identity' | 'networkId' | 'entropy' | 'now'> & {
  /** Whether there is room for a link with the node. */
  mayAccept(node: NodeId, now: number): boolean;
  /** Somebody dials this node: the next question for room counts it. */
  incoming(node: NodeId, now: number): void;
  hasNeighbours(): boolean;
  readonly turns: Pick<LateTurns, 'areComing'>;
};

/** How nodes come to links with each other: signaling servers, introductions over them and through the mesh, dial attempts, codes that people exchange. */
export class Dialling implements Machine<DiallingInput, DiallingOutput> {
  readonly #options: DiallingOptions;
  readonly #outputs = new Queue<DiallingOutput>();
  readonly #signaling: SignalingServers;
  readonly #dials: DialBook;
  readonly #join: JoinExchange;
  readonly #inbox: IntroductionInbox;
  readonly #routes = new IntroductionRoutes();
  /** Through which server a node was met. */
  readonly #metThrough = new BoundedMap<NodeId, number>(LIMITS.maxKnownPeers);
  readonly #sealingKeys = new BoundedMap<NodeId, Uint8Array>(LIMITS.maxKnownPeers);
  #isCarrierUp = false;
  #linkedFacts: { readonly dial: number; readonly link: LinkFacts } | undefined;

  constructor(options: DiallingOptions) {
    const { identity, networkId, entropy, now } = options;
    this.#options = options;
    this.#signaling = new SignalingServers(entropy);
    this.#dials = new DialBook(identity.node, entropy, options.turns);
    this.#join = new JoinExchange(identity.node, networkId, entropy);
    this.#inbox = new IntroductionInbox(identity, networkId, now);
  }

  get signalingState(): SignalingState {
    return this.#signaling.state;
  }

  signalingStateOf(server: number): SignalingState {
    return this.#signaling.stateOf(server);
  }

  get joinState(): JoinState {
    return this.#join.state;
  }

  get dialCount(): number {
    return this.#dials.size;
  }

  get unverifiedCount(): number {
    return this.#inbox.size;
  }

  isDialling(node: NodeId): boolean {
    return this.#dials.isDialling(node);
  }

  /** To which introductions to the node are sealed, once its card was seen. */
  sealingKeyOf(node: NodeId): Uint8Array | undefined {
    return this.#sealingKeys.get(node);
  }

  setSealingKey(node: NodeId, sealingKey: Uint8Array): void {
    this.#sealingKeys.set(node, sealingKey);
  }

  handle(input: DiallingInput | Wake, now: number): void {
    this.#dispatch(input, now);
    this.#drain(now);
  }

  poll(): DiallingOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    return earlier(this.#signaling.nextWakeAt(), earlier(this.#dials.nextWakeAt(), this.#join.nextWakeAt()));
  }

  #dispatch(input: DiallingInput | Wake, now: number): void {
    switch (input.type) {
      case 'signaling':
        return this.#signaling.handle({ type: 'server', server: input.server, input: input.input }, now);
      case 'welcomed':
        this.#signaling.handle({ type: 'server', server: input.server, input: { type: 'welcomed' } }, now);
        for (const card of input.peerCards) this.#inbox.card(card, input.server, now);
        return;
      case 'relayed':
        return this.#inbox.relayed(input.sealed, { server: input.server }, now);
      case 'carried':
        return this.#inbox.relayed(input.body, { server: undefined, path: input.path }, now);
      case 'verified':
        return this.#inbox.verified(input.job, input.valid);
      case 'card':
        return this.#inbox.card(input.card, undefined, now, input.isRemembered);
      case 'dials':
        return this.#fromPump(input.input, now);
      case 'dial':
        return this.#dials.handle(input, now);
      case 'rtc-linked':
        return this.#linked(input.dial, input.link, now);
      case 'join':
        return this.#join.handle(input.input, now);
      case 'sealed':
        return this.#sealed(input.to, input.sealed);
      case 'undeliverable':
        this.#routes.undeliverable(input.node);
        return this.#dials.handle({ type: 'absent', node: input.node }, now);
      case 'role':
        this.#signaling.handle({ type: input.role === 'hub' ? 'start-all' : 'stop-all' }, now);
        if (input.role === 'leaf') this.#dials.abandonAll();
        return;
      case 'retry-now':
        return this.#signaling.handle(input, now);
      case 'abandon':
        return this.#abandonAll(now);
      case 'close':
        this.#abandonAll(now);
        return this.#signaling.handle({ type: 'stop-all' }, now);
      case 'wake':
        this.#signaling.handle(WAKE, now);
        this.#dials.handle(WAKE, now);
        this.#join.handle(WAKE, now);
    }
  }

  #abandonAll(now: number): void {
    this.#dials.abandonAll();
    this.#join.handle({ type: 'cancel' }, now);
  }

  #fromPump(input: Extract<NodeInput, { readonly type: 'dials' }>['input'], now: number): void {
    if (input.type === 'absent') this.#absent(input.node, now);
    else if (this.#join.owns(input.dial)) this.#join.handle(input, now);
    else this.#dials.handle(input, now);
  }

  #linked(dial: number, link: LinkFacts, now: number): void {
    this.#linkedFacts = { dial, link };
    if (this.#join.owns(dial)) this.#join.handle({ type: 'rtc-linked', dial }, now);
    else this.#dials.handle({ type: 'rtc-linked', dial }, now);
    this.#drainDials();
    this.#drainJoin(now);
    this.#linkedFacts = undefined;
  }

  #adopt({ dial, node, isInitiator, remoteHello }: Omit<Extract<DialBookOutput, { readonly type: 'linked' }>, 'type'>): void {
    const facts = this.#linkedFacts;
    if (!facts || facts.dial !== dial) return;
    const options: LinkOptions = { role: isInitiator ? 'initiator' : 'responder', expectedNode: node, remoteHello };
    this.#outputs.push({ type: 'linked', dial, link: facts.link, options });
  }

  #sealed(to: NodeId, sealed: Uint8Array): void {
    const route = this.#routes.routeTo(to, sealed, this.#signaling.state === 'connected');
    if (route === 'server') this.#out({ type: 'relay', server: this.#metThrough.get(to), to, sealed });
    else this.#outputs.push({ type: 'carry', to, body: sealed });
  }

  /** The server does not know the node. */
  #absent(node: NodeId, now: number): void {
    const sent = this.#routes.absent(node);
    if (sent.length === 0 || !this.#options.hasNeighbours()) return this.#dials.handle({ type: 'absent', node }, now);
    for (const body of sent) this.#outputs.push({ type: 'carry', to: node, body });
  }

  // ── between the parts ──────────────────────────────────────────────────────────────────────────────────────────

  #drain(now: number): void {
    this.#drainSignaling();
    this.#drainInbox(now);
    this.#drainDials();
    this.#drainJoin(now);
  }

  #drainSignaling(): void {
    for (let output = this.#signaling.poll(); output; output = this.#signaling.poll()) this.#out({ type: 'signaling', ...output });
    const isUp = this.#signaling.state === 'connected';
    if (isUp === this.#isCarrierUp) return;
    this.#isCarrierUp = isUp;
    this.#outputs.push({ type: 'carrier', isUp });
  }

  #drainInbox(now: number): void {
    for (let output = this.#inbox.poll(); output; output = this.#inbox.poll()) {
      if (output.type === 'verify' || output.type === 'fault') this.#out(output);
      else if (output.type === 'card') this.#card(output);
      else this.#introduction(output, now);
    }
  }

  #card({ card, server, isRemembered }: Extract<InboxOutput, { readonly type: 'card' }>): void {
    if (server !== undefined) this.#metThrough.set(card.node, server);
    this.#sealingKeys.set(card.node, card.sealingKey);
    this.#outputs.push({ type: 'candidate', card, isRemembered });
  }

  #introduction(output: Extract<InboxOutput, { readonly type: 'introduction' }>, now: number): void {
    const { from, path, sealingKey, server } = output;
    if (server !== undefined) this.#metThrough.set(from, server);
    if (sealingKey) this.#sealingKeys.set(from, sealingKey);
    this.#routes.cameFrom(from, path !== undefined);
    if (path !== undefined) this.#outputs.push({ type: 'came-from', node: from, path });
    const isWelcome = this.#options.mayAccept(from, now);
    this.#dials.handle({ ...output, isWelcome }, now);
    if (isWelcome && this.#dials.isDialling(from)) this.#options.incoming(from, now);
  }

  #drainDials(): void {
    for (let output = this.#dials.poll(); output; output = this.#dials.poll()) {
      if (output.type === 'linked') this.#adopt(output);
      else if (output.type === 'failed') this.#outputs.push({ type: 'failed', node: output.node, code: output.code });
      else if (output.type === 'slow') this.#outputs.push(output);
      else this.#out(output);
    }
  }

  #drainJoin(now: number): void {
    for (let output = this.#join.poll(); output; output = this.#join.poll()) {
      if (output.type === 'rtc-dial') this.#out({ ...output, isPatient: true });
      else if (output.type === 'linked') {
        const { card, dial, isInitiator, remoteHello } = output;
        this.#sealingKeys.set(card.node, card.sealingKey);
        this.#options.incoming(card.node, now);
        this.#adopt({ dial, node: card.node, isInitiator, remoteHello });
      } else this.#out(output);
    }
  }

  #out(output: Extract<DiallingOutput, { readonly type: 'out' }>['output']): void {
    this.#outputs.push({ type: 'out', output });
  }
}
