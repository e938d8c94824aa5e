import { StringDecoder } from 'node:string_decoder';
import { HOST_LIMITS } from '../../base/limits.ts';
import { withoutInvisible } from '../../base/visible-text.ts';

/** The last of what a process wrote to its standard error, by lines; longer lines are cut. */
export class StderrTail {
  readonly #decoder = new StringDecoder('utf8');
  #lines: string[] = [];
  #length = 0;
  #open = '';
  #note: string | undefined;

  get hasNote(): boolean {
    return this.#note !== undefined;
  }

  /** What was found out about the process from outside, which explains its end better than its own words. */
  note(sentence: string): void {
    this.#note ??= sentence;
  }

  add(chunk: Buffer, onLine: (line: string) => void): void {
    const lines = (this.#open + this.#decoder.write(chunk)).split(/\r?\n/);
    this.#open = (lines.pop() ?? '').slice(-HOST_LIMITS.stderrTailBytes);
    for (const line of lines) {
      const text = clean(line);
      if (text === '') continue;
      this.#keep(text);
      onLine(text);
    }
  }

  tail(): string {
    const lines = [...this.#lines, clean(this.#open), this.#note ?? ''].filter((line) => line !== '');
    return lines.join('\n').slice(-HOST_LIMITS.stderrTailBytes);
  }

  #keep(line: string): void {
    this.#lines.push(line);
    this.#length += line.length;
    while (this.#length > HOST_LIMITS.stderrTailBytes && this.#lines.length > 1) this.#length -= (this.#lines.shift() as string).length;
  }
}

/** Colours and other terminal sequences (ECMA-48 CSI) say nothing to whoever reads it elsewhere. */
// eslint-disable-next-line no-control-regex -- that is what is removed
const TERMINAL_SEQUENCE = /\u001b\[[0-9;?]*[ -/]*[@-~]/g;

function clean(line: string): string {
  return withoutInvisible(line.replace(TERMINAL_SEQUENCE, '')).trimEnd().slice(0, HOST_LIMITS.stderrTailBytes);
}
