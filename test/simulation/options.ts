import type { NatMix } from './nat.ts';

/** What a run depends on: equal options give equal runs. */
export type SimOptions = {
  readonly scenario: string;
  readonly nodes: number;
  readonly seed: number;
  /** Virtual seconds; the scenario's own when absent. */
  readonly seconds?: number;
  readonly delayMs: number;
  /** How far single pairs of nodes are from the mean delay at most, as a share of it. */
  readonly spread: number;
  readonly loss: number;
  readonly reorder: number;
  readonly adversary?: string;
  /** Share of nodes that are adversaries. */
  readonly hostileShare: number;
  readonly nat: NatMix;
  /** The signaling server is switched off for good at this virtual second. */
  readonly serverOffAt?: number;
};

export const DEFAULTS: SimOptions = {
  scenario: 'steady',
  nodes: 20,
  seed: 1,
  delayMs: 75,
  spread: 0.8,
  loss: 0.02,
  reorder: 0,
  hostileShare: 0.1,
  nat: { open: 1 },
};

/** Full replication of all documents is for networks up to this size (design.md §5). */
export const MAX_NODES_WITH_REGISTRY = 300;

/** Above this many nodes cheap fakes stand in for the primitives, never below. */
export const MAX_NODES_WITH_REAL_CRYPTOGRAPHY = 100;
