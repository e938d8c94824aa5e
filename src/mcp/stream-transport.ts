import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { fromUtf8, utf8 } from '../base/bytes.ts';
import { asParleyError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Stream } from '../node/api.ts';

/** MCP messages over a mesh stream: each message is one message of the stream, JSON in UTF-8, untouched. */
export class StreamTransport implements Transport {
  readonly stream: Stream;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  #isClosed = false;

  constructor(stream: Stream) {
    this.stream = stream;
  }

  // eslint-disable-next-line typescript/require-await -- the SDK's interface is asynchronous
  async start(): Promise<void> {
    this.stream.onMessage((bytes) => this.#received(bytes));
    void this.stream.closed.then(() => this.#closed());
  }

  async send(message: JSONRPCMessage): Promise<void> {
    await this.stream.send(utf8(JSON.stringify(message)));
  }

  // eslint-disable-next-line typescript/require-await -- the SDK's interface is asynchronous
  async close(): Promise<void> {
    this.stream.end();
    this.#closed();
  }

  #received(bytes: Uint8Array): void {
    let message: unknown;
    try {
      if (isDeeperThan(bytes, LIMITS.maxJsonDepth)) return this.stream.reset('too-large');
      message = JSON.parse(fromUtf8(bytes));
    } catch (thrown) {
      this.onerror?.(asParleyError(thrown, 'malformed'));
      return this.stream.reset('malformed');
    }
    if (!isJsonRpc(message)) return this.stream.reset('malformed');
    this.onmessage?.(message);
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onclose?.();
  }
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** Whether JSON nests deeper than validators and screens, which recurse, can bear. Linear, before anything is parsed. */
function isDeeperThan(json: Uint8Array, maxDepth: number): boolean {
  let depth = 0;
  let isInText = false;
  for (let index = 0; index < json.length; index++) {
    const byte = json[index] as number;
    if (isInText) {
      if (byte === BACKSLASH) index++;
      else if (byte === QUOTE) isInText = false;
    } else if (byte === QUOTE) isInText = true;
    else if (OPENING.has(byte) && ++depth > maxDepth) return true;
    else if (CLOSING.has(byte)) depth--;
  }
  return false;
}

/** The outer shape only: the SDK validates the rest. */
function isJsonRpc(value: unknown): value is JSONRPCMessage {
  return typeof value === 'object' && value !== null && (value as { jsonrpc?: unknown }).jsonrpc === '2.0';
}
