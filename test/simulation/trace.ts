/** A running hash of everything that was delivered, where and when: two runs with the same hash did the same. Two lanes of FNV-1a over words. */
export class TraceHash {
  #a = 0x811c9dc5;
  #b = 0x9747b28c;

  /** Both ends of the bytes: sealed frames end with a tag that depends on all of them. */
  delivery(at: number, from: number, to: number, bytes: Uint8Array): void {
    this.#mix(at);
    this.#mix(from * 65_536 + to);
    this.#mix(bytes.length);
    const half = Math.min(8, bytes.length);
    for (let index = 0; index < half; index++) this.#mix(((bytes[index] as number) << 8) | (bytes[bytes.length - 1 - index] as number));
  }

  get hex(): string {
    return [this.#a, this.#b].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #mix(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x01000193);
    this.#b = Math.imul(this.#b ^ (word + 0x9e3779b9), 0x85ebca6b) ^ (this.#b >>> 15);
  }
}
