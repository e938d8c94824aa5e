import type { Client, LoggingLevel, Transport } from '@modelcontextprotocol/client';
import { utf8 } from '../base/bytes.ts';
import { Emitter } from '../base/emitter.ts';
import { ParleyError, type ErrorCode } from '../base/errors.ts';
import { parseAgentAddress, type AgentAddress } from '../base/ids.ts';
import type { NodeApi, Path } from '../node/api.ts';
import { MCP_PROTOCOL, type AgentHost } from './agent-host.ts';
import { elicitationOf, elicitResult, samplingOf, type AgentQuestions } from './agent-questions.ts';
import type { Consent } from './incoming-call.ts';
import type { AgentAccess } from './permissions.ts';
import type { ReceiptDesk } from './receipt-desk.ts';
import type { SessionNote } from './session-notes.ts';

export type AgentSession = {
  readonly client: Client;
  /** Absent for agents of this node itself. */
  readonly path?: Path;
  /** What the owner's node lets this one do with the agent, once it has said so. */
  access?(): AgentAccess | undefined;
};

/** A line that an agent logs for its callers; untrusted. */
export type AgentLogLine = { readonly address: AgentAddress; readonly level: LoggingLevel; readonly logger?: string; readonly data: unknown };

export type AgentClientsOptions = {
  /** Without them agents are told that nobody here can be asked anything. */
  readonly questions?: AgentQuestions;
  /** `newest`: of those that both sides know. */
  readonly era?: 'newest' | 'legacy';
  /** Signs calls, and keeps the owners' signatures. */
  receipts?(): Promise<ReceiptDesk>;
};

type AgentClientsEvents = {
  /** An agent said that its lists changed. */
  'list-changed': AgentAddress;
  /** A part of a large result came. */
  receiving: AgentAddress;
  'resource-updated': { readonly address: AgentAddress; readonly uri: string };
  log: AgentLogLine;
  /** The session with an agent ended. */
  ended: AgentAddress;
  /** What may be done with an agent is told, or changed. */
  access: AgentAddress;
  /** How a call stands with the agent's owner. */
  call: { readonly address: AgentAddress; readonly ref: string; readonly state: 'asked' | Consent };
};

/** JSON-RPC error code with which MCP clients say that a person did not want a sampling. */
const SAMPLING_REJECTED = -1;

/** MCP client sessions with agents anywhere in the network, one for each, opened on first use and again after they ended. */
export class AgentClients {
  readonly #node: NodeApi;
  readonly #host: AgentHost;
  readonly #questions: AgentQuestions | undefined;
  readonly #receipts: (() => Promise<ReceiptDesk>) | undefined;
  readonly #era: 'newest' | 'legacy';
  readonly #events = new Emitter<AgentClientsEvents>();
  readonly #sessions = new Map<AgentAddress, Promise<AgentSession>>();

  constructor(node: NodeApi, host: AgentHost, { questions, receipts, era = 'newest' }: AgentClientsOptions = {}) {
    this.#node = node;
    this.#host = host;
    this.#questions = questions;
    this.#receipts = receipts;
    this.#era = era;
  }

