/** First in, first out, without the cost of `Array.shift` on long queues. */
export class Queue<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** The last `limit` items that were put in and for which `where` holds, latest first; they stay. */
  latest(limit: number, where: (item: T) => boolean): readonly T[] {
    const found: T[] = [];
    for (let index = this.#items.length - 1; index >= this.#head && found.length < limit; index--) {
      const item = this.#items[index] as T;
      if (where(item)) found.push(item);
    }
    return found;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
