import { isTabMessage } from '../../src/app/tab-messages.ts';

type Waiting = { readonly options: LockOptions; readonly callback: (lock: Lock | null) => unknown; settle(outcome: Promise<unknown>): void };

/** Web Locks of one name as the specification has them, for pages of one browser; Node has none. */
export class FakeLocks {
  #holder: { steal(): void } | undefined;
  readonly #queue: Waiting[] = [];

  /** What one page sees. */
  readonly manager = {
    request: (_name: string, options: LockOptions, callback: (lock: Lock | null) => unknown) =>
      new Promise((resolve, reject) => {
        const waiting: Waiting = { options, callback, settle: (outcome) => outcome.then(resolve, reject) };
        if (options.ifAvailable && this.#holder) {
          waiting.settle(Promise.resolve(callback(null)));
          return;
        }
        options.signal?.addEventListener('abort', () => {
          if (this.#queue.includes(waiting)) this.#queue.splice(this.#queue.indexOf(waiting), 1);
          reject(new DOMException('No longer wanted.', 'AbortError'));
        });
        if (options.steal) this.#holder?.steal();
        if (options.steal) this.#queue.unshift(waiting);
        else this.#queue.push(waiting);
        queueMicrotask(() => this.#next());
      }),
  } as unknown as LockManager;

  #next(): void {
    if (this.#holder) return;
    const waiting = this.#queue.shift();
    if (!waiting) return;
    const taken = new Promise<never>((_resolve, reject) => {
      this.#holder = { steal: () => ((this.#holder = undefined), reject(new DOMException('Stolen.', 'AbortError'))) };
    });
    const holder = this.#holder;
    const held = Promise.resolve(waiting.callback({ name: 'fake', mode: 'exclusive' }));
    waiting.settle(Promise.race([held, taken]));
    void held.then(() => {
      if (this.#holder !== holder) return;
      this.#holder = undefined;
      this.#next();
    });
  }
}

/** The service worker's part in bringing tabs together: it knows each page by an id, and hands a port from one to another. */
export class FakeWorker {
  readonly #pages = new Map<string, EventTarget>();
  #nextId = 1;
  #activate: () => void = () => undefined;
  readonly #ready: Promise<void>;

  constructor(isReady = true) {
    this.#ready = isReady ? Promise.resolve() : new Promise((resolve) => (this.#activate = resolve));
  }

  activate(): void {
    this.#activate();
  }

  /** A page's `navigator.serviceWorker`. */
  page(): Pick<ServiceWorkerContainer, 'ready' | 'addEventListener' | 'startMessages'> {
    const id = `client-${this.#nextId++}`;
    const page = new EventTarget();
    this.#pages.set(id, page);
    const active = { postMessage: (message: unknown, ports: MessagePort[] = []) => this.#receive(id, message, ports) };
    return Object.assign(page, { startMessages: () => undefined, ready: this.#ready.then(() => ({ active })) }) as unknown as ServiceWorkerContainer;
  }

  #receive(from: string, message: unknown, ports: MessagePort[]): void {
    if (!isTabMessage(message)) return;
    if (message.type === 'who-am-i') this.#send(from, { type: 'you-are', client: from }, []);
    if (message.type === 'meet') this.#send(message.client, message, ports);
  }

  #send(to: string, data: unknown, ports: MessagePort[]): void {
    queueMicrotask(() => this.#pages.get(to)?.dispatchEvent(new MessageEvent('message', { data, ports })));
  }
}
