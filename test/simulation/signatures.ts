import { equalBytes } from '../../src/base/bytes.ts';
import { verifyNow } from '../../src/crypto/signing.ts';
import type { SignatureCheck } from '../../src/ports/keys.ts';

const MAX_KEPT = 100_000;

/** Verifies really, but each signature once: all nodes of a simulation are one process, and equal questions have equal answers. */
export class SignatureMemo {
  readonly #known = new Map<string, { readonly check: SignatureCheck; readonly isValid: boolean }>();

  all(checks: readonly SignatureCheck[]): boolean {
    return checks.every((check) => this.holds(check));
  }

  holds(check: SignatureCheck): boolean {
    const name = Buffer.from(check.signature.buffer, check.signature.byteOffset, check.signature.byteLength).toString('latin1');
    const known = this.#known.get(name);
    if (known && equalBytes(known.check.message, check.message) && equalBytes(known.check.publicKey, check.publicKey)) return known.isValid;
    const isValid = verifyNow(check);
    if (this.#known.size >= MAX_KEPT) this.#known.clear();
    this.#known.set(name, { check, isValid });
    return isValid;
  }
}
