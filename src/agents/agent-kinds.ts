import type { AgentId } from '../base/ids.ts';
import type { HostedAgent, MadeAgent } from '../mcp/agent-host.ts';

/** What an agent of this node can be. `module`: code of the person's own; `remote`: an MCP server by URL; `folder`: files that the person opened. */
export const AGENT_KINDS = ['notes', 'calculator', 'memory', 'folder', 'device', 'network', 'remote', 'module'] as const;
export type AgentKind = (typeof AGENT_KINDS)[number];

/** An agent as it is set up, and kept. */
export type AgentConfig = {
  readonly id: AgentId;
  readonly kind: AgentKind;
  readonly title: string;
  readonly description: string;
  readonly addedAt: number;
  /** Of `remote`. */
  readonly url?: string;
  /** Of `remote`: sent as a bearer token to that server and to nobody else. */
  readonly token?: string;
  /** There is one, and it cannot be read any more. */
  readonly isTokenLost?: true;
  /** Of `module`. */
  readonly code?: string;
  /** Of `folder`. */
  readonly folder?: FileSystemDirectoryHandle;
};

/** How an agent of one kind comes to be: its code is loaded when its first session opens. */
export type AgentFactory = {
  /** What it is called unless the person says something else. */
  readonly title: string;
  readonly description: string;
  /** It keeps and tells nothing of its owner's: people never written to may ask to call it, unless the owner says something else. */
  readonly isHarmless?: true;
  make(config: AgentConfig): Pick<MadeAgent, 'createServer'> | Pick<Extract<HostedAgent, { connect: unknown }>, 'connect'>;
};

/** Kinds that this platform can have; others are left out. */
export type AgentFactories = Partial<Readonly<Record<AgentKind, AgentFactory>>>;
