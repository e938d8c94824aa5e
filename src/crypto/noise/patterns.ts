/** The tokens of a message pattern, Noise revision 34, §7 and §9. */
export type NoiseToken = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk';

/** A handshake pattern. Messages alternate, the initiator's first; `pre` names the static keys that are known beforehand. */
export type NoisePattern = {
  readonly name: string;
  readonly preInitiator: readonly 's'[];
  readonly preResponder: readonly 's'[];
  readonly messages: readonly (readonly NoiseToken[])[];
};

/** §7.4: one way, to a known static key. */
export const PATTERN_N: NoisePattern = {
  name: 'N',
  preInitiator: [],
  // <- s
  preResponder: ['s'],
  // -> e, es
  messages: [['e', 'es']],
};

/** §7.5: both sides send their static keys. */
export const PATTERN_XX: NoisePattern = {
  name: 'XX',
  preInitiator: [],
  preResponder: [],
  messages: [
    // -> e
    ['e'],
    // <- e, ee, s, es
    ['e', 'ee', 's', 'es'],
    // -> s, se
    ['s', 'se'],
  ],
};

/** §9.4: XX with a pre-shared key at the end of the third message. */
export const PATTERN_XXPSK3: NoisePattern = {
  ...PATTERN_XX,
  name: 'XXpsk3',
  messages: [['e'], ['e', 'ee', 's', 'es'], ['s', 'se', 'psk']],
};

/** §7.5: both sides know each other's static key. */
export const PATTERN_KK: NoisePattern = {
  name: 'KK',
  // -> s
  preInitiator: ['s'],
  // <- s
  preResponder: ['s'],
  messages: [
    // -> e, es, ss
    ['e', 'es', 'ss'],
    // <- e, ee, se
    ['e', 'ee', 'se'],
  ],
};
