/** What a session with another node needs, loaded with the first one. */
export { GuardedTransport } from './guarded-transport.ts';
export { decodeNote, encodeNote } from './session-notes.ts';
export { StreamTransport } from './stream-transport.ts';
