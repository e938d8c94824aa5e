import type { Choice, Field, FieldOf } from './field.ts';
import { same } from './exact-json.ts';
import { isObject } from './json-schema.ts';

/** What a person typed or chose in a field. Text stays exactly as it was typed, also where it cannot be sent. An empty text is nothing given. */
export type Typed =
  | string
  | { readonly kind: 'object'; readonly fields: readonly Typed[]; readonly more?: readonly MoreTyped[] }
  | { readonly kind: 'list'; readonly items: readonly Typed[] }
  /** What was typed in each variant that was looked at, so that a look at another one loses nothing. */
  | { readonly kind: 'variants'; readonly chosen: number | undefined; readonly options: readonly (Typed | undefined)[] }
  /** `data` as it is sent: text that stands for bytes. */
  | { readonly kind: 'file'; readonly data: string; readonly fileName: string }
  /** Any value as JSON, in a field that asks for something else: `null`, an empty text, what does not fit. */
  | { readonly kind: 'raw'; readonly text: string };

/** Told what a part of a form is from now on. */
export type Changed = (typed: Typed) => void;

/** A property that the schema does not name. */
export type MoreTyped = { readonly name: string; readonly value: Typed };

/** What looking for the shapes of a value may cost: alternatives within alternatives multiply. What goes beyond is shown as JSON. */
const MAX_STEPS = 50_000;
type Budget = { steps: number };
/** How a value is shown: whether what it leaves out has its default, and what is left to be spent on it. */
type Way = Budget & { readonly withDefaults: boolean };
/** `isStrict`: bounds count, too. */
type Search = { readonly budget: Budget; readonly isStrict: boolean };

export type TypedOf<Kind> = Extract<Typed, { readonly kind: Kind }>;

/** A form starts with what the schema's defaults say. */
export function initialOf(field: Field): Typed {
  const { initial } = field;
  if (initial === undefined || initial === null) return field.folded ? '' : emptyOf(field, true);
  return shown(field, initial, { withDefaults: true, steps: MAX_STEPS });
}

/** What a form shows for a value; every value can be shown. */
export function typedOf(field: Field, value: unknown): Typed {
  return value === undefined ? nothingIn(field) : shown(field, value, { withDefaults: false, steps: MAX_STEPS });
}

/** What a folded part starts with once somebody adds it, and a part whose value was given in another way before. */
export function openedOf(field: Field): Typed {
  return emptyOf(field, true);
}

/** Whether an object is as it was before anybody came, or was emptied again. */
export function isUntouched(field: Field, typed: Typed): boolean {
  return (field.initial === undefined && same(typed, initialOf(field))) || same(typed, nothingIn(field));
}

/** A field from which everything was taken. */
function nothingIn(field: Field): Typed {
  return field.folded ? '' : emptyOf(field, false);
}

/** With or without the defaults of its parts. */
function emptyOf(field: Field, withDefaults: boolean): Typed {
  const empty = withDefaults ? initialOf : nothingIn;
  switch (field.kind) {
    case 'object':
      return { kind: 'object', fields: field.fields.map(empty) };
    case 'list':
      return { kind: 'list', items: field.required ? field.prefix.map(empty) : [] };
    case 'choices':
      return { kind: 'list', items: [] };
    case 'variants':
      return field.required && !field.nullable
        ? chosenIn(field, 0, empty(field.options[0] as Field))
        : { kind: 'variants', chosen: undefined, options: [] };
    default:
      return '';
  }
}

function shown(field: Field, value: unknown, way: Way): Typed {
  if (value === null) {
    // A required field that is left empty means null where null is allowed.
    const isEmpty = field.nullable && field.required && field.kind !== 'list' && field.kind !== 'choices';
    return isEmpty ? nothingIn(field) : field.kind === 'json' ? 'null' : raw(null);
  }
  switch (field.kind) {
    case 'object':
      return isObject(value) ? shownObject(field, value, way) : raw(value);
    case 'list':
      return Array.isArray(value) ? shownList(field, value as readonly unknown[], way) : raw(value);
    case 'choices': {
      const items = Array.isArray(value) ? (value as unknown[]).map((item) => JSON.stringify(item)) : [];
      const known = field.choices.map((choice) => JSON.stringify(choice.value)).filter((choice) => items.includes(choice));
      const isWhole = Array.isArray(value) && same(known, items) && (items.length > 0 || field.required);
      return isWhole ? { kind: 'list', items } : raw(value);
    }
    case 'variants': {
      const chosen = variantFor(field.options, value, way);
      return chosen === undefined ? raw(value) : chosenIn(field, chosen, shown(field.options[chosen] as Field, value, way));
    }
    case 'choice':
      return canHold(field, value, { budget: way, isStrict: false }) ? JSON.stringify(value) : raw(value);
    case 'json':
      return JSON.stringify(value, undefined, 2);
    case 'file':
      return typeof value === 'string' && value !== '' ? { kind: 'file', data: value, fileName: '' } : raw(value);
    default:
      return shownText(field, value, way);
  }
}

