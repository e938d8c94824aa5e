import { Queue } from '../../base/queue.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DocumentEngine, EngineResult, EngineWork } from './document-engine.ts';

export type EngineRequest = { readonly type: 'start'; readonly wasmUrl: string } | { readonly type: 'work'; readonly work: EngineWork };

export type EngineReply =
  | { readonly type: 'ready' }
  | { readonly type: 'broken'; readonly detail: string }
  | { readonly type: 'done'; readonly result: EngineResult };

/** A worker that runs `engine.worker.ts`. */
export interface EngineWorker {
  post(request: EngineRequest): void;
  onReply(listener: (reply: EngineReply) => void): void;
  onError(listener: (detail: string) => void): void;
  terminate(): void;
}

type Waiting = { readonly work: EngineWork; readonly done: (result: EngineResult) => void; budgetMs: number };

/** A busy machine may let a worker wait: what ran over its time gets this many times as much once, before it is refused. */
const SECOND_CHANCE = 10;

/**
 * The engine in a worker of its own, started when it is first needed. Work that takes longer than its budget ends the worker; nothing is lost
 * with it, since all work brings its document along.
 */
export class WorkerEngine implements DocumentEngine {
  readonly #startWorker: () => EngineWorker;
  readonly #wasmUrl: string;
  readonly #clock: Clock;
  readonly #waiting = new Queue<Waiting>();
  #worker: EngineWorker | undefined;
  #isReady = false;
  #running: Waiting | undefined;
  #cancelTimeout: (() => void) | undefined;

  constructor(options: { readonly startWorker: () => EngineWorker; readonly wasmUrl: string; readonly clock: Clock }) {
    this.#startWorker = options.startWorker;
    this.#wasmUrl = options.wasmUrl;
    this.#clock = options.clock;
  }

  run(work: EngineWork): Promise<EngineResult> {
    return new Promise((done) => {
      this.#waiting.push({ work, done, budgetMs: LIMITS.engineBudgetMs });
      this.#next();
    });
  }

  /** Ends the worker; what waits is not done. */
  close(): void {
    this.#giveUp('The engine was closed.');
  }

  #next(): void {
    if (this.#running || this.#waiting.length === 0) return;
    if (!this.#worker) return this.#start();
    if (!this.#isReady) return;
    const waiting = this.#waiting.shift() as Waiting;
    this.#begin(waiting);
  }

  #begin(waiting: Waiting): void {
    this.#running = waiting;
    this.#cancelTimeout = this.#clock.wakeAt(this.#clock.now() + waiting.budgetMs, () => this.#overran());
    this.#worker?.post({ type: 'work', work: waiting.work });
  }

  #start(): void {
    let worker: EngineWorker;
    try {
      worker = this.#startWorker();
    } catch (thrown) {
      return this.#giveUp(String(thrown));
    }
    this.#worker = worker;
    this.#cancelTimeout = this.#clock.wakeAt(this.#clock.now() + LIMITS.engineStartMs, () => this.#giveUp('The engine did not start.'));
    worker.onReply((reply) => worker === this.#worker && this.#replied(reply));
    worker.onError((detail) => worker === this.#worker && this.#giveUp(detail));
    worker.post({ type: 'start', wasmUrl: this.#wasmUrl });
  }

  #replied(reply: EngineReply): void {
    this.#cancelTimeout?.();
    this.#cancelTimeout = undefined;
    if (reply.type === 'broken') return this.#giveUp(reply.detail);
    const running = this.#running;
    this.#running = undefined;
    if (reply.type === 'done') {
      running?.done(reply.result);
      return this.#next();
    }
    this.#isReady = true;
    if (running) this.#begin(running);
    else this.#next();
  }

  #overran(): void {
    const running = this.#running;
    this.#end();
    if (running && running.budgetMs === LIMITS.engineBudgetMs) {
      running.budgetMs *= SECOND_CHANCE;
      this.#running = running;
      return this.#start();
    }
    running?.done({ type: 'failed', reason: 'overrun', detail: `It took longer than ${LIMITS.engineBudgetMs * SECOND_CHANCE} ms.` });
    this.#next();
  }

  /** The engine does not work here: everything that waits is told so, and the next work tries again. */
  #giveUp(detail: string): void {
    const refused = this.#running ? [this.#running] : [];
    this.#end();
    for (let waiting = this.#waiting.shift(); waiting; waiting = this.#waiting.shift()) refused.push(waiting);
    for (const { done } of refused) done({ type: 'failed', reason: 'unavailable', detail });
  }

  #end(): void {
    this.#cancelTimeout?.();
    this.#cancelTimeout = undefined;
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#isReady = false;
    this.#running = undefined;
  }
}
