import { beforeEach, describe, expect, it } from 'vitest';
import { notesAgent } from '../../src/agents/notes-agent.ts';
import { systemClock } from '../../src/app/system-clock.ts';
import { fromUtf8, toBase64url, utf8 } from '../../src/base/bytes.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { signEvent, type ChatEvent } from '../../src/chat/chat-event.ts';
import { CHAT_PROTOCOL, ChatService } from '../../src/chat/chat-service.ts';
import type { LocalIdentity } from '../../src/crypto/identity.ts';
import { scriptVerifier } from '../../src/crypto/signing.ts';
import { AgentHost, MCP_PROTOCOL } from '../../src/mcp/agent-host.ts';
import type { Stream } from '../../src/node/api.ts';
import type { Node } from '../../src/node/node.ts';
import { MemoryChatStore, MemoryRecords } from '../../src/storage/memory-storage.ts';
import { decode, encode, type CborValue } from '../../src/wire/codec.ts';
import { joinNodes, localNode } from '../doubles/local-nodes.ts';
import { seededEntropy, seededIdentity } from '../support/seeded-identity.ts';

/** The victim serves everything; the attacker has a session and speaks on raw streams; the friend does what is right. */
let victim: Node;
let attacker: Node;
let friend: Node;
let mallory: LocalIdentity;

beforeEach(async () => {
  [victim, attacker, friend] = (await Promise.all([localNode(1), localNode(2), localNode(3)])) as [Node, Node, Node];
  mallory = await seededIdentity(2, systemClock.now());
});

function nextMessage(stream: Stream): Promise<Uint8Array> {
  return new Promise((resolve) => stream.onMessage(resolve));
}

describe('a peer that writes what it may not', () => {
  let store: MemoryChatStore;
  let chat: ChatService;
  let faults: string[];

  beforeEach(async () => {
    store = new MemoryChatStore();
    faults = [];
    chat = await chatOf(victim, 1, store);
    chat.on('fault', ({ code }) => faults.push(code));
    await joinNodes(attacker, victim);
  });

  async function chatOf(node: Node, seed: number, chatStore: MemoryChatStore): Promise<ChatService> {
    const { device, deviceSigner } = await seededIdentity(seed, systemClock.now());
    return new ChatService({ node, store: chatStore, device, deviceSigner, verifier: scriptVerifier, clock: systemClock, network: 'test' });
  }

  function event(change: Partial<ChatEvent>): ChatEvent {
    const { person: author, device } = mallory;
    const time = Math.floor(systemClock.now());
    return { conversation: chat.conversationWith(author), author, device, time, depth: 1, parents: [], kind: 'text', text: 'hello', ...change };
  }

  async function expectFriendHeard(): Promise<void> {
    const friendChat = await chatOf(friend, 3, new MemoryChatStore());
    const stored = new Promise<string>((resolve) => chat.on('stored', ({ event: { author } }) => resolve(author)));
    await joinNodes(friend, victim);
    await friendChat.send(victim.identity.person, 'still there?');
    expect(await stored).toBe(friend.identity.person);
  }

  const REFUSED: Readonly<Record<string, { readonly code: string; readonly change: () => Promise<Partial<ChatEvent>> | Partial<ChatEvent> }>> = {
    'in another person’s name': { code: 'bad-certificate', change: async () => ({ author: (await seededIdentity(3, 0)).person }) },
    'from another person’s device': { code: 'bad-certificate', change: async () => ({ device: (await seededIdentity(3, 0)).device }) },
    'into another conversation': { code: 'refused', change: () => ({ conversation: toBase64url(new Uint8Array(32).fill(9)) }) },
    'from the future': { code: 'clock-skew', change: () => ({ time: Math.floor(systemClock.now()) + LIMITS.maxClockSkewMs + 60_000 }) },
    'far after everything': { code: 'protocol-violation', change: () => ({ depth: LIMITS.maxChatDepthJump + 1 }) },
    'in the last place there is': { code: 'protocol-violation', change: () => ({ depth: Number.MAX_SAFE_INTEGER }) },
    nothing: { code: 'malformed', change: () => ({ text: ' \n ' }) },
  };

  for (const [what, { code, change }] of Object.entries(REFUSED)) {
    it(`${what} is refused as ${code}, keeps its stream, and others are heard`, async () => {
      const stream = await attacker.open(victim.id, CHAT_PROTOCOL);
      const { bytes } = await signEvent(event(await change()), mallory.deviceSigner);
      const answer = nextMessage(stream);
      await stream.send(encode(['event', bytes]));
      expect(decode(await answer)).toMatchObject(['refuse', expect.anything(), code]);
      expect(faults).toContain(code);
      expect(await store.recent('test', 10)).toEqual([]);
      const right = nextMessage(stream);
      await stream.send(encode(['event', (await signEvent(event({}), mallory.deviceSigner)).bytes]));
      expect(decode(await right)).toMatchObject(['ack', expect.anything()]);
      await expectFriendHeard();
    });
  }

  const ENDED: Readonly<Record<string, () => Uint8Array>> = {
    garbage: () => Uint8Array.of(0xff, 0, 1),
    nothing: () => new Uint8Array(0),
    'an unknown kind': () => encode(['shout', new Uint8Array(3)]),
    'an event that is too large': () => encode(['event', new Uint8Array(LIMITS.maxChatEventBytes + 1)]),
    'the largest message of a stream': () => new Uint8Array(LIMITS.maxStreamMessageBytes),
    'too deep a value': () => encode(['event', Array.from({ length: 20 }).reduce<CborValue>((inner) => [inner], 1)]),
  };

  for (const [what, bytes] of Object.entries(ENDED)) {
    it(`${what} ends its stream only`, async () => {
      const stream = await attacker.open(victim.id, CHAT_PROTOCOL);
      await stream.send(bytes()).catch(() => undefined);
      expect((await stream.closed).code).toBe('protocol-violation');
      expect(victim.state().connectedPeers).toBe(1);
      expect(await store.recent('test', 10)).toEqual([]);
      await expectFriendHeard();
    });
  }
});

