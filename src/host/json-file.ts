import { readFileSync, statSync } from 'node:fs';
import { getNodeValue, parseTree, printParseErrorCode, type Node as JsonNode, type ParseError } from 'jsonc-parser';
import { ParleyError } from '../base/errors.ts';
import { HOST_LIMITS } from '../base/limits.ts';

/** A place in a JSON file that its owner wrote: every complaint names file and line. Comments and trailing commas are allowed, as editors have them. */
export class JsonPlace {
  readonly #file: string;
  readonly #text: string;
  readonly #node: JsonNode;
  /** How the place is called in sentences. */
  readonly what: string;

  constructor(file: string, text: string, node: JsonNode, what: string) {
    this.#file = file;
    this.#text = text;
    this.#node = node;
    this.what = what;
  }

  /** @throws ParleyError `bad-argument` */
  fail(reason: string): never {
    throw fileError(this.#file, lineOf(this.#text, this.#node.offset), reason);
  }

  /** The members of an object, in their order; a name that comes twice is an error. */
  members(): ReadonlyMap<string, JsonPlace> {
    if (this.#node.type !== 'object') return this.fail(`${this.what} must be an object.`);
    const members = new Map<string, JsonPlace>();
    for (const { children: [key, value] = [] } of this.#node.children ?? []) {
      if (!key || !value) continue;
      const name = String(key.value);
      const place = new JsonPlace(this.#file, this.#text, value, `“${name}”`);
      if (members.has(name)) return place.fail(`“${name}” is there twice.`);
      members.set(name, place);
    }
    return members;
  }

  items(): readonly JsonPlace[] {
    if (this.#node.type !== 'array') return this.fail(`${this.what} must be an array.`);
    return (this.#node.children ?? []).map((item) => new JsonPlace(this.#file, this.#text, item, `each item of ${this.what}`));
  }

  /** Counted from 1. */
  get line(): number {
    return lineOf(this.#text, this.#node.offset);
  }

  /** What stands there, as JSON has it. */
  value(): unknown {
    return getNodeValue(this.#node);
  }

  get isObject(): boolean {
    return this.#node.type === 'object';
  }

  get isText(): boolean {
    return this.#node.type === 'string';
  }

  text(): string {
    return this.#node.type === 'string' ? String(this.#node.value) : this.fail(`${this.what} must be text.`);
  }

  isTrue(): boolean {
    return this.#node.type === 'boolean' ? this.#node.value === true : this.fail(`${this.what} must be true or false.`);
  }

  /** A whole number from 1. */
  count(atMost: number): number {
    const value: unknown = this.#node.value;
    const isOne = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= atMost;
    return isOne ? value : this.fail(`${this.what} must be a whole number from 1 to ${atMost}.`);
  }

  oneOf<Choice extends string>(choices: readonly Choice[]): Choice {
    const text = this.isText ? this.text() : undefined;
    return choices.find((choice) => choice === text) ?? this.fail(`${this.what} must be one of: ${choices.join(', ')}.`);
  }
}

/** @throws ParleyError `bad-argument` with file, line and reason */
export function readJsonFile(file: string): JsonPlace {
  return parseJson(file, readTextFile(file));
}

/** @throws ParleyError `bad-argument` when it cannot be read, or is larger than any such file */
export function readTextFile(file: string): string {
  try {
    if (statSync(file).size > HOST_LIMITS.maxConfigFileBytes) throw new Error(`it is larger than ${HOST_LIMITS.maxConfigFileBytes / 1024} KiB`);
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ParleyError('bad-argument', `${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`, { cause });
  }
}

/** @throws ParleyError `bad-argument` with file, line and reason */
export function parseJson(file: string, text: string): JsonPlace {
  const errors: ParseError[] = [];
  const node = parseTree(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first) throw fileError(file, lineOf(text, first.offset), `${sentenceOf(printParseErrorCode(first.error))}.`);
  if (!node) throw fileError(file, 1, 'The file is empty.');
  return new JsonPlace(file, text, node, 'The file’s content');
}

/** `PropertyNameExpected` as words. */
function sentenceOf(code: string): string {
  return `This is not JSON: ${code.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()}`;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function fileError(file: string, line: number, reason: string): ParleyError {
  return new ParleyError('bad-argument', `${file}, line ${line}: ${reason}`);
}
