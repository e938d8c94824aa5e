import { complaintsOf } from '../view/schema-complaints.ts';
import type { CheckRequest, CheckReply } from './schema-checker.ts';

/** Judges arguments by schemas of strangers: a page that waits for it goes on, and may end it. */
addEventListener('message', ({ data }: MessageEvent<CheckRequest>) => {
  const reply: CheckReply = { id: data.id, complaints: complaintsOf(data.schema, data.args) };
  postMessage(reply);
});
