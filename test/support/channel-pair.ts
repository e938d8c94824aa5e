import type { Channel, ChannelInput, ChannelOutput } from '../../src/crypto/channel.ts';
import { WebCryptoBulkCipher } from '../../src/crypto/bulk-cipher.ts';
import { WAKE } from '../../src/base/machine.ts';
import { scriptVerifier } from '../../src/crypto/signing.ts';

export type End = { readonly code: string; readonly remote: boolean };

/** One side of a {@link ChannelPair}, with everything that its channel told. */
export class Side {
  readonly channel: Channel;
  readonly delivered: Uint8Array[] = [];
  readonly faults: string[] = [];
  readonly stalled: string[] = [];
  established: Extract<ChannelOutput, { readonly type: 'established' }> | undefined;
  end: End | undefined;
  /** Every frame that this side gave to the link. */
  readonly transmitted: Uint8Array[] = [];

  constructor(channel: Channel) {
    this.channel = channel;
  }
}

/** Two channels joined in memory, with the clock in the test's hand. `tamper` may change, drop (undefined) or repeat (array) frames. */
export class ChannelPair {
  readonly a: Side;
  readonly b: Side;
  now: number;
  tamper: (frame: Uint8Array, from: Side) => Uint8Array | readonly Uint8Array[] | undefined = (frame) => frame;
  readonly #cipher = new WebCryptoBulkCipher();
  #jobs: Promise<void>[] = [];

  constructor(a: Channel, b: Channel, now: number) {
    this.a = new Side(a);
    this.b = new Side(b);
    this.now = now;
  }

  input(side: Side, input: ChannelInput): void {
    side.channel.handle(input, this.now);
  }

  /** Carries frames and does jobs until nothing moves any more. */
  async settle(): Promise<void> {
    do {
      this.#drain(this.a, this.b);
      this.#drain(this.b, this.a);
      const jobs = this.#jobs;
      this.#jobs = [];
      await Promise.all(jobs);
    } while (this.#drain(this.a, this.b) || this.#drain(this.b, this.a) || this.#jobs.length > 0);
  }

  /** Lets time pass to `at`, waking both sides whenever they want it. */
  async advance(at: number): Promise<void> {
    for (;;) {
      const next = Math.min(this.a.channel.nextWakeAt() ?? Infinity, this.b.channel.nextWakeAt() ?? Infinity);
      if (next > at) break;
      this.now = Math.max(this.now, next);
      this.a.channel.handle(WAKE, this.now);
      this.b.channel.handle(WAKE, this.now);
      await this.settle();
    }
    this.now = at;
  }

  #drain(from: Side, to: Side): boolean {
    let isAny = false;
    for (let output = from.channel.poll(); output; output = from.channel.poll()) {
      isAny = true;
      this.#output(from, to, output);
    }
    return isAny;
  }

  #output(from: Side, to: Side, output: ChannelOutput): void {
    switch (output.type) {
      case 'transmit': {
        from.transmitted.push(output.frame);
        const carried = this.tamper(output.frame.slice(), from);
        const frames = carried === undefined ? [] : carried instanceof Uint8Array ? [carried] : carried;
        for (const frame of frames) to.channel.handle({ type: 'frame', bytes: frame }, this.now);
        return;
      }
      case 'verify':
        this.#jobs.push(
          Promise.all(output.checks.map((check) => scriptVerifier.verify(check))).then((results) =>
            from.channel.handle({ type: 'verified', job: output.job, valid: results.every(Boolean) }, this.now),
          ),
        );
        return;
      case 'bulk':
        this.#jobs.push(
          this.#cipher[output.operation](output.work).then((bytes) =>
            from.channel.handle({ type: 'bulk-done', job: output.job, ...(bytes ? { bytes } : {}) }, this.now),
          ),
        );
        return;
      case 'established':
        from.established = output;
        return;
      case 'deliver':
        from.delivered.push(output.payload);
        return;
      case 'fault':
        from.faults.push(output.code);
        return;
      case 'stalled':
        from.stalled.push(output.code);
        return;
      case 'closed':
        from.end = { code: output.code, remote: output.remote };
    }
  }
}
