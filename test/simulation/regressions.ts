import type { SimOptions } from './options.ts';

/** Runs that once broke something, or stand for what did in a larger network; each stays. Add the options that the failing command names. */
export const REGRESSIONS: readonly (Partial<SimOptions> & { readonly why: string })[] = [
  { scenario: 'join-storm', nodes: 12, seed: 1, why: 'everybody dials everybody at once: one session of each pair must win at both ends' },
  {
    scenario: 'hostile',
    adversary: 'circuit-looper',
    nodes: 6,
    seed: 7,
    seconds: 60,
    why: 'what routing blames on a neighbour counts, and links are dialled within the budget only',
  },
  { scenario: 'steady', nodes: 16, seed: 1, seconds: 40, why: 'a document that one neighbour brings late is asked of another' },
  { scenario: 'kill-30', nodes: 12, seed: 2, seconds: 110, why: 'nothing wants to be woken in the past when a third of the nodes dies at once' },
  { scenario: 'no-server', nodes: 8, seed: 3, seconds: 150, why: 'sessions outlive the signaling server' },
  {
    scenario: 'churn',
    nodes: 6,
    seed: 1777605778,
    seconds: 130,
    why: 'what is under way to a node that ends comes to its next run, if there is one',
  },
];
