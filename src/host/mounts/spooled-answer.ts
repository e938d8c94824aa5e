import { open, rm, type FileHandle } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '../../base/limits.ts';
import { AnswerText, type ResultSummary } from '../../mcp/answers/answer-text.ts';

/** A result that waits in a file until it is known whose it is. The file has no name any more once it is open: whatever ends the host leaves none behind. */
export class SpooledAnswer {
  /** Begins with `finish`. */
  readonly text = new AnswerText();
  readonly #file: Promise<FileHandle>;
  #written: Promise<unknown>;
  #isOver = false;

  constructor() {
    this.#file = openNameless();
    this.#written = this.#file;
    this.text.onCancelled = () => this.#close();
    this.#file.catch((error: Error) => this.fail(error));
  }

  /** Resolves when it is in the file. */
  write(piece: Uint8Array): Promise<void> {
    const written = Promise.all([this.#file, this.#written]).then(async ([file]) => {
      if (!this.#isOver) await file.writeFile(piece);
    });
    this.#written = written;
    return written.catch((error: Error) => this.fail(error));
  }

  finish(summary: ResultSummary): void {
    void this.#readBack(summary).catch((error: Error) => this.fail(error));
  }

  fail(error: Error): void {
    this.text.fail(error);
    this.#close();
  }

  async #readBack(summary: ResultSummary): Promise<void> {
    await this.#written;
    const file = await this.#file;
    for (let at = 0; at < summary.bytes && !this.#isOver;) {
      const piece = new Uint8Array(Math.min(LIMITS.mcpPartBytes, summary.bytes - at));
      const { bytesRead } = await file.read(piece, 0, piece.length, at);
      if (bytesRead === 0) throw new Error('The file of a waiting result is shorter than it was.');
      at += bytesRead;
      await this.text.write(piece.subarray(0, bytesRead));
    }
    this.text.finish(summary);
    this.#close();
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#file.then((file) => file.close()).catch(() => undefined);
  }
}

async function openNameless(): Promise<FileHandle> {
  const name = join(tmpdir(), `parley-result-${randomUUID()}`);
  const file = await open(name, 'wx+', 0o600);
  await rm(name).catch(() => undefined);
  return file;
}