describe('a peer that calls agents as it may not', () => {
  let decided: number;
  let release: () => void;

  beforeEach(async () => {
    decided = 0;
    const held = new Promise<void>((resolve) => (release = resolve));
    const policy = {
      decide: async () => {
        decided++;
        await held;
        return 'refused' as const;
      },
    };
    new AgentHost(victim, policy).add(notesAgent(new MemoryRecords(), systemClock, seededEntropy(8)));
    await joinNodes(attacker, victim);
    await joinNodes(friend, victim);
  });

  const openTo = (from: Node) => from.open(victim.id, MCP_PROTOCOL, { header: utf8('notes') });
  const json = (value: unknown) => utf8(JSON.stringify(value));
  const call = (id: number, params: unknown = { name: 'write_note', arguments: {} }) => json({ jsonrpc: '2.0', id, method: 'tools/call', params });

  /** The agent answers somebody else. */
  async function expectFriendServed(): Promise<void> {
    const stream = await openTo(friend);
    const answer = nextMessage(stream);
    const clientInfo = { name: 'test', version: '1' };
    await stream.send(json({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } }));
    expect(JSON.parse(fromUtf8(await answer))).toMatchObject({ id: 1, result: { serverInfo: expect.anything() } });
    stream.end();
  }

  const ENDED: Readonly<Record<string, { readonly code: string; readonly bytes: () => Uint8Array }>> = {
    'no JSON': { code: 'malformed', bytes: () => utf8('hello') },
    nothing: { code: 'malformed', bytes: () => new Uint8Array(0) },
    'no UTF-8': { code: 'malformed', bytes: () => Uint8Array.of(0x22, 0xff, 0x22) },
    'no message of JSON-RPC': { code: 'malformed', bytes: () => json([1, 2, 3]) },
    null: { code: 'malformed', bytes: () => json(null) },
    'a giant message of nothing': { code: 'malformed', bytes: () => new Uint8Array(LIMITS.maxStreamMessageBytes) },
    'an endless nesting': { code: 'too-large', bytes: () => utf8('['.repeat(1_000_000)) },
    'a nesting in a call': {
      code: 'too-large',
      bytes: () => utf8(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`),
    },
  };

  for (const [what, { code, bytes }] of Object.entries(ENDED)) {
    it(`${what} ends its stream as ${code}, and others are served`, async () => {
      const stream = await openTo(attacker);
      await stream.send(bytes());
      expect((await stream.closed).code).toBe(code);
      expect(decided).toBe(0);
      await expectFriendServed();
    });
  }

  it('ends its stream when a message in parts is larger than a request may be', async () => {
    const stream = await openTo(attacker);
    const part = new Uint8Array(LIMITS.mcpPartBytes).fill(0x20);
    part[0] = 0x01;
    for (let sent = 0; sent <= LIMITS.maxMcpRequestBytes; sent += part.length) await stream.send(part).catch(() => undefined);
    expect((await stream.closed).code).toBe('too-large');
    await expectFriendServed();
  });

  it('has a few sessions at most, and leaves room for others', async () => {
    const streams = [];
    for (let count = 0; count < LIMITS.maxServedSessionsPerCaller; count++) streams.push(await openTo(attacker));
    expect((await (await openTo(attacker)).closed).code).toBe('overloaded');
    await expectFriendServed();
    for (const stream of streams) stream.end();
  });

  it('has few calls under way at once; the others are declined', async () => {
    const stream = await openTo(attacker);
    const answers: { id: number; error?: { data?: { reason?: string } } }[] = [];
    const isDeclined = new Promise<void>((resolve) => {
      stream.onMessage((message) => {
        if (answers.push(JSON.parse(fromUtf8(message)) as (typeof answers)[0]) === 20) resolve();
      });
    });
    for (let id = 1; id <= LIMITS.maxCallsPerSession + 20; id++) await stream.send(call(id));
    await isDeclined;
    expect(decided).toBe(LIMITS.maxCallsPerSession);
    expect(answers.every(({ id, error }) => id > LIMITS.maxCallsPerSession && error?.data?.reason === 'overloaded')).toBe(true);
    await expectFriendServed();
    release();
  });

  it('may send calls with parameters of any shape: each waits for the owner, none runs', async () => {
    const stream = await openTo(attacker);
    const shapes: readonly unknown[] = [null, 1, 'x', [], {}, { name: 5 }, { name: null, arguments: 'x' }, { name: 'write_note', arguments: [1] }];
    let id = 0;
    for (const params of shapes) await stream.send(call(++id, params));
    release();
    await expectFriendServed();
    expect(decided).toBe(shapes.length);
  });
});
