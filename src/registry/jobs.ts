import { Queue } from '../base/queue.ts';
import { LIMITS } from '../base/limits.ts';
import type { SignatureCheck } from '../ports/keys.ts';
import type { EngineResult, EngineWork } from './engine/document-engine.ts';
import type { RegistryInput, RegistryOutput } from './registry-io.ts';

type Answer<T> = (value: T, now: number) => void;

/** What the parts of the registry use of it: outputs, and questions to the outside with what is to be done with the answer. */
export class Jobs {
  readonly #outputs = new Queue<RegistryOutput>();
  readonly #verifications = new Map<number, Answer<boolean>>();
  readonly #signatures = new Map<number, Answer<Uint8Array>>();
  readonly #works = new Map<number, Answer<EngineResult>>();
  #next = 0;

  emit(output: RegistryOutput): void {
    this.#outputs.push(output);
  }

  poll(): RegistryOutput | undefined {
    return this.#outputs.shift();
  }

  /** Whether nothing more is to be begun for strangers. */
  get isFull(): boolean {
    return this.#verifications.size + this.#works.size >= LIMITS.maxRegistryJobs;
  }

  /** Answered with `true` at once when there is nothing to check. */
  verify(checks: readonly SignatureCheck[], now: number, then: Answer<boolean>): void {
    if (checks.length === 0) return then(true, now);
    const job = this.#next++;
    this.#verifications.set(job, then);
    this.emit({ type: 'verify', job, checks });
  }

  /** With the device's key. */
  sign(message: Uint8Array, then: Answer<Uint8Array>): void {
    const job = this.#next++;
    this.#signatures.set(job, then);
    this.emit({ type: 'sign', job, key: 'device', message });
  }

  run(work: EngineWork, then: Answer<EngineResult>): void {
    const job = this.#next++;
    this.#works.set(job, then);
    this.emit({ type: 'engine', job, work });
  }

  answer(input: Extract<RegistryInput, { type: 'verified' | 'signed' | 'engine-done' }>, now: number): void {
    if (input.type === 'verified') return settle(this.#verifications, input.job, input.valid, now);
    if (input.type === 'signed') return settle(this.#signatures, input.job, input.signature, now);
    return settle(this.#works, input.job, input.result, now);
  }
}

function settle<T>(waiting: Map<number, Answer<T>>, job: number, value: T, now: number): void {
  const then = waiting.get(job);
  waiting.delete(job);
  then?.(value, now);
}
