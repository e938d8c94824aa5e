/** What a session with another node needs, loaded with the first one. */
export { AnswerOffers, answerFetcher } from './answers/answer-offers.ts';
export { WholeAnswers } from './answers/whole-answers.ts';
export { GuardedTransport } from './guarded-transport.ts';
export { decodeNote, encodeNote } from './session-notes.ts';
export { StreamTransport } from './stream-transport.ts';