function shownList(field: FieldOf<'list'>, value: readonly unknown[], way: Way): Typed {
  const items = value.flatMap((item, index) => {
    const place = itemAt(field, index);
    return place ? [shown(place, item, way)] : [];
  });
  const missing = field.prefix.slice(items.length).map(nothingIn);
  const isTakenForNothing =
    !field.required && items.every((item, index) => index < field.prefix.length && same(item, nothingIn(field.prefix[index] as Field)));
  const isTooShort = missing.some((_, index) => field.prefix[items.length + index]?.required);
  return items.length < value.length || isTooShort || isTakenForNothing ? raw(value) : { kind: 'list', items: [...items, ...missing] };
}

function shownText(field: Field, value: unknown, way: Way): Typed {
  if (canHold(field, value, { budget: way, isStrict: false }) && value !== '') return String(value);
  // What somebody typed where a number is asked for stays the text that it is; one that looks like a number must not become one.
  const isOther =
    typeof value === 'string' && value.trim() !== '' && Number.isNaN(Number(value)) && (field.kind === 'number' || field.kind === 'integer');
  return isOther ? value : raw(value);
}

function shownObject(field: FieldOf<'object'>, value: Readonly<Record<string, unknown>>, way: Way): Typed {
  const { fields } = field;
  // What is left out of a default still has its own; an object that would read as nothing is shown as what it is.
  const inner = fields.map((part) => {
    if (Object.hasOwn(value, part.name)) return shown(part, value[part.name], way);
    return way.withDefaults ? initialOf(part) : nothingIn(part);
  });
  const names = new Set(fields.map(({ name }) => name));
  const more = Object.entries(value)
    .filter(([name]) => !names.has(name))
    .map(([name, part]) => ({ name, value: name === '' ? raw(part) : shown(field.more, part, way) }));
  const typed: Typed = { kind: 'object', fields: inner, ...(more.length > 0 ? { more } : {}) };
  const isTakenForNothing = !way.withDefaults && !field.folded && (!field.required || field.nullable) && isUntouched(field, typed);
  return isTakenForNothing ? raw(value) : typed;
}

export function raw(value: unknown): Typed {
  return { kind: 'raw', text: JSON.stringify(value, undefined, 2) };
}

export function chosenIn(field: FieldOf<'variants'>, chosen: number, typed: Typed): Typed {
  return { kind: 'variants', chosen, options: field.options.map((_, index) => (index === chosen ? typed : undefined)) };
}

export function itemAt({ prefix, item }: FieldOf<'list'>, index: number): Field | undefined {
  return prefix[index] ?? item;
}

/** Whether a value can be shown in the field's own controls without losing any of it. */
function canHold(field: Field, value: unknown, search: Search): boolean {
  if (--search.budget.steps < 0) return false;
  if (value === null) return field.nullable;
  if (search.isStrict && !isWithinBounds(field, value)) return false;
  switch (field.kind) {
    case 'text':
    case 'long-text':
    case 'file':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'integer':
      return Number.isInteger(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'choice':
      return isAmong(field.choices, value);
    case 'choices':
      return Array.isArray(value) && value.every((item) => isAmong(field.choices, item));
    case 'list':
      return Array.isArray(value) && value.every((item, index) => holdsItem(itemAt(field, index), item, search));
    case 'object':
      return isObject(value) && holdsProperties(field, value, search);
    case 'variants':
      return field.options.some((option) => canHold(option, value, search));
    case 'json':
      return true;
  }
}

function isWithinBounds(field: Field, value: unknown): boolean {
  if (field.kind === 'text' || field.kind === 'long-text') {
    const length = Array.from(String(value)).length;
    return length >= (field.minLength ?? 0) && length <= (field.maxLength ?? Infinity);
  }
  if ((field.kind === 'number' || field.kind === 'integer') && typeof value === 'number') {
    const { min = -Infinity, max = Infinity, exclusive } = field;
    return exclusive ? value > min && value < max : value >= min && value <= max;
  }
  if ((field.kind === 'list' || field.kind === 'choices') && Array.isArray(value))
    return value.length >= field.minItems && value.length <= (field.maxItems ?? Infinity);
  return true;
}

function isAmong(choices: readonly Choice[], value: unknown): boolean {
  return choices.some((choice) => JSON.stringify(choice.value) === JSON.stringify(value));
}

function holdsItem(field: Field | undefined, value: unknown, search: Search): boolean {
  return field !== undefined && canHold(field, value, search);
}

function holdsProperties({ fields, more }: FieldOf<'object'>, value: Readonly<Record<string, unknown>>, search: Search): boolean {
  const byName = new Map(fields.map((inner) => [inner.name, inner]));
  return (
    fields.every(({ name, required }) => !required || Object.hasOwn(value, name)) &&
    Object.entries(value).every(([name, part]) => canHold(byName.get(name) ?? more, part, search))
  );
}

/** The index of the shape that a value fits best: one that names all of it, else one that leaves some over, else one that takes anything. */
function variantFor(options: readonly Field[], value: unknown, budget: Budget): number | undefined {
  const fit = (isStrict: boolean) => options.flatMap((option, index) => (canHold(option, value, { budget, isStrict }) ? [{ option, index }] : []));
  const strict = fit(true);
  const fitting = strict.length > 0 ? strict : fit(false);
  const named = ({ option }: (typeof fitting)[number]): boolean =>
    option.kind === 'object'
      ? isObject(value) && Object.keys(value).every((name) => option.offersMore || option.fields.some((inner) => inner.name === name))
      : option.kind !== 'json';
  return (fitting.find(named) ?? fitting.find(({ option }) => option.kind !== 'json') ?? fitting[0])?.index;
}
