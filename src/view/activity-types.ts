import type { ReadonlySignal } from '@preact/signals-core';
import type { ProblemView, ResultBlockView } from './types.ts';

/** What the screens show of how agents are doing: what they log, what changes in them, and whether mine work. */

/** A line that an agent logged while somebody here used it; a peer's text. */
export type LogLineView = {
  readonly id: number;
  readonly at: number;
  readonly level: string;
  readonly logger?: string;
  readonly text: string;
  /** The call of mine during which it came, where there was only one. */
  readonly call?: string;
};

/** A resource that is watched: what it holds is read again when the agent says that it changed. */
export type WatchView = {
  readonly uri: string;
  readonly state: 'starting' | 'watching' | 'ended';
  readonly problem?: ProblemView;
  readonly changes: number;
  readonly changedAt?: number;
  readonly blocks?: readonly ResultBlockView[];
};

/** How an agent of this tab is doing, since the page was opened. */
export type AgentHealthView = {
  readonly agentId: string;
  readonly title: string;
  readonly isEnabled: boolean;
  /** `unknown`: it was not asked yet. */
  readonly state: 'unknown' | 'works' | 'fails';
  readonly problem?: ProblemView;
  /** Sessions of others with it. */
  readonly sessions: number;
  readonly running: number;
  readonly ran: number;
  /** Of those that ran: with an error of the agent's. */
  readonly errors: number;
  /** Refused, not answered, too many: calls that never ran, or not to their end. */
  readonly declined: number;
  readonly lastAt?: number;
  /** Of the last calls that ran, with the time for which they waited. */
  readonly medianMs?: number;
};

/** What a value is asked for: an argument of a prompt, or a part of a resource's address. */
export type SuggestedFor = { readonly prompt: string } | { readonly template: string };

export interface ActivityModel {
  /** Oldest first, the last ones only. */
  log(address: string): ReadonlySignal<readonly LogLineView[]>;
  clearLog(address: string): void;

  watches(address: string): ReadonlySignal<readonly WatchView[]>;
  watch(address: string, uri: string): void;
  unwatch(address: string, uri: string): void;

  /** What an agent suggests for a value; nothing, where it cannot be asked. */
  suggest(address: string, of: SuggestedFor, name: string, value: string, others: Readonly<Record<string, string>>): Promise<readonly string[]>;
  /** The address that a template gives. @throws ParleyError `bad-argument` */
  expand(template: string, values: Readonly<Record<string, string>>): Promise<string>;

  /** How long an agent takes to answer, in milliseconds. @throws ParleyError */
  ping(address: string): Promise<number>;

  readonly health: ReadonlySignal<readonly AgentHealthView[]>;
  /** Asks an agent of mine again what it offers. */
  checkAgent(agentId: string): Promise<void>;
}
