import { createInterface, type Interface } from 'node:readline/promises';
import { asParleyError } from '../../base/errors.ts';
import { parsePersonId } from '../../base/ids.ts';
import { RULES, type Rule } from '../policy.ts';
import type { AllowOption } from './plan.ts';

/** The person at the terminal, who is asked. */
export class Owner {
  readonly #lines: Interface;

  private constructor(lines: Interface) {
    this.#lines = lines;
  }

  /** `undefined` where nobody can be asked. */
  static atTerminal(): Owner | undefined {
    const { stdin: input, stdout: output } = process;
    return input.isTTY && output.isTTY ? new Owner(createInterface({ input, output })) : undefined;
  }

  async agrees(question: string): Promise<boolean> {
    return /^y(es)?$/i.test((await this.#lines.question(`${question} [y/N] `)).trim());
  }

  async whoMayCall(): Promise<readonly AllowOption[]> {
    for (;;) {
      const who = (await this.#lines.question('Who may call them? A person’s id (z6Mk…), “everyone”, or nothing for nobody: ')).trim();
      if (who === '') return [];
      try {
        const person = who === 'everyone' ? who : parsePersonId(who);
        return [{ agent: undefined, who: person, rule: await this.#rule() }];
      } catch (thrown) {
        process.stdout.write(`${asParleyError(thrown).message}\n`);
      }
    }
  }

  leave(): void {
    this.#lines.close();
  }

  async #rule(): Promise<Rule> {
    for (;;) {
      const text = (await this.#lines.question('At once (run), or do you decide each time (ask)? ')).trim();
      const rule = RULES.find((candidate) => candidate === text);
      if (rule) return rule;
    }
  }
}
