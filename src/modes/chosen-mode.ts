import type { Mode } from '../node/left-links.ts';

const MODES: readonly Mode[] = ['decentralised', 'hybrid', 'centralised'];

/** As it is stored. */
export function readMode(value: unknown): Mode {
  return MODES.find((mode) => mode === value) ?? 'decentralised';
}

/** The mode of a node that starts: with hosts only where there is nothing else, or nothing else is wanted. */
export function firstMode(chosen: Mode, hasWebRtc: boolean): Mode {
  return hasWebRtc ? chosen : 'centralised';
}
