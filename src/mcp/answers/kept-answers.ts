import { concatBytes } from '../../base/bytes.ts';
import { LIMITS } from '../../base/limits.ts';
import type { AnswerText } from './answer-text.ts';
import { KEPT } from './kept-in.ts';

/**
 * Reads a result into a `Blob`, which browsers keep on disk where it is large: the page has a handle and the beginning of it. The result in its place has
 * the shape that the request asks for. @throws why it broke off, or cannot be kept
 */
export async function keptResult(method: string, read: readonly Uint8Array[], text: AnswerText): Promise<Readonly<Record<string, unknown>>> {
  const preview = beginningOf(read);
  const parts: Blob[] = [];
  let pieces = [...read] as Uint8Array<ArrayBuffer>[];
  let bytes = 0;
  const store = (): void => {
    // Only what became a Blob has left the page's memory.
    parts.push(new Blob(pieces));
    [pieces, bytes] = [[], 0];
  };
  store();
  for (let piece = await text.read(); piece; piece = await text.read()) {
    pieces.push(piece as Uint8Array<ArrayBuffer>);
    bytes += piece.length;
    if (bytes >= LIMITS.keptPartBytes) store();
  }
  store();
  const { isError = false, resultType } = await text.done;
  const kind = resultType === undefined ? {} : { resultType };
  const kept = { [KEPT]: new Blob(parts, { type: 'application/json' }) };
  return method === 'resources/read'
    ? { ...kind, contents: [{ uri: '', text: preview, _meta: kept }] }
    : { ...kind, content: [{ type: 'text', text: preview, _meta: kept }], structuredContent: kept, isError };
}

function beginningOf(read: readonly Uint8Array[]): string {
  const bytes = concatBytes(...firstPieces(read)).subarray(0, LIMITS.keptPreviewBytes);
  // The last character may be cut.
  return new TextDecoder().decode(bytes, { stream: true });
}

/** As many as hold what is shown. */
function firstPieces(read: readonly Uint8Array[]): readonly Uint8Array[] {
  let bytes = 0;
  return read.filter((piece) => (bytes += piece.length) - piece.length < LIMITS.keptPreviewBytes);
}
