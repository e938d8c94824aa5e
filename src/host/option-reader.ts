import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ParleyError } from '../base/errors.ts';

/** One option of a command: how it is read, and what its help says. */
export type OptionSpec = {
  readonly name: string;
  /** What stands for the value in the help; absent for a switch. */
  readonly value?: string;
  readonly isRepeatable?: boolean;
  readonly fallback?: string;
  readonly help: string;
};

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

type Parsed = { readonly values: Values; readonly positionals: readonly string[] };

/** Splits a command line. @throws ParleyError `bad-argument`; it names the option, never its value. */
export function parseOptions(specs: readonly OptionSpec[], args: readonly string[], allowPositionals: boolean): Parsed {
  const options = Object.fromEntries(
    specs.map(({ name, value, isRepeatable }) => [
      name,
      { type: value ? ('string' as const) : ('boolean' as const), multiple: isRepeatable === true, ...(name === 'help' ? { short: 'h' } : {}) },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals });
  } catch (thrown) {
    const { code } = thrown as { readonly code?: string };
    const option = /'(--?[\w-]+)/.exec((thrown as Error).message)?.[1];
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw bad(`There is no option ${option ?? ''}; see --help.`);
    if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') {
      const spec = specs.find(({ name }) => `--${name}` === option);
      throw bad(spec?.value ? `${option} needs a value (${spec.value}).` : `${option} takes no value.`);
    }
    throw bad('What is given beside the options is not understood; see --help.');
  }
}

/** The values of a command's options: of the command line, else of the environment, else what they are by themselves. */
export class OptionReader {
  readonly #specs: readonly OptionSpec[];
  readonly #values: Values;
  readonly #environment: Readonly<Record<string, string | undefined>>;

  constructor(specs: readonly OptionSpec[], values: Values, environment: Readonly<Record<string, string | undefined>>) {
    this.#specs = specs;
    this.#values = values;
    this.#environment = environment;
  }

  text(name: string): string | undefined {
    const given = this.#values[name];
    if (given === '') throw bad(`--${name} needs a value.`);
    if (typeof given === 'string') return given;
    return this.#fromEnvironment(name) ?? this.#specs.find((spec) => spec.name === name)?.fallback;
  }

  /** Of a repeatable option; in the environment one a line. */
  texts(name: string): string[] {
    const given = this.#values[name];
    const texts = Array.isArray(given) ? given.map(String) : (this.#fromEnvironment(name)?.split('\n') ?? []);
    return texts.map((text) => text.trim()).filter((text) => text !== '');
  }

  path(name: string): string | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : resolve(text);
  }

  isOn(name: string): boolean {
    if (this.#values[name] !== undefined) return this.#values[name] === true;
    const value = this.#fromEnvironment(name);
    if (value === undefined || value === '0' || value === 'false') return false;
    if (value === '1' || value === 'true') return true;
    throw bad(`${environmentName(name)} must be 1 or 0.`);
  }

  count(name: string, min: number, max: number): number {
    const text = this.text(name) ?? '';
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) throw bad(`--${name} must be a whole number from ${min} to ${max}.`);
    return value;
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const text = this.text(name);
    const choice = choices.find((candidate) => candidate === text);
    if (choice === undefined) throw bad(`--${name} must be one of: ${choices.join(', ')}.`);
    return choice;
  }

  #fromEnvironment(name: string): string | undefined {
    const value = this.#environment[environmentName(name)];
    return value === '' ? undefined : value;
  }
}

function environmentName(name: string): string {
  return `PARLEY_HOST_${name.replaceAll('-', '_').toUpperCase()}`;
}

export function bad(sentence: string): ParleyError {
  return new ParleyError('bad-argument', sentence);
}

const HELP_COLUMN = 29;

/** The lines of a help text. */
export function rows(specs: readonly OptionSpec[]): readonly string[] {
  return specs.map(({ name, value, isRepeatable, fallback, help }) => {
    const left = `  --${name}${value ? ` ${value}` : ''}`;
    const gap = left.length < HELP_COLUMN - 1 ? ' '.repeat(HELP_COLUMN - left.length) : `\n${' '.repeat(HELP_COLUMN)}`;
    return `${left}${gap}${help}${isRepeatable ? '; repeatable' : ''}${fallback === undefined ? '' : ` (default: ${fallback})`}`;
  });
}
