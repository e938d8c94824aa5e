/** The lock of a browser's hub, as one tab sees it. */
export class HubLock {
  readonly #locks: LockManager;
  readonly #name: string;
  readonly #onHeld: (isHeld: boolean) => void;
  #letGo: (() => void) | undefined;
  #waiting: AbortController | undefined;

  /** `onHeld` is told when this tab gets the lock, and when somebody takes it away; not when it leaves by itself. */
  constructor(locks: LockManager, name: string, onHeld: (isHeld: boolean) => void) {
    this.#locks = locks;
    this.#name = name;
    this.#onHeld = onHeld;
  }

  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Takes the lock if it is free. */
  tryNow(): Promise<void> {
    return new Promise((resolve) => this.#request({ ifAvailable: true }, resolve));
  }

  /** Waits for the lock, behind those who wait already. */
  await(): void {
    if (this.#waiting || this.#letGo) return;
    this.#waiting = new AbortController();
    this.#request({ signal: this.#waiting.signal });
  }

  /** Takes the lock from a tab that does not move. */
  steal(): void {
    this.leave();
    this.#request({ steal: true });
  }

  /** Lets the lock go, or waits for it no longer. */
  leave(): void {
    this.#waiting?.abort();
    this.#waiting = undefined;
    this.#letGo?.();
    this.#letGo = undefined;
  }

  #request(options: LockOptions, answered: () => void = () => undefined): void {
    let letGo: (() => void) | undefined;
    this.#locks
      .request(this.#name, options, (lock) => {
        if (!lock || options.signal?.aborted) return answered();
        this.#waiting = undefined;
        const held = new Promise<void>((resolve) => (this.#letGo = letGo = resolve));
        this.#onHeld(true);
        answered();
        return held;
      })
      .catch((thrown: unknown) => {
        const isTaken = letGo !== undefined && this.#letGo === letGo;
        if (isTaken) this.#letGo = undefined;
        // A page to which the browser denies locks shares nothing with other tabs, and is a hub of its own.
        const isDenied = !(thrown instanceof DOMException && thrown.name === 'AbortError');
        if (isTaken || isDenied) this.#onHeld(isDenied);
        answered();
      });
  }
}
