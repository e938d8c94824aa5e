import type { JSONRPCMessage, RequestId, Transport } from '@modelcontextprotocol/client';
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  LATEST_PROTOCOL_VERSION,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
} from '@modelcontextprotocol/server';
import { utf8 } from '../../base/bytes.ts';
import { asParleyError, ParleyError } from '../../base/errors.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import { AnswerText, answerWithText, textOf } from '../../mcp/answers/answer-text.ts';
import type { Clock } from '../../ports/clock.ts';

type Members = Readonly<Record<string, unknown>>;

/** What a request of 2026-07-28 says about its client, and sessions say once. */
const ENVELOPE: ReadonlySet<string> = new Set([PROTOCOL_VERSION_META_KEY, CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY, LOG_LEVEL_META_KEY]);
const METHOD_NOT_FOUND = -32_601;
const OPEN_OBJECT = 0x7b;

/**
 * A session with an agent of the older revisions as one of 2026-07-28, for requests of clients that cannot be asked anything: the session is begun here, and
 * what comes and goes differs by little. Large results pass.
 */
export class OlderAgent implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  readonly #inner: Transport;
  readonly #clock: Clock;
  /** Requests whose results say how long they hold. */
  readonly #reads = new Set<RequestId>();

  constructor(inner: Transport, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  /** Begins the session. @throws ParleyError `timed-out`, `version-unsupported`, or why the agent cannot be asked */
  async start(): Promise<void> {
    const begun = this.#begun();
    await this.#inner.start();
    const params = { protocolVersion: LATEST_PROTOCOL_VERSION, capabilities: {}, clientInfo: { name: 'parley', version: '1' } };
    await this.#inner.send({ jsonrpc: '2.0', id: INITIALIZE_ID, method: 'initialize', params });
    await begun;
    this.#inner.onmessage = (message) => this.#received(message);
    await this.#inner.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
  }

  send(message: JSONRPCMessage): Promise<void> {
    if (!('method' in message)) return this.#inner.send(message);
    if ('id' in message && READS.has(message.method)) this.#reads.add(message.id);
    const params = message.params as (Members & { readonly _meta?: Members }) | undefined;
    if (!params?._meta) return this.#inner.send(message);
    const meta = Object.fromEntries(Object.entries(params._meta).filter(([name]) => !ENVELOPE.has(name)));
    return this.#inner.send({ ...message, params: { ...params, _meta: meta } } as JSONRPCMessage);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #begun(): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancelTimer = this.#clock.wakeAt(this.#clock.now() + HOST_LIMITS.mountStartTimeoutMs, () =>
        reject(new ParleyError('timed-out', 'The agent did not answer in time.')),
      );
      this.#inner.onclose = () => {
        cancelTimer();
        reject(new ParleyError('peer-closed', 'The session with the agent ended.'));
        this.onclose?.();
      };
      this.#inner.onerror = (error) => this.onerror?.(error);
      this.#inner.onmessage = (message) => {
        if ('method' in message || message.id !== INITIALIZE_ID) return;
        cancelTimer();
        if ('result' in message) resolve();
        else reject(new ParleyError('version-unsupported', message.error.message));
      };
    });
  }

  #received(message: JSONRPCMessage): void {
    if ('method' in message) {
      if ('id' in message && message.id !== undefined) this.#answer(message.id, message.method);
      else this.onmessage?.(message);
      return;
    }
    const members = message.id !== undefined && this.#reads.delete(message.id) ? { ...COMPLETE, ...NOT_CACHED } : COMPLETE;
    const text = textOf(message);
    if (text && message.id !== undefined) return this.onmessage?.(answerWithText(message.id, withMembers(text, members)));
    if (!('result' in message)) return this.onmessage?.(message);
    this.onmessage?.({ ...message, result: { ...message.result, ...members } as never });
  }

  /** Whoever calls cannot be asked anything. */
  #answer(id: RequestId, method: string): void {
    const body = method === 'ping' ? { result: {} } : { error: { code: METHOD_NOT_FOUND, message: 'Nobody here can be asked this.' } };
    this.#inner.send({ jsonrpc: '2.0', id, ...body } as JSONRPCMessage).catch(() => undefined);
  }
}

/** Requests that list what an agent offers. */
export const LIST_METHODS: ReadonlySet<string> = new Set(['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list']);
const READS: ReadonlySet<string> = new Set([...LIST_METHODS, 'resources/read']);

const INITIALIZE_ID = 'initialize';
/** What results of 2026-07-28 say that those before did not; an older agent says nothing of how long its data hold. */
const COMPLETE = { resultType: 'complete' } as const;
const NOT_CACHED = { ttlMs: 0, cacheScope: 'private' } as const;

/** The JSON of a result with more members. */
function withMembers(source: AnswerText, members: Members): AnswerText {
  const text = new AnswerText();
  text.onWanted = () => void copy(source, text, utf8(`${JSON.stringify(members).slice(1, -1)},`));
  text.onCancelled = (error) => source.cancel(error);
  return text;
}

async function copy(source: AnswerText, text: AnswerText, members: Uint8Array): Promise<void> {
  try {
    let isOpen = false;
    for (let piece = await source.read(); piece; piece = await source.read()) {
      const at = isOpen ? -1 : piece.indexOf(OPEN_OBJECT);
      if (at >= 0) {
        isOpen = true;
        void text.write(piece.subarray(0, at + 1));
        void text.write(members);
        piece = piece.subarray(at + 1);
      }
      await text.write(piece);
    }
    text.finish(await source.done);
  } catch (thrown) {
    text.fail(asParleyError(thrown));
  }
}
