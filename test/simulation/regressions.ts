import type { SimOptions } from './options.ts';

/** Runs that once broke something; each stays. Add the options that the failing command names. */
export const REGRESSIONS: readonly (Partial<SimOptions> & { readonly why: string })[] = [
  { scenario: 'join-storm', nodes: 12, seed: 1, why: 'everybody dials everybody at once: one session of each pair must win at both ends' },
  { scenario: 'no-server', nodes: 8, seed: 3, why: 'sessions outlive the signaling server' },
];
