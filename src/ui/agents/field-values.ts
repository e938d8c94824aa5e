import { agentStrings } from '../agent-strings.ts';
import { argumentsOfJson, exactJson, isInexact } from './exact-json.ts';
import type { Field, FieldOf } from './field.ts';
import { isObject } from './json-schema.ts';
import { initialOf, isUntouched, itemAt, type MoreTyped, type Typed, type TypedOf } from './typed.ts';

/** What was typed into a field cannot be sent. `at` is the field's place: the index within each field around it. */
export type FieldProblem = { readonly at: string; readonly text: string };

/** The place of a property that the schema does not name, by its index among those; with `name` that of its name. */
export function placeOfMore(at: string, index: number, part: '' | 'name' = ''): string {
  return `${at}.+${index}${part}`;
}

/**
 * The arguments that were typed, or every reason why they cannot be sent; `readable` then has what cannot be sent as the text that it is.
 * `field` is what `argumentsField` made.
 */
export function argumentsOf(
  field: Field,
  typed: Typed,
): { readonly args: Record<string, unknown> } | { readonly problems: readonly FieldProblem[]; readonly readable: Record<string, unknown> } {
  if (field.kind === 'json' && typeof typed === 'string') return argumentsOfText(typed);
  const reader = new Reader();
  const value = reader.read(field, typed, '0');
  const args = isObject(value) ? { ...value } : {};
  if (reader.problems.length > 0) return { problems: reader.problems, readable: args };
  if (value !== NOTHING && !isObject(value)) return { problems: [{ at: '0', text: fieldProblems.object }], readable: {} };
  return { args };
}

function argumentsOfText(text: string): ReturnType<typeof argumentsOf> {
  try {
    return { args: argumentsOfJson(text) };
  } catch (thrown) {
    return { problems: [{ at: '0', text: (thrown as Error).message }], readable: {} };
  }
}

/** The place of the field that shows what a path into the arguments leads to; of the one around it, where the form shows no more. */
export function placeOf(field: Field, typed: Typed, path: readonly string[], at = '0'): string {
  const [step, ...rest] = path;
  if (typeof typed !== 'string' && typed.kind === 'variants' && field.kind === 'variants') {
    const { chosen = -1 } = typed;
    const option = field.options[chosen];
    // The fields of a chosen object stand in the frame of the choice itself.
    const isFramed = step === undefined && option?.kind === 'object';
    return option && !isFramed ? placeOf(option, typed.options[chosen] ?? '', path, `${at}.${chosen}`) : at;
  }
  if (step === undefined || typeof typed === 'string') return at;
  if (field.kind === 'object' && typed.kind === 'object') {
    const index = field.fields.findIndex(({ name }) => name === step);
    if (index >= 0) return placeOf(field.fields[index] as Field, typed.fields[index] ?? '', rest, `${at}.${index}`);
    const more = typed.more?.findIndex(({ name }) => name === step) ?? -1;
    return more < 0 ? at : placeOf(field.more, typed.more?.[more]?.value ?? '', rest, placeOfMore(at, more));
  }
  if (field.kind === 'list' && typed.kind === 'list') {
    const item = itemAt(field, Number(step));
    const inner = typed.items[Number(step)];
    return item && inner !== undefined ? placeOf(item, inner, rest, `${at}.${step}`) : at;
  }
  return at;
}

const { fieldProblems } = agentStrings;

const NOTHING = Symbol('nothing given');

class Reader {
  readonly problems: FieldProblem[] = [];

  /** The value; where there is none to send, the text that was typed. */
  read(field: Field, typed: Typed, at: string): unknown {
    if (isNothing(field, typed)) {
      if (!field.required) return NOTHING;
      if (field.nullable && field.kind !== 'list' && field.kind !== 'choices') return null;
    }
    if (typeof typed === 'string') return this.#orProblem(at, typed, () => scalarOf(field, typed));
    switch (typed.kind) {
      case 'raw':
        return this.#orProblem(at, typed.text, () => exactJson(typed.text));
      case 'file':
        return typed.data;
      case 'object':
        return this.#object(field as FieldOf<'object'>, typed, at);
      case 'list':
        return field.kind === 'choices' ? this.#choices(field, typed.items, at) : this.#list(field as FieldOf<'list'>, typed.items, at);
      case 'variants':
        return this.#variants(field as FieldOf<'variants'>, typed, at);
    }
  }

  #object({ fields, more: moreField }: FieldOf<'object'>, { fields: typed, more = [] }: TypedOf<'object'>, at: string): unknown {
    const named = fields.map((inner, index) => [inner.name, this.read(inner, typed[index] ?? '', `${at}.${index}`)] as const);
    const taken = new Set(fields.map(({ name }) => name));
    const others = more.map((part, index) => [part.name, this.#more(moreField, part, placeOfMore(at, index), taken)] as const);
    return Object.fromEntries([...named, ...others].filter(([, value]) => value !== NOTHING));
  }

  #more(field: Field, { name, value }: MoreTyped, at: string, taken: Set<string>): unknown {
    if (name === '' && isNothing(field, value)) return NOTHING;
    if (taken.has(name)) this.problems.push({ at: `${at}name`, text: name === '' ? fieldProblems.propertyName : fieldProblems.propertyTwice });
    taken.add(name);
    return this.read(field, value, at);
  }

