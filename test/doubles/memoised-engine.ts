import { BoundedMap } from '../../src/base/bounded-map.ts';
import { toHex } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import type { DocumentEngine, EngineResult, EngineWork } from '../../src/registry/engine/document-engine.ts';
import type { SignatureCheck } from '../../src/ports/keys.ts';

const MAX_RESULTS = 20_000;

/**
 * An engine for many simulated nodes in one process: what was applied to equal documents is computed once, and all nodes hold the same,
 * never altered result. Answers at once.
 */
export class MemoisedEngine implements DocumentEngine {
  readonly #engine: { run(work: EngineWork): EngineResult };
  readonly #results = new BoundedMap<string, EngineResult>(MAX_RESULTS);
  /** Work that was really done. */
  runs = 0;

  constructor(engine: { run(work: EngineWork): EngineResult }) {
    this.#engine = engine;
  }

  run(work: EngineWork): EngineResult {
    if (work.type !== 'apply') return this.#do(work);
    // A change is told from all others by its checksum and contents, so their hash names the result.
    const key = `${work.state.key}+${toHex(sha256(...work.changes))}`;
    const known = this.#results.get(key);
    if (known) return known;
    const result = this.#do(work);
    this.#results.set(key, result);
    return result;
  }

  #do(work: EngineWork): EngineResult {
    this.runs++;
    return this.#engine.run(work);
  }
}

/** Signatures that were checked once hold for all simulated nodes. `check` is synchronous. */
export class MemoisedChecks {
  readonly #known = new BoundedMap<string, boolean>(MAX_RESULTS * 4);
  readonly #check: (check: SignatureCheck) => boolean;

  constructor(check: (check: SignatureCheck) => boolean) {
    this.#check = check;
  }

  all(checks: readonly SignatureCheck[]): boolean {
    return checks.every((check) => {
      const key = toHex(sha256(check.publicKey, check.signature, check.message));
      let valid = this.#known.get(key);
      if (valid === undefined) this.#known.set(key, (valid = this.#check(check)));
      return valid;
    });
  }
}
