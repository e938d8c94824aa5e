import { strings } from '../strings.ts';
import { isObject } from './json-schema.ts';
import { variantFor, type Field } from './schema-fields.ts';

/** What a person typed or chose in a field. Text stays exactly as it was typed, also where it cannot be sent. An empty text is nothing given. */
export type Typed =
  | string
  | { readonly kind: 'object'; readonly fields: readonly Typed[] }
  | { readonly kind: 'list'; readonly items: readonly Typed[] }
  /** What was typed in each variant, so that a look at another one loses nothing. */
  | { readonly kind: 'variants'; readonly chosen: number | undefined; readonly options: readonly Typed[] };

/** What was typed into a field cannot be sent. `at` is the field's place: the index within each field around it. */
export type FieldProblem = { readonly at: string; readonly text: string };

/** A form starts with what the schema's defaults say, or with a value that was there before. */
export function initialOf(field: Field, value: unknown = field.initial): Typed {
  switch (field.kind) {
    case 'object':
      return {
        kind: 'object',
        fields: field.fields.map((inner) =>
          initialOf(inner, isObject(value) && Object.hasOwn(value, inner.name) ? value[inner.name] : inner.initial),
        ),
      };
    case 'list': {
      const items = Array.isArray(value) ? (value as unknown[]).map((item) => initialOf(field.item, item)) : [];
      return { kind: 'list', items };
    }
    case 'variants': {
      const chosen = variantFor(field.options, value) ?? (field.required && !field.nullable ? 0 : undefined);
      return { kind: 'variants', chosen, options: field.options.map((option, index) => initialOf(option, index === chosen ? value : undefined)) };
    }
    case 'choice':
      return value === undefined || value === null ? '' : JSON.stringify(value);
    case 'json':
      return value === undefined ? '' : JSON.stringify(value, undefined, 2);
    default:
      return value === undefined || value === null ? '' : String(value);
  }
}

/** The arguments that were typed, or every reason why they cannot be sent. `field` is what `argumentsField` made. */
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

/** The arguments that a JSON text means. @throws Error with what is wrong, in words */
export function argumentsOfJson(text: string): Record<string, unknown> {
  const value = exactJson(text.trim() === '' ? '{}' : text);
  if (!isObject(value)) throw new Error(fieldProblems.object);
  return { ...value };
}

/** What the form would send for arguments that were given as JSON, if it can show all of them. */
export function typedOf(field: Field, args: Record<string, unknown>): Typed | undefined {
  const typed = initialOf(withoutDefaults(field), args);
  const outcome = argumentsOf(field, typed);
  const shown = 'args' in outcome ? outcome.args : outcome.readable;
  return same(shown, args) ? typed : undefined;
}

const { fieldProblems } = strings;

const NOTHING = Symbol('nothing given');

class Reader {
  readonly problems: FieldProblem[] = [];

  read(field: Field, typed: Typed, at: string): unknown {
    if (isNothing(field, typed)) {
      if (!field.required) return NOTHING;
      if (field.nullable && field.kind !== 'list') return null;
    }
    if (typeof typed === 'string') return this.#orProblem(at, () => scalarOf(field, typed));
    switch (typed.kind) {
      case 'object':
        return this.#object(field as Field & { kind: 'object' }, typed.fields, at);
      case 'list':
        return this.#list(field as Field & { kind: 'list' }, typed.items, at);
      case 'variants': {
        const option = typed.chosen === undefined ? undefined : (field as Field & { kind: 'variants' }).options[typed.chosen];
        const inner = typed.options[typed.chosen ?? -1];
        if (!option || inner === undefined) return this.#problem(at, fieldProblems.choose);
        return this.read(option, inner, `${at}.${typed.chosen}`);
      }
    }
  }

  #object({ fields }: Field & { kind: 'object' }, typed: readonly Typed[], at: string): unknown {
    const entries = fields.map((inner, index) => [inner.name, this.read(inner, typed[index] ?? '', `${at}.${index}`)] as const);
    return Object.fromEntries(entries.filter(([, value]) => value !== NOTHING));
  }

  #list({ item, minItems, maxItems }: Field & { kind: 'list' }, items: readonly Typed[], at: string): unknown {
    if (items.length < minItems) this.#problem(at, fieldProblems.moreItems(minItems));
    if (maxItems !== undefined && items.length > maxItems) this.#problem(at, fieldProblems.fewerItems(maxItems));
    return items.map((typed, index) => this.read(item, typed, `${at}.${index}`)).filter((value) => value !== NOTHING);
  }

  #orProblem(at: string, read: () => unknown): unknown {
    try {
      return read();
    } catch (thrown) {
      return this.#problem(at, (thrown as Error).message);
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
  if (typed.kind === 'list') return typed.items.length === 0;
  if (typed.kind === 'variants') return typed.chosen === undefined;
  return field.initial === undefined && same(typed, initialOf(field));
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
    default:
      return textOf(field as Field & { kind: 'text' }, typed);
  }
}

function textOf({ minLength, maxLength }: Field & { kind: 'text' }, typed: string): string {
  if (typed === '') throw new Error(fieldProblems.needed);
  // JSON Schema counts characters, not UTF-16 units.
  const { length } = Array.from(typed);
  if (minLength !== undefined && length < minLength) throw new Error(fieldProblems.longer(minLength));
  if (maxLength !== undefined && length > maxLength) throw new Error(fieldProblems.shorter(maxLength));
  return typed;
}

function numberOf({ kind, min, max, exclusive }: Field & { kind: 'number' | 'integer' }, typed: string): number {
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

/** JSON, where every whole number arrives as it was typed. */
function exactJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(fieldProblems.json);
  }
  const numbers = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').match(/-?\d+(?:\.\d+)?(?:e[-+]?\d+)?/gi) ?? [];
  if (numbers.some(isInexact)) throw new Error(fieldProblems.inexact);
  return value;
}

function isInexact(typed: string): boolean {
  return /^[-+]?\d+$/.test(typed) && !Number.isSafeInteger(Number(typed));
}

function withoutDefaults(field: Field): Field {
  switch (field.kind) {
    case 'object':
      return { ...field, initial: undefined, fields: field.fields.map(withoutDefaults) };
    case 'list':
      return { ...field, initial: undefined, item: withoutDefaults(field.item) };
    case 'variants':
      return { ...field, initial: undefined, options: field.options.map(withoutDefaults) };
    default:
      return { ...field, initial: undefined };
  }
}

/** Whether two plain values are the same, whatever the order of their properties. */
function same(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((item, index) => same(item, other[index]));
  if (!isObject(one) || !isObject(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => Object.hasOwn(other, name) && same(one[name], other[name]));
}
