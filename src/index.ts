/**
 * The public API, as programs in the page (`window.parley` with `?api` in the URL) and embedders see it.
 * @module
 */
import { Emitter } from './base/emitter.ts';

export { ParleyError, type ErrorCode } from './base/errors.ts';

/** One peer of this node. `rtt` is the smoothed round-trip time in milliseconds. */
export type ParleyPeer = {
  readonly id: string;
  readonly name: string | undefined;
  readonly state: 'connecting' | 'connected' | 'away';
  readonly path: { readonly kind: string; readonly via: readonly string[] } | undefined;
  readonly rtt: number | undefined;
};

export type ParleyAgent = {
  /** `nodeId:agentId` */
  readonly address: string;
  readonly title: string;
  readonly description: string;
  readonly owner: { readonly id: string; readonly name: string };
  readonly mine: boolean;
};

export type ParleyConversation = { readonly id: string; readonly title: string; readonly unread: number; readonly lastText: string };

export type CallOptions = {
  readonly signal?: AbortSignal;
  /** Milliseconds; by default long enough for an owner to be asked. */
  readonly timeoutMs?: number;
};

export type ParleyEvents = {
  state: { readonly state: 'offline' | 'connecting' | 'connected'; readonly peers: number };
  peers: readonly ParleyPeer[];
  agents: readonly ParleyAgent[];
  conversations: readonly ParleyConversation[];
};

/** What the API stands on; the app gives it. */
export type ParleySource = {
  readonly nodeId: string;
  state(): ParleyEvents['state'];
  peers(): readonly ParleyPeer[];
  agents(): readonly ParleyAgent[];
  conversations(): readonly ParleyConversation[];
  callTool(address: string, tool: string, args: Readonly<Record<string, unknown>>, options: CallOptions): Promise<unknown>;
  send(conversation: string, text: string): Promise<void>;
  start(person: string): Promise<string>;
  /** Tells of every change, by name. */
  watch(told: (name: keyof ParleyEvents) => void): void;
};

/** A running node. Every method rejects with a {@link ParleyError}; its `code` is one of {@link ErrorCode}. */
export class Parley {
  readonly node: { readonly id: string; readonly state: ParleyEvents['state']; readonly peers: readonly ParleyPeer[] };
  readonly #source: ParleySource;
  readonly #events = new Emitter<ParleyEvents>();

  constructor(source: ParleySource) {
    this.#source = source;
    this.node = {
      id: source.nodeId,
      get state() {
        return source.state();
      },
      get peers() {
        return source.peers();
      },
    };
    source.watch((name) => this.#tell(name));
  }

  /** Every agent that is known now, of this node and of others. */
  agents(): readonly ParleyAgent[] {
    return this.#source.agents();
  }

  /** Calls a tool of an agent, `nodeId:agentId`, and answers the MCP `CallToolResult`. A tool's own error is a result with `isError`. */
  callTool(address: string, tool: string, args: Readonly<Record<string, unknown>> = {}, options: CallOptions = {}): Promise<unknown> {
    return this.#source.callTool(address, tool, args, options);
  }

  get conversations(): readonly ParleyConversation[] {
    return this.#source.conversations();
  }

  /** Opens the direct conversation with a person (an agent's `owner.id`) and answers its id. */
  startConversation(person: string): Promise<string> {
    return this.#source.start(person);
  }

  /** Resolves when the message is stored on this device; it is delivered as soon as there is a way. */
  send(conversation: string, text: string): Promise<void> {
    return this.#source.send(conversation, text);
  }

  /** Listens; answers how to stop. */
  on<Name extends keyof ParleyEvents>(name: Name, listener: (payload: ParleyEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  #tell(name: keyof ParleyEvents): void {
    if (name === 'state') this.#events.emit('state', this.#source.state());
    else if (name === 'peers') this.#events.emit('peers', this.#source.peers());
    else if (name === 'agents') this.#events.emit('agents', this.#source.agents());
    else this.#events.emit('conversations', this.#source.conversations());
  }
}