  #list(field: FieldOf<'list'>, items: readonly Typed[], at: string): unknown {
    const { prefix, minItems, maxItems } = field;
    const given = items.findLastIndex((typed, index) => index >= prefix.length || !isNothing(prefix[index] as Field, typed)) + 1;
    const needed = Math.max(given, prefix.filter(({ required }) => required).length);
    if (needed < minItems) this.#problem(at, fieldProblems.moreItems(minItems));
    if (maxItems !== undefined && given > maxItems) this.#problem(at, fieldProblems.fewerItems(maxItems));
    const values = items.slice(0, needed).map((typed, index) => {
      const inner = itemAt(field, index);
      const before = this.problems.length;
      const value = inner ? this.read(inner, typed, `${at}.${index}`) : NOTHING;
      // What comes later in a tuple cannot be given without what comes before.
      if (value === NOTHING && index < prefix.length && this.problems.length === before) this.#problem(`${at}.${index}`, fieldProblems.needed);
      return value;
    });
    return values.filter((value) => value !== NOTHING);
  }

  #choices({ minItems, maxItems }: FieldOf<'choices'>, items: readonly Typed[], at: string): unknown {
    if (items.length < minItems) this.#problem(at, fieldProblems.moreItems(minItems));
    if (maxItems !== undefined && items.length > maxItems) this.#problem(at, fieldProblems.fewerItems(maxItems));
    return items.map((item) => JSON.parse(item as string) as unknown);
  }

  #variants({ options }: FieldOf<'variants'>, typed: TypedOf<'variants'>, at: string): unknown {
    const { chosen = -1 } = typed;
    const option = options[chosen];
    if (!option) return this.#problem(at, fieldProblems.choose);
    return this.read(option, typed.options[chosen] ?? initialOf(option), `${at}.${chosen}`);
  }

  #orProblem(at: string, text: string, read: () => unknown): unknown {
    try {
      return read();
    } catch (thrown) {
      this.#problem(at, (thrown as Error).message);
      return text.trim() === '' ? NOTHING : text;
    }
  }

  #problem(at: string, text: string): typeof NOTHING {
    this.problems.push({ at, text });
    return NOTHING;
  }
}

/** Whether a person left a field as it was, with nothing in it. */
function isNothing(field: Field, typed: Typed): boolean {
  if (typeof typed === 'string') return field.kind === 'json' ? typed.trim() === '' : typed === '';
  switch (typed.kind) {
    case 'raw':
      return typed.text.trim() === '';
    case 'file':
      return false;
    case 'list':
      // A tuple of which nothing is given is not given, where it need not be.
      return field.kind === 'list' && !field.required
        ? typed.items.every((item, index) => index < field.prefix.length && isNothing(field.prefix[index] as Field, item))
        : typed.items.length === 0;
    case 'variants':
      return typed.chosen === undefined;
    case 'object':
      return !field.folded && isUntouched(field, typed);
  }
}

function scalarOf(field: Field, typed: string): unknown {
  switch (field.kind) {
    case 'number':
    case 'integer':
      return numberOf(field, typed.trim());
    case 'boolean':
      return typed === 'true';
    case 'choice':
      if (typed === '') throw new Error(fieldProblems.choose);
      return JSON.parse(typed);
    case 'json':
      if (typed.trim() === '') throw new Error(fieldProblems.needed);
      return exactJson(typed);
    case 'file':
      throw new Error(fieldProblems.file);
    case 'object':
      return {};
    default:
      return textOf(field as FieldOf<'text' | 'long-text'>, typed);
  }
}

function textOf({ minLength, maxLength }: FieldOf<'text' | 'long-text'>, typed: string): string {
  if (typed === '') throw new Error(fieldProblems.needed);
  // JSON Schema counts characters, not UTF-16 units.
  const { length } = Array.from(typed);
  if (minLength !== undefined && length < minLength) throw new Error(fieldProblems.longer(minLength));
  if (maxLength !== undefined && length > maxLength) throw new Error(fieldProblems.shorter(maxLength));
  return typed;
}

function numberOf({ kind, min, max, exclusive }: FieldOf<'number' | 'integer'>, typed: string): number {
  const number = Number(typed);
  if (typed === '' || !Number.isFinite(number) || !/^[-+.\d]+(e[-+]?\d+)?$/i.test(typed)) throw new Error(fieldProblems.number);
  if (kind === 'integer' && !Number.isInteger(number)) throw new Error(fieldProblems.integer);
  if (isInexact(typed)) throw new Error(fieldProblems.inexact);
  if (min !== undefined && (exclusive ? number <= min : number < min))
    throw new Error(exclusive ? fieldProblems.moreThan(min) : fieldProblems.atLeast(min));
  if (max !== undefined && (exclusive ? number >= max : number > max))
    throw new Error(exclusive ? fieldProblems.lessThan(max) : fieldProblems.atMost(max));
  return number;
}
