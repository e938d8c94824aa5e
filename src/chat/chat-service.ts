import { fromBase64url, toBase64url } from '../base/bytes.ts';
import { Emitter } from '../base/emitter.ts';
import { asParleyError, isErrorCode, ParleyError, type ErrorCode } from '../base/errors.ts';
import type { DeviceId, NodeId, PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import type { NodeApi, NodeInfo, PeerIdentity, Stream } from '../node/api.ts';
import type { ChatStore, ConversationId, Delivery, DeliveryState, EventId, NewConversation, StoredEvent } from '../ports/chat-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { Signer, Verifier } from '../ports/keys.ts';
import type { Records } from '../ports/records.ts';
import { decode, encode, type DecodedCbor } from '../wire/codec.ts';
import { readArray, readBytes, readBytesUpTo, readOneOf, readText } from '../wire/readers.ts';
import { directConversationId, readEvent, signEvent, type ChatEvent } from './chat-event.ts';

export const CHAT_PROTOCOL = 'chat/1';

export type ChatServiceOptions = {
  readonly node: NodeApi;
  readonly store: ChatStore;
  /** Tells when another tab of this browser wrote into the store; absent where the store is this node's alone. */
  readonly records?: Pick<Records, 'onForeignChange'>;
  /** See {@link ChatService.setDelivering}. Default true. */
  readonly isDelivering?: boolean;
  readonly deviceSigner: Signer;
  readonly device: DeviceId;
  readonly verifier: Verifier;
  readonly clock: Clock;
  /** The network's name in the store. */
  readonly network: string;
  /** The person's nodes that are there, whether or not there is a session with them. */
  nodesOf?(person: PersonId): readonly NodeId[];
};

export type ChatEvents = {
  /** An event is in the store; it may be shown. */
  stored: { readonly conversation: ConversationId; readonly event: StoredEvent; readonly mine: boolean };
  delivery: {
    readonly conversation: ConversationId;
    readonly event: EventId;
    readonly to: PersonId;
    readonly state: DeliveryState;
    readonly reason?: ErrorCode;
  };
  read: { readonly conversation: ConversationId };
  /** Something that a peer sent was refused. */
  fault: { readonly code: ErrorCode; readonly from: PersonId; readonly detail: string };
};

type Outbox = {
  readonly stream: Stream;
  readonly peer: PeerIdentity;
  /** What already went over this stream: the rest of the outbox follows, each once. */
  readonly sent: Set<EventId>;
  /** How to stop waiting for the answers to them. */
  readonly unanswered: Map<EventId, () => void>;
  toldReadUpTo: EventId | undefined;
  flushing: Promise<void>;
};

/**
 * Direct messages. What I say is signed and stored with its delivery before anything else, and goes out over a stream to every node of
 * the other person whenever there is one, until it is acknowledged. What comes is checked, stored, shown, and only then acknowledged.
 * So a reload or a lost link at any moment loses nothing, and the id of an event, its hash, keeps anything from being there twice.
 */
export class ChatService {
  readonly #options: ChatServiceOptions;
  readonly #events = new Emitter<ChatEvents>();
  readonly #outboxes = new Map<NodeId, Outbox>();
  readonly #opening = new Set<NodeId>();
  /** Nodes behind the hub of their browser, which speaks for them. */
  readonly #leaves = new Set<NodeId>();
  #isDelivering: boolean;
  readonly #buckets = new Map<PersonId, TokenBucket>();
  /** Appends to one conversation happen one after the other, so that parents and depth fit. */
  readonly #queues = new Map<ConversationId, Promise<unknown>>();
  readonly #stops: (() => void)[];

  constructor(options: ChatServiceOptions) {
    this.#options = options;
    this.#isDelivering = options.isDelivering ?? true;
    const { node, records } = options;
    this.#stops = [
      node.serve(CHAT_PROTOCOL, (stream) => this.#serve(stream)),
      node.on('peer-up', (peer) => void this.#peerUp(peer)),
      node.on('node-up', (info) => void this.#nodeUp(info)),
      node.on('node-down', (gone) => this.#leaves.delete(gone.node)),
      ...(records ? [records.onForeignChange((table, key) => table === 'chat' && key !== undefined && void this.#changedElsewhere(key))] : []),
    ];
    for (const { node: id, isLeaf } of node.nodes()) if (isLeaf) this.#leaves.add(id);
    for (const { identity, state } of node.peers()) if (identity && state === 'connected') void this.#peerUp(identity);
  }

  on<Name extends keyof ChatEvents>(name: Name, listener: (payload: ChatEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  close(): void {
    for (const stop of this.#stops) stop();
    for (const outbox of this.#outboxes.values()) outbox.stream.end();
  }

  /** Whether this tab brings messages to others: the hub of a browser does, for all its tabs. */
  setDelivering(isDelivering: boolean): void {
    if (this.#isDelivering === isDelivering) return;
    this.#isDelivering = isDelivering;
    if (isDelivering) {
      for (const { identity, state } of this.#options.node.peers()) if (identity && state === 'connected') void this.#peerUp(identity);
      for (const info of this.#options.node.nodes()) void this.#nodeUp(info);
      return;
    }
    for (const outbox of this.#outboxes.values()) outbox.stream.end();
    this.#outboxes.clear();
  }

  conversationWith(person: PersonId): ConversationId {
    return directConversationId(this.#options.node.networkId, this.#me, person);
  }

  /**
   * Signs and stores a message; it is durable when this resolves, and on its way as soon as the other person can be reached.
   * @throws ParleyError `too-large`, `bad-argument` or a storage code.
   */
  async send(to: PersonId, text: string): Promise<EventId> {
    if (text.trim() === '') throw new ParleyError('bad-argument', 'An empty message says nothing.');
    if (to === this.#me) throw new ParleyError('bad-argument', 'Messages to oneself are notes.');
    const conversation = this.conversationWith(to);
    const id = await this.#inOrder(conversation, () => this.#append(conversation, to, text));
    this.#reach(to);
    return id;
  }

  /** Tries a failed message once more. */
  async retry(event: EventId, to: PersonId): Promise<void> {
    const { store, clock } = this.#options;
    if (!(await store.advance(event, to, 'queued', clock.now()))) return;
    this.#events.emit('delivery', { conversation: this.conversationWith(to), event, to, state: 'queued' });
    for (const outbox of this.#outboxes.values()) if (outbox.peer.person === to) outbox.sent.delete(event);
    this.#reach(to);
  }

  /** The person saw everything up to this event: remembered, and told to the other side. */
  async markRead(conversation: ConversationId, with_: PersonId, upTo: EventId): Promise<void> {
    const { store } = this.#options;
    const before = await store.conversation(conversation);
    if (!before || (before.readUpTo === upTo && before.unread === 0)) return;
    await store.markRead(conversation, upTo);
    this.#events.emit('read', { conversation });
    for (const outbox of this.#outboxes.values()) if (outbox.peer.person === with_) void this.#tellReadUpTo(outbox, upTo);
    this.#reach(with_);
  }

  get #me(): PersonId {
    return this.#options.node.identity.person;
  }

  #inOrder<T>(conversation: ConversationId, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(conversation) ?? Promise.resolve();
    const next = before.then(work, work);
    this.#queues.set(
      conversation,
      next.catch(() => undefined),
    );
    return next;
  }

  async #append(conversation: ConversationId, to: PersonId, text: string): Promise<EventId> {
    const { store, clock, deviceSigner, device } = this.#options;
    const [heads, last] = await Promise.all([store.heads(conversation), store.page(conversation, 1)]);
    const now = Math.floor(clock.now());
    const depth = (last[0]?.depth ?? 0) + 1;
    const event: ChatEvent = {
      conversation,
      author: this.#me,
      device,
      time: now,
      depth,
      parents: heads.slice(-LIMITS.maxChatParents),
      kind: 'text',
      text,
    };
    const { id, bytes } = await signEvent(event, deviceSigner);
    const stored: StoredEvent = { id, conversation, author: this.#me, time: now, depth, bytes, storedAt: now };
    await store.append(stored, this.#conversationRecord(conversation, to, now), [{ event: id, conversation, to, state: 'queued', at: now }]);
    await store.setHeads(conversation, (before) => headsAfter(before, event, id));
    this.#events.emit('stored', { conversation, event: stored, mine: true });
    return id;
  }

  #conversationRecord(id: ConversationId, other: PersonId, now: number): NewConversation {
    return { id, network: this.#options.network, members: [this.#me, other], createdAt: now };
  }

  // ── going out ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A session is there: it is used where there is a conversation with the person. */
  async #peerUp(peer: PeerIdentity): Promise<void> {
    if (await this.#hasConversation(peer.person)) await this.#openOutbox(peer.node, peer.person);
  }

  /** Somebody is there again, or has links of its own now: what waits for them goes out, over a link or over others. */
  async #nodeUp({ node, person, isLeaf }: NodeInfo): Promise<void> {
    if (isLeaf) return void this.#leaves.add(node);
    const wasLeaf = this.#leaves.delete(node);
    if (!(await this.#hasConversation(person))) return;
    const mayWait = !wasLeaf || !this.#isConnected(node);
    if (mayWait && (await this.#options.store.undelivered(person)).length === 0) return;
    await this.#openOutbox(node, person);
  }

  #isConnected(node: NodeId): boolean {
    return this.#options.node.peers().some((peer) => peer.node === node && peer.state === 'connected');
  }

  async #hasConversation(person: PersonId): Promise<boolean> {
    if (person === this.#me || !this.#isDelivering) return false;
    return (await this.#options.store.conversation(this.conversationWith(person)).catch(() => undefined)) !== undefined;
  }

  /** Another tab of this browser said or read something, or tries something again. */
  async #changedElsewhere(id: ConversationId): Promise<void> {
    if (!this.#isDelivering) return;
    const conversation = await this.#options.store.conversation(id).catch(() => undefined);
    const person = conversation?.members.find((member) => member !== this.#me);
    if (!person || this.conversationWith(person) !== id) return;
    this.#reach(person);
    for (const outbox of this.#outboxes.values()) {
      if (outbox.peer.person === person) void this.#tellRead(outbox).catch((thrown: unknown) => this.#fault(outbox, thrown));
    }
  }

  /** Sends what waits to every node of the person's that is there. */
  #reach(person: PersonId): void {
    this.#flushTo(person);
    const { node, nodesOf } = this.#options;
    const connected = node.peers().flatMap(({ identity, state }) => (identity?.person === person && state === 'connected' ? [identity.node] : []));
    for (const id of new Set([...connected, ...(nodesOf?.(person) ?? [])])) void this.#openOutbox(id, person);
  }

  async #openOutbox(node: NodeId, person: PersonId): Promise<void> {
    const isDone = this.#outboxes.has(node) || this.#opening.has(node);
    if (!this.#isDelivering || person === this.#me || this.#leaves.has(node) || isDone) return;
    this.#opening.add(node);
    try {
      const stream = await this.#options.node.open(node, CHAT_PROTOCOL);
      const { peer } = stream;
      // A card may claim anything; a session proves.
      if (peer.person !== person) return stream.reset('wrong-node');
      if (!this.#isDelivering) return stream.end();
      const outbox: Outbox = { stream, peer, sent: new Set(), unanswered: new Map(), toldReadUpTo: undefined, flushing: Promise.resolve() };
      this.#outboxes.set(peer.node, outbox);
      stream.onMessage((message) => this.#answer(outbox, message));
      void stream.closed.then(() => {
        for (const stop of outbox.unanswered.values()) stop();
        if (this.#outboxes.get(peer.node) === outbox) this.#outboxes.delete(peer.node);
      });
      this.#flush(outbox);
      await this.#tellRead(outbox);
    } catch (thrown) {
      const { code, message } = asParleyError(thrown);
      this.#events.emit('fault', { code, from: person, detail: message });
    } finally {
      this.#opening.delete(node);
    }
  }

  #flushTo(person: PersonId): void {
    for (const outbox of this.#outboxes.values()) if (outbox.peer.person === person) this.#flush(outbox);
  }

  #flush(outbox: Outbox): void {
    outbox.flushing = outbox.flushing.then(() => this.#sendWaiting(outbox)).catch((thrown: unknown) => this.#fault(outbox, thrown));
  }

  #fault({ peer }: Outbox, thrown: unknown): void {
    const { code, message } = asParleyError(thrown);
    // The stream's own end is no fault: what waits goes over the next one.
    if (code.startsWith('storage')) this.#events.emit('fault', { code, from: peer.person, detail: message });
  }

  async #sendWaiting(outbox: Outbox): Promise<void> {
    const { store } = this.#options;
    const mine = this.conversationWith(outbox.peer.person);
    for (const delivery of await store.undelivered(outbox.peer.person)) {
      // What waits in another network's conversation goes out there.
      if (delivery.conversation !== mine) continue;
      // What went out and is queued again was put back by the person.
      const isAgain = delivery.state === 'queued' && !outbox.unanswered.has(delivery.event);
      if (outbox.sent.has(delivery.event) && !isAgain) continue;
      const event = await store.get(delivery.event);
      if (!event) continue;
      outbox.sent.add(delivery.event);
      await outbox.stream.send(encode(['event', event.bytes]));
      this.#awaitAnswer(outbox, delivery.event);
      await this.#advance(delivery, 'sent');
    }
  }

  /** Who cannot store a message now, for a full disk say, gives no answer: it is brought again later. */
  #awaitAnswer(outbox: Outbox, event: EventId): void {
    const { clock } = this.#options;
    outbox.unanswered.get(event)?.();
    const stop = clock.wakeAt(clock.now() + LIMITS.chatAnswerTimeoutMs, () => {
      outbox.unanswered.delete(event);
      outbox.sent.delete(event);
      this.#flush(outbox);
    });
    outbox.unanswered.set(event, stop);
  }

  async #advance(delivery: Pick<Delivery, 'event' | 'to' | 'conversation'>, state: DeliveryState, reason?: ErrorCode): Promise<void> {
    const { store, clock } = this.#options;
    const { event, to, conversation } = delivery;
    if (await store.advance(event, to, state, clock.now(), reason))
      this.#events.emit('delivery', { conversation, event, to, state, ...(reason ? { reason } : {}) });
  }

  async #answer(outbox: Outbox, message: Uint8Array): Promise<void> {
    try {
      const [kind, id, code] = readArray(decode(message, LIMITS.maxChatEventBytes), 'An answer', 2, 3);
      const to = outbox.peer.person;
      const event = toBase64url(readBytes(id, 'An event id', 32));
      const delivery = { event, to, conversation: this.conversationWith(to) };
      outbox.unanswered.get(event)?.();
      outbox.unanswered.delete(event);
      if (readOneOf(kind, 'An answer', ['ack', 'refuse'] as const) === 'ack') return await this.#advance(delivery, 'delivered');
      const reason = readText(code, 'A reason', 40);
      return await this.#advance(delivery, 'failed', isErrorCode(reason) ? reason : 'refused');
    } catch (thrown) {
      this.#refusePeer(outbox.stream, outbox.peer, thrown);
    }
  }

  async #tellRead(outbox: Outbox): Promise<void> {
    const conversation = await this.#options.store.conversation(this.conversationWith(outbox.peer.person));
    if (conversation?.readUpTo) await this.#tellReadUpTo(outbox, conversation.readUpTo);
  }

  async #tellReadUpTo(outbox: Outbox, upTo: EventId): Promise<void> {
    if (outbox.toldReadUpTo === upTo) return;
    outbox.toldReadUpTo = upTo;
    await this.#tell(outbox.stream, ['read', fromBase64url(upTo)]);
  }

  async #tell(stream: Stream, message: readonly (string | Uint8Array)[]): Promise<void> {
    // A stream that ended takes nothing any more, and its end is told elsewhere.
    await stream.send(encode(message)).catch(() => undefined);
  }

  // ── coming in ──────────────────────────────────────────────────────────────────────────────────────────────────

  #serve(stream: Stream): void {
    stream.onMessage(async (message) => {
      try {
        const items = readArray(decode(message, LIMITS.maxChatEventBytes + 1024), 'A chat message', 2);
        await this.#received(stream, items);
      } catch (thrown) {
        this.#refusePeer(stream, stream.peer, thrown);
      }
    });
  }

  async #received(stream: Stream, [kind, value]: readonly DecodedCbor[]): Promise<void> {
    switch (readOneOf(kind, 'The kind of a chat message', ['event', 'read'] as const)) {
      case 'event':
        await this.#awaitTurn(stream.peer.person);
        return this.#receivedEvent(stream, readBytesUpTo(value, 'A signed event', LIMITS.maxChatEventBytes));
      case 'read':
        return this.#receivedRead(stream.peer.person, toBase64url(readBytes(value, 'An event id', 32)));
    }
  }

  async #receivedEvent(stream: Stream, bytes: Uint8Array): Promise<void> {
    const { id, event, check } = readEvent(bytes);
    try {
      await this.#verify(stream.peer, event, check);
      await this.#inOrder(event.conversation, () => this.#store(stream.peer, id, event, bytes));
    } catch (thrown) {
      const error = asParleyError(thrown);
      this.#events.emit('fault', { code: error.code, from: stream.peer.person, detail: error.message });
      // Trouble with our own storage may pass: without an answer the sender keeps the message and sends it again.
      if (error.code.startsWith('storage')) return;
      return this.#tell(stream, ['refuse', fromBase64url(id), error.code]);
    }
    await this.#tell(stream, ['ack', fromBase64url(id)]);
  }

  async #verify(peer: PeerIdentity, event: ChatEvent, check: Parameters<Verifier['verify']>[0]): Promise<void> {
    const { verifier, clock, node } = this.#options;
    if (event.author !== peer.person || event.device !== peer.device)
      throw new ParleyError('bad-certificate', 'The event is by somebody else than who brought it.');
    if (event.conversation !== directConversationId(node.networkId, this.#me, peer.person))
      throw new ParleyError('refused', 'The event is for another conversation.');
    if (event.time > clock.now() + LIMITS.maxClockSkewMs)
      throw new ParleyError('clock-skew', 'The event is from the future: one of the two clocks is wrong.');
    if (event.text.trim() === '') throw new ParleyError('malformed', 'An empty message says nothing.');
    if (!(await verifier.verify(check))) throw new ParleyError('bad-signature', 'The event’s signature does not hold.');
  }

  async #store(peer: PeerIdentity, id: EventId, event: ChatEvent, bytes: Uint8Array): Promise<void> {
    const { store, clock } = this.#options;
    const [last] = await store.page(event.conversation, 1);
    if (event.depth > (last?.depth ?? 0) + LIMITS.maxChatDepthJump)
      throw new ParleyError('protocol-violation', 'The event claims a place far after everything known.');
    const now = clock.now();
    const stored: StoredEvent = {
      id,
      conversation: event.conversation,
      author: event.author,
      time: event.time,
      depth: event.depth,
      bytes,
      storedAt: now,
    };
    const isNew = await store.append(stored, this.#conversationRecord(event.conversation, peer.person, now), []);
    if (!isNew) return;
    await store.setHeads(event.conversation, (before) => headsAfter(before, event, id));
    this.#events.emit('stored', { conversation: event.conversation, event: stored, mine: false });
  }

  async #receivedRead(person: PersonId, upTo: EventId): Promise<void> {
    const { store } = this.#options;
    const conversation = this.conversationWith(person);
    const event = await store.get(upTo);
    if (!event || event.conversation !== conversation) return;
    for (const delivery of await store.unread(person)) {
      if (delivery.conversation !== conversation) continue;
      const sent = await store.get(delivery.event);
      if (sent && sent.depth <= event.depth) await this.#advance(delivery, 'read');
    }
  }

  /** Above the rate the sender just waits: its credit comes back when the message was dealt with. */
  async #awaitTurn(person: PersonId): Promise<void> {
    const { clock } = this.#options;
    let bucket = this.#buckets.get(person);
    if (!bucket) this.#buckets.set(person, (bucket = new TokenBucket(LIMITS.chatEventsPerSecond, LIMITS.chatEventsBurst, clock.now())));
    while (!bucket.take(clock.now())) await new Promise<void>((resolve) => clock.wakeAt(clock.now() + 1000 / LIMITS.chatEventsPerSecond, resolve));
  }

  #refusePeer(stream: Stream, peer: PeerIdentity, thrown: unknown): void {
    const { code, message } = asParleyError(thrown);
    this.#events.emit('fault', { code, from: peer.person, detail: message });
    stream.reset('protocol-violation');
  }
}

function headsAfter(before: readonly EventId[], event: ChatEvent, id: EventId): readonly EventId[] {
  return [...before.filter((head) => head !== id && !event.parents.includes(head)), id].slice(-LIMITS.maxChatParents);
}