  on<Name extends keyof AgentClientsEvents>(name: Name, listener: (payload: AgentClientsEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** @throws ParleyError why the agent cannot be reached; SdkError when it speaks no common protocol version. */
  session(address: AgentAddress): Promise<AgentSession> {
    const known = this.#sessions.get(address);
    if (known) return known;
    const opening = this.#open(address);
    this.#sessions.set(address, opening);
    opening.catch(() => this.#forget(address, opening));
    return opening;
  }

  async close(address: AgentAddress): Promise<void> {
    const session = this.#sessions.get(address);
    this.#sessions.delete(address);
    await (await session)?.client.close();
  }

  async #open(address: AgentAddress): Promise<AgentSession> {
    const { node, agent } = parseAgentAddress(address);
    const isMine = node === this.#node.id;
    // The stream opens while the SDK is still being loaded.
    const [{ InMemoryTransport }, stream] = await Promise.all([
      import('./runtime.ts'),
      isMine ? undefined : this.#node.open(node, MCP_PROTOCOL, { header: utf8(agent) }),
    ]);
    const client = await this.#client(address);
    let transport: Transport;
    let access: AgentAccess | undefined;
    if (stream) {
      const [{ answerFetcher, decodeNote, StreamTransport, WholeAnswers }, receipts] = await Promise.all([
        import('./session-transports.ts'),
        this.#receipts?.(),
      ]);
      const plain = new StreamTransport(stream, { fetch: answerFetcher(this.#node, node) });
      plain.onnote = (bytes) => {
        const note = noteIn(bytes, decodeNote);
        if (!note) return stream.reset('malformed');
        if (note.type === 'call') return this.#events.emit('call', { address, ref: note.ref, state: note.state });
        access = note.access;
        this.#events.emit('access', address);
      };
      transport = new WholeAnswers(receipts?.over(plain, agent, 'caller') ?? plain, {
        keep: async (...result) => (await import('./answers/kept-answers.ts')).keptResult(...result),
        onPiece: () => this.#events.emit('receiving', address),
      });
    } else {
      const [here, there] = InMemoryTransport.createLinkedPair();
      await this.#host.serveLocally(agent, there);
      transport = here;
    }
    const opening = this.#sessions.get(address);
    client.onclose = () => {
      this.#forget(address, opening);
      this.#events.emit('ended', address);
    };
    try {
      await client.connect(transport);
    } catch (thrown) {
      const end = stream && (await Promise.race([stream.closed, Promise.resolve(undefined)]));
      stream?.reset('cancelled');
      throw end?.code ? streamError(end.code) : thrown;
    }
    return { client, ...(stream ? { path: stream.path, access: () => access } : {}) };
  }

  /** A client that can do what MCP lets servers ask of clients, each behind the person's consent. */
  async #client(address: AgentAddress): Promise<Client> {
    const [{ Client, ProtocolError }, { outputValidator }] = await Promise.all([import('./runtime.ts'), import('./output-validator.ts')]);
    const changed = { onChanged: () => this.#events.emit('list-changed', address), autoRefresh: false };
    const questions = this.#questions;
    const client = new Client(
      { name: 'parley', version: '1' },
      {
        jsonSchemaValidator: outputValidator(),
        versionNegotiation: { mode: this.#era === 'newest' ? 'auto' : 'legacy' },
        listChanged: { tools: changed, resources: changed, prompts: changed },
        ...(questions ? { capabilities: { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} } } : {}),
      },
    );
    client.setNotificationHandler('notifications/resources/updated', ({ params }) =>
      this.#events.emit('resource-updated', { address, uri: params.uri }),
    );
    client.setNotificationHandler('notifications/message', ({ params: { level, logger, data } }) =>
      this.#events.emit('log', { address, level, data, ...(logger === undefined ? {} : { logger }) }),
    );
    if (!questions) return client;
    client.setRequestHandler('elicitation/create', async ({ params }, { mcpReq }) =>
      elicitResult(await questions.ask(address, elicitationOf(params), mcpReq.signal)),
    );
    client.setRequestHandler('sampling/createMessage', async ({ params }, { mcpReq }) => {
      const answer = await questions.ask(address, samplingOf(params), mcpReq.signal);
      if (answer.action !== 'accept' || !('text' in answer)) throw new ProtocolError(SAMPLING_REJECTED, 'The person did not want to answer.');
      return { role: 'assistant', model: 'person', stopReason: 'endTurn', content: { type: 'text', text: answer.text } };
    });
    client.setRequestHandler('roots/list', async (_, { mcpReq }) => {
      const answer = await questions.ask(address, { kind: 'roots' }, mcpReq.signal);
      return { roots: answer.action === 'accept' && 'uris' in answer ? answer.uris.map((uri) => ({ uri })) : [] };
    });
    return client;
  }

  #forget(address: AgentAddress, session: Promise<AgentSession> | undefined): void {
    if (session && this.#sessions.get(address) === session) this.#sessions.delete(address);
  }
}

function noteIn(bytes: Uint8Array, decode: (bytes: Uint8Array) => SessionNote): SessionNote | undefined {
  try {
    return decode(bytes);
  } catch {
    return undefined;
  }
}

function streamError(code: ErrorCode): ParleyError {
  if (code === 'agent-unknown') return new ParleyError(code, 'The node hosts no such agent (any more).');
  if (code === 'not-for-you') return new ParleyError(code, 'The owner of this agent has not opened it to you.');
  return new ParleyError(code, 'The session with the agent ended.');
}
