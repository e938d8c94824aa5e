import type { Client, Transport } from '@modelcontextprotocol/client';
import { utf8 } from '../base/bytes.ts';
import { ParleyError, type ErrorCode } from '../base/errors.ts';
import { parseAgentAddress, type AgentAddress } from '../base/ids.ts';
import type { NodeApi, Path } from '../node/api.ts';
import { MCP_PROTOCOL, type AgentHost } from './agent-host.ts';
import { StreamTransport } from './stream-transport.ts';

export type AgentSession = {
  readonly client: Client;
  /** Absent for agents of this node itself. */
  readonly path?: Path;
};

/** MCP client sessions with agents anywhere in the network, one for each, opened on first use and again after they ended. */
export class AgentClients {
  readonly #node: NodeApi;
  readonly #host: AgentHost;
  readonly #sessions = new Map<AgentAddress, Promise<AgentSession>>();
  /** Called when an agent said that its lists changed. */
  onListChanged: (address: AgentAddress) => void = () => undefined;

  constructor(node: NodeApi, host: AgentHost) {
    this.#node = node;
    this.#host = host;
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
    const [{ Client, InMemoryTransport }, stream] = await Promise.all([
      import('./runtime.ts'),
      isMine ? undefined : this.#node.open(node, MCP_PROTOCOL, { header: utf8(agent) }),
    ]);
    const changed = { onChanged: () => this.onListChanged(address) };
    const client = new Client(
      { name: 'parley', version: '1' },
      {
        versionNegotiation: { mode: 'auto' },
        listChanged: {
          tools: { ...changed, autoRefresh: false },
          resources: { ...changed, autoRefresh: false },
          prompts: { ...changed, autoRefresh: false },
        },
      },
    );
    let transport: Transport;
    if (stream) transport = new StreamTransport(stream);
    else {
      const [here, there] = InMemoryTransport.createLinkedPair();
      await this.#host.serveLocally(agent, there);
      transport = here;
    }
    const opening = this.#sessions.get(address);
    client.onclose = () => this.#forget(address, opening);
    try {
      await client.connect(transport);
    } catch (thrown) {
      const end = stream && (await Promise.race([stream.closed, Promise.resolve(undefined)]));
      stream?.reset('cancelled');
      throw end?.code ? streamError(end.code) : thrown;
    }
    return { client, ...(stream ? { path: stream.path } : {}) };
  }

  #forget(address: AgentAddress, session: Promise<AgentSession> | undefined): void {
    if (session && this.#sessions.get(address) === session) this.#sessions.delete(address);
  }
}

function streamError(code: ErrorCode): ParleyError {
  return new ParleyError(code, code === 'agent-unknown' ? 'The node hosts no such agent (any more).' : 'The session with the agent ended.');
}
