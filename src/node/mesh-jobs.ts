/** Which part of the mesh waits for an answer from outside. */
export type Waiting<Part> = { readonly part: Part; readonly job: number };

/** One numbering for the questions of several parts, whose own numbers overlap. */
export class MeshJobs<Part> {
  readonly #waiting = new Map<number, Waiting<Part>>();
  #next = 1;

  open(part: Part, job: number): number {
    const number = this.#next++;
    this.#waiting.set(number, { part, job });
    return number;
  }

  /** Who asked; each question is answered once. */
  close(number: number): Waiting<Part> | undefined {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    return waiting;
  }

  get size(): number {
    return this.#waiting.size;
  }
}
