import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { joinNodes, localNode } from '../../../test/doubles/local-nodes.ts';
import { VirtualClock } from '../../../test/doubles/virtual-clock.ts';
import { utf8 } from '../../base/bytes.ts';
import { agentAddress, parseAgentId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { sha256 } from '../../crypto/hash.ts';
import type { Node } from '../../node/node.ts';
import { blocksOf } from '../../view/result-blocks.ts';
import { AgentClients } from '../agent-clients.ts';
import { AgentHost, MCP_PROTOCOL, type ServedCall } from '../agent-host.ts';
import { StreamTransport } from '../stream-transport.ts';
import { ANSWER_PROTOCOL } from './answer-protocol.ts';
import { answerFetcher } from './answer-offers.ts';
import { AnswerText, answerWithText, textOf } from './answer-text.ts';
import { ResultScanner } from './result-scanner.ts';
import { TOO_LARGE_CODE, WholeAnswers } from './whole-answers.ts';

const AGENT = parseAgentId('large');
/** What the agent says of itself, in a revision with sessions. */
const ANSWERS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'large', version: '1' } },
  'tools/list': { tools: [{ name: 'large', inputSchema: { type: 'object' }, outputSchema: { type: 'object', required: ['x'] } }] },
};
const turns = () => new Promise((resolve) => setTimeout(resolve));

