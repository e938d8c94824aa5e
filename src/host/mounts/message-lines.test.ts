import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromUtf8 } from '../../base/bytes.ts';
import { HOST_LIMITS, LIMITS } from '../../base/limits.ts';
import { textOf } from '../../mcp/answers/answer-text.ts';
import { MessageLines } from './message-lines.ts';

const MIB = 2 ** 20;
const LARGE = 'x'.repeat(3 * MIB);

function scene(onlyRequest?: RequestId) {
  const messages: JSONRPCMessage[] = [];
  const faults: string[] = [];
  const lines = new MessageLines({
    onMessage: (message) => messages.push(message),
    onFault: ({ message }) => faults.push(message),
    onlyRequest: () => onlyRequest,
  });
  const write = (text: string, bytes = 64 * 1024): void => {
    const all = Buffer.from(text);
    for (let from = 0; from < all.length; from += bytes) void lines.append(all.subarray(from, from + bytes));
  };
  return { lines, messages, faults, write };
}

/** What an answer's result is, read to its end. */
async function resultOf(message: JSONRPCMessage | undefined): Promise<unknown> {
  const text = message && textOf(message);
  if (!text) return (message as { result?: unknown } | undefined)?.result;
  const pieces: Uint8Array[] = [];
  for (let piece = await text.read(); piece; piece = await text.read()) pieces.push(piece);
  return JSON.parse(fromUtf8(concatBytes(...pieces)));
}

describe('messages of a server, line by line', () => {
  it('are whole where they are small, however they are cut', () => {
    const { messages, faults, write } = scene();
    write('{"jsonrpc":"2.0","id":1,"result":{"a":"ä"}}\r\n\n\r\n{"jsonrpc":"2.0","method":"x"}\nnot json\n{"jsonrpc":"1.0"}\n', 3);
    expect(messages).toEqual([
      { jsonrpc: '2.0', id: 1, result: { a: 'ä' } },
      { jsonrpc: '2.0', method: 'x' },
    ]);
    expect(faults).toHaveLength(2);
  });

  it('pass while they come where they are large, with their id first', async () => {
    const { messages, write } = scene();
    write(`{"jsonrpc":"2.0","id":"a","result":{"text":"${LARGE}`);
    // It is passed on before it is whole.
    expect(messages).toMatchObject([{ id: 'a' }]);
    write('"}}\n{"jsonrpc":"2.0","id":2,"result":{}}\n');
    expect(await resultOf(messages[0])).toEqual({ text: LARGE });
    expect(messages[1]).toEqual({ jsonrpc: '2.0', id: 2, result: {} });
  });

  it('pass with their id last as the answer to the only request, and wait for it where there are several', async () => {
    for (const onlyRequest of [7, undefined]) {
      const { messages, write } = scene(onlyRequest);
      write(`{"result":{"text":"${LARGE}"},"jsonrpc":"2.0"`);
      expect(messages.length).toBe(onlyRequest === undefined ? 0 : 1);
      write(',"id":7}\n');
      expect(messages).toMatchObject([{ id: 7 }]);
      expect(await resultOf(messages[0])).toEqual({ text: LARGE });
    }
  });

  it.each([
    ['another request', '"}},"id":8}\n'],
    ['nothing at all', '"}]}\n'],
    ['two requests', '"}},"id":7,"id":7}\n'],
  ])('break off when they turn out to answer %s', async (_, end) => {
    const { messages, faults, write } = scene(7);
    write(`{"jsonrpc":"2.0","result":{"a":{"text":"${LARGE}`);
    write(end);
    await expect(resultOf(messages[0])).rejects.toMatchObject({ name: 'ParleyError' });
    expect(faults).toHaveLength(1);
    write('{"jsonrpc":"2.0","id":9,"result":{}}\n');
    expect(messages.at(-1)).toMatchObject({ id: 9 });
  });

  it('break off with their server', async () => {
    const { lines, messages, write } = scene();
    write(`{"jsonrpc":"2.0","id":1,"result":{"text":"${LARGE}`);
    lines.close('It fell over.');
    await expect(resultOf(messages[0])).rejects.toThrow('It fell over.');
  });

  it('ask to wait while nobody takes them, and go on when somebody does', async () => {
    const { lines, messages } = scene();
    void lines.append(Buffer.from(`{"jsonrpc":"2.0","id":1,"result":{"text":"${'x'.repeat(LIMITS.streamAnswersFromBytes)}`));
    const room = lines.append(Buffer.from('y'.repeat(LIMITS.answerAheadBytes)));
    expect(room).toBeInstanceOf(Promise);
    const text = messages[0] && textOf(messages[0]);
    while (text && (await Promise.race([room?.then(() => 'room'), text.read()])) !== 'room');
  });

  it('that nobody wants the rest of are skipped to their end', async () => {
    const { messages, write } = scene();
    write(`{"jsonrpc":"2.0","id":1,"result":{"text":"${LARGE}`);
    (messages[0] && textOf(messages[0]))?.cancel();
    write(`${LARGE}"}}\n{"jsonrpc":"2.0","id":2,"result":{}}\n`);
    expect(messages.at(-1)).toEqual({ jsonrpc: '2.0', id: 2, result: {} });
  });

  it('that are large and no answers are held up to a bound', () => {
    const { messages, write, lines } = scene();
    write(`{"jsonrpc":"2.0","method":"notifications/x","params":{"text":"${LARGE}"}}\n`);
    expect(messages).toMatchObject([{ method: 'notifications/x', params: { text: LARGE } }]);
    const chunk = Buffer.alloc(HOST_LIMITS.maxMountMessageBytes, 'x');
    expect(() => {
      void lines.append(Buffer.from('{"jsonrpc":"2.0","method":"'));
      void lines.append(chunk);
    }).toThrow('larger than any may be');
  });
});