describe('a large answer between two nodes', () => {
  let caller: Node;
  let owner: Node;
  let clock: VirtualClock;
  let served: ServedCall[];
  let onServed: () => void;
  /** The text that the agent answers its next call with. */
  let text: AnswerText;
  let stop: AbortController;

  beforeEach(async () => {
    [caller, owner] = await Promise.all([localNode(1), localNode(2)]);
    await joinNodes(caller, owner);
    clock = new VirtualClock();
    served = [];
    onServed = () => undefined;
    text = new AnswerText();
    stop = new AbortController();
    const host = new AgentHost(
      owner,
      { decide: async () => ({ verdict: 'run', consent: 'rule', stop: stop.signal, ended: () => undefined }) },
      { clock },
    );
    host.on('served', (call) => {
      served.push(call);
      onServed();
    });
    host.add({
      id: AGENT,
      title: 'Large',
      description: '',
      async connect(transport: Transport): Promise<void> {
        transport.onmessage = (message) => {
          if (!('method' in message) || !('id' in message)) return;
          const { id, method } = message;
          const known = ANSWERS[method];
          void transport.send(known ? { jsonrpc: '2.0', id, result: known } : answerWithText(id, text));
        };
        await transport.start();
      },
    });
  });
  afterEach(() => Promise.all([caller.close(), owner.close()]));

  /** Writes a result of so many bytes of text as fast as it is taken. */
  async function write(bytes: number, isError = false): Promise<void> {
    const scanner = ResultScanner.ofResult((piece) => (room = text.write(piece)));
    let room: Promise<void> | undefined;
    const feed = async (json: string): Promise<void> => {
      scanner.feed(utf8(json));
      await room;
    };
    await feed(`{"isError":${isError},"content":[{"type":"text","text":"`);
    for (let left = bytes; left > 0; left -= 64 * 1024) await feed('x'.repeat(Math.min(left, 64 * 1024)));
    await feed('"}]}');
    text.finish(scanner.finish());
  }

  async function session(): Promise<StreamTransport> {
    const stream = await caller.open(owner.id, MCP_PROTOCOL, { header: utf8(AGENT) });
    return new StreamTransport(stream, { fetch: answerFetcher(caller, owner.id) });
  }

  async function ask(transport: Transport): Promise<JSONRPCMessage> {
    const answered = new Promise<JSONRPCMessage>((resolve) => (transport.onmessage = resolve));
    await transport.start();
    await transport.send({ jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'x', arguments: {} } });
    return answered;
  }

  const ended = () => new Promise<void>((resolve) => (onServed = resolve));

  it('comes in pieces, and the call runs until all of it is there', async () => {
    const answer = await ask(await session());
    expect(answer).toMatchObject({ id: 5, result: {} });
    const [writing, end] = [write(20 * 2 ** 20, true), ended()];
    const received = textOf(answer) as AnswerText;
    let bytes = 0;
    for (let piece = await received.read(); piece; piece = await received.read()) {
      bytes += piece.length;
      // What is under way fits into the stream's window.
      if (bytes < 16 * 2 ** 20) expect(served).toEqual([]);
    }
    await writing;
    await end;
    const summary = await received.done;
    expect(summary).toEqual(await text.done);
    expect(summary.bytes).toBe(bytes);
    expect(served).toMatchObject([{ outcome: 'tool-error' }]);
  });

  it('is put together for who holds it whole, and an error above the bound', async () => {
    const asking = ask(new WholeAnswers(await session()));
    await write(5 * 2 ** 20);
    expect(JSON.stringify(await asking).length).toBeGreaterThan(5 * 2 ** 20);
    text = new AnswerText();
    const [again, end] = [ask(new WholeAnswers(await session())), ended()];
    await write(2 * LIMITS.maxMcpResultBytes);
    expect(await again).toMatchObject({ id: 5, error: { code: TOO_LARGE_CODE, data: { reason: 'too-large' } } });
    await end;
    expect(served.map(({ outcome }) => outcome)).toEqual(['ran', 'cancelled']);
  });

  it('is kept aside for a page that cannot hold it, with its beginning to show', async () => {
    const host = new AgentHost(caller, { decide: async () => 'refused' });
    const clients = new AgentClients(caller, host, { era: 'legacy' });
    let received = 0;
    clients.on('receiving', () => received++);
    text = new AnswerText();
    const { client } = await clients.session(agentAddress(owner.id, AGENT));
    // With the schema in mind, against which what is kept cannot be held.
    await client.listTools();
    const [calling] = [client.callTool({ name: 'large', arguments: {} }), write(2 * LIMITS.maxMcpResultBytes)];
    const result = await calling;
    const blocks = blocksOf(result.content, result.structuredContent);
    expect(blocks).toMatchObject([{ kind: 'kept', beginning: expect.stringMatching(/^\{"isError":false,"content":\[\{"type":"text","text":"xxx/) }]);
    const { content } = blocks[0] as Extract<(typeof blocks)[number], { kind: 'kept' }>;
    expect(content.size).toBe((await text.done).bytes);
    expect(sha256(new Uint8Array(await content.arrayBuffer()))).toEqual((await text.done).sha256);
    expect(received).toBeGreaterThan(100);
    await client.close();
  });

  it('ends where it is when the permission is taken back', async () => {
    const received = textOf(await ask(await session())) as AnswerText;
    const end = ended();
    void write(2 ** 20);
    await received.read();
    stop.abort('revoked');
    await expect(received.done).rejects.toMatchObject({ name: 'ParleyError' });
    await end;
    expect(served).toMatchObject([{ outcome: 'revoked' }]);
    await expect(text.done).rejects.toThrow();
  });

  it('breaks off at the caller where it breaks off at the owner', async () => {
    const received = textOf(await ask(await session())) as AnswerText;
    void text.write(utf8('{"content":[{"type":"text","text":"half'));
    await received.read();
    text.fail(new Error('The server fell over.'));
    await expect(received.read()).rejects.toThrow('broke off');
    await expect(received.done).rejects.toThrow('broke off');
  });

  it('that nobody reads, or that goes no further, is given up after a while', async () => {
    await ask(await session());
    await turns();
    await clock.advance(LIMITS.answerStallMs);
    await expect(text.done).rejects.toMatchObject({ code: 'timed-out' });
    text = new AnswerText();
    const received = textOf(await ask(await session())) as AnswerText;
    void text.write(utf8('{'));
    await received.read();
    await clock.advance(LIMITS.answerStallMs);
    await expect(text.done).rejects.toMatchObject({ code: 'timed-out' });
    await expect(received.done).rejects.toThrow();
  });

  it('is for the node that called, once, and nobody else', async () => {
    const other = await localNode(3);
    await joinNodes(other, owner);
    const received = textOf(await ask(await session())) as AnswerText;
    const steal = async (node: Node): Promise<boolean> => (await (await node.open(owner.id, ANSWER_PROTOCOL, { header: utf8('1') })).closed).clean;
    expect(await steal(other)).toBe(false);
    const reading = received.read();
    await write(100);
    await reading;
    expect(await steal(caller)).toBe(false);
    await other.close();
  });
});
