import { withoutInvisible } from '../../base/visible-text.ts';
import type { JsonSchema } from '../../view/types.ts';
import type { Choice, Field, FileEncoding, Shape } from './field.ts';
import { hasAlternatives, hasShape, isNull, isObject, isOpen, merge, SchemaScope, typesOf } from './json-schema.ts';

/** A peer's schema may make at most this many fields at once, and nest them so deep; what goes beyond is asked for as JSON. */
const MAX_FIELDS = 1_000;
const MAX_FIELDS_OF_OBJECT = 200;
const MAX_DEPTH = 12;
const MAX_VARIANTS = 24;
const MAX_CHOICES = 500;
/** Up to so many choices of several stand beside each other as boxes to tick. */
const MAX_BOXES = 24;
/** All defaults together, as JSON. UTF-16 units. */
const MAX_DEFAULTS_LENGTH = 200_000;
const MAX_LABEL_LENGTH = 120;
const MAX_DESCRIPTION_LENGTH = 500;
/** Objects within objects are folded from here on. */
const FOLDED_DEPTH = 2;

/** Where a part of the schema stands. */
type Place = {
  readonly name: string;
  readonly required: boolean;
  readonly depth: number;
  /** The parts of the schema that this one stands in. */
  readonly within: ReadonlySet<unknown>;
  /** Whether it is not shown before somebody asks for it. */
  readonly folded: boolean;
};

/** All arguments of a tool as one field: an object, variants of objects, or JSON where the schema is more than a form can ask for. */
export function argumentsField(schema: JsonSchema): Field {
  return new FieldMaker(schema).root(schema);
}

class FieldMaker {
  readonly #scope: SchemaScope;
  #made = 0;
  readonly #defaults = new Map<object, number>();
  #defaultsLength = 0;

  constructor(root: JsonSchema) {
    this.#scope = new SchemaScope(root);
  }

  root(schema: JsonSchema): Field {
    const place: Place = { name: '', required: true, depth: 0, within: new Set([schema]), folded: false };
    const field = this.#field(schema, place);
    const resolved = this.#scope.resolve(schema);
    // Most tools without arguments say no more than `object`.
    if (field.kind === 'json' && resolved && !hasAlternatives(resolved) && !isOpen(resolved) && !isObject(resolved['properties']))
      return withShape(field, this.#objectOf({}, place, []));
    return field;
  }

  #field(part: unknown, { name, required, depth, within }: Omit<Place, 'folded'>): Field {
    const followed = new Set<unknown>();
    const schema = this.#scope.resolve(part, followed);
    const isRound = [...followed].some((target) => within.has(target));
    const folded = !required && (isRound || depth >= FOLDED_DEPTH);
    const place: Place = { name, required, depth, within: new Set([...within, ...followed]), folded };
    const shape = this.#bounded(schema ? this.#shape(schema, place) : JSON_SHAPE);
    const only = shape.kind === 'choice' && required && shape.choices.length === 1 ? shape.choices[0]?.value : undefined;
    const examples = schema?.['examples'];
    return withShape(
      {
        name,
        label: words(schema?.['title'], MAX_LABEL_LENGTH) || words(name, MAX_LABEL_LENGTH),
        description: words(schema?.['description'], MAX_DESCRIPTION_LENGTH),
        required,
        nullable: schema !== undefined && this.#takesNull(schema),
        initial: this.#kept(schema?.['default']) ?? only,
        example: words(Array.isArray(examples) ? examples[0] : undefined, MAX_LABEL_LENGTH),
        folded: folded && shape.kind === 'object',
      },
      shape,
    );
  }

  #hasRoomFor(fields: number): boolean {
    this.#made += fields;
    return this.#made <= MAX_FIELDS;
  }

  /** A few thousand options are as much on a screen as some hundred fields. */
  #bounded(shape: Shape): Shape {
    return (shape.kind === 'choice' || shape.kind === 'choices') && !this.#hasRoomFor(shape.choices.length / 10) ? JSON_SHAPE : shape;
  }

  /** One large default may be referred to by many fields. */
  #kept(initial: unknown): unknown {
    if (typeof initial !== 'object' || initial === null) return initial;
    let length = this.#defaults.get(initial);
    if (length === undefined) this.#defaults.set(initial, (length = JSON.stringify(initial).length));
    this.#defaultsLength += length;
    return this.#defaultsLength <= MAX_DEFAULTS_LENGTH ? initial : undefined;
  }

  #shape(schema: JsonSchema, place: Place): Shape {
    if (place.depth > MAX_DEPTH) return JSON_SHAPE;
    if (Array.isArray(schema['enum'])) return choiceOf(schema['enum'].map((value: unknown) => ({ value, label: choiceLabel(value) })));
    if ('const' in schema) return choiceOf([constantOf(schema)]);
    if (hasAlternatives(schema)) return this.#alternatives(schema, place);
    const types = typesOf(schema).filter((type) => type !== 'null');
    if (types.length > 1) {
      const whole = types.map((type) => ({ ...schema, title: TYPE_NAMES[type] ?? type, description: '', default: undefined, type }));
      return this.#variants(whole, place);
    }
    return this.#shapeOfType(types[0] ?? impliedType(schema), schema, place);
  }

  #shapeOfType(type: unknown, schema: JsonSchema, place: Place): Shape {
    switch (type) {
      case 'string':
        return textOf(schema);
      case 'number':
      case 'integer':
        return numberOf(type, schema);
      case 'boolean':
        return { kind: 'boolean' };
      case 'array':
        return this.#list(schema, place);
      case 'object':
        return this.#object(schema, place);
      default:
        return JSON_SHAPE;
    }
  }

  #object(schema: JsonSchema, place: Place): Shape {
    const properties = propertiesOf(schema);
    const entries = Object.entries(properties);
    const isMap = isObject(schema['additionalProperties']) || isObject(schema['patternProperties']);
    const isFree = entries.length === 0 && !isMap && (isOpen(schema) || !('properties' in schema));
    if (isFree || entries.length > MAX_FIELDS_OF_OBJECT) return JSON_SHAPE;
    // What is folded is made when somebody asks for it; the rest is on the screen at once.
    if (!place.folded && !this.#hasRoomFor(entries.length)) return JSON_SHAPE;
    return this.#objectOf(schema, place, entries);
  }

  #objectOf(schema: JsonSchema, { depth, within }: Place, entries: readonly (readonly [string, unknown])[]): Shape {
    const { required, additionalProperties, patternProperties } = schema;
    const isRequired = (name: string): boolean => Array.isArray(required) && required.includes(name);
    const patterns = isObject(patternProperties) ? Object.values(patternProperties) : [];
    const more = isObject(additionalProperties) ? additionalProperties : patterns.length === 1 ? patterns[0] : {};
    return lazily({
      kind: 'object' as const,
      offersMore: isOpen(schema),
      fields: () => entries.map(([name, part]) => this.#field(part, { name, required: isRequired(name), depth: depth + 1, within })),
      more: () => this.#field(more, { name: '', required: true, depth: depth + 1, within }),
    });
  }

  #list(schema: JsonSchema, { depth, within }: Place): Shape {
    const { items, additionalItems, prefixItems, uniqueItems } = schema;
    // Before 2020-12 a tuple was a list of `items`, and what may follow it was called `additionalItems`.
    const prefix = (Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : []) as readonly unknown[];
    const rest = Array.isArray(items) ? additionalItems : items;
    if ((!isObject(rest) && prefix.length === 0) || prefix.length > MAX_FIELDS_OF_OBJECT) return JSON_SHAPE;
    const minItems = numberIn(schema['minItems']) ?? 0;
    const maxItems = numberIn(schema['maxItems']);
    const place = { name: '', required: true, depth: depth + 1, within };
    const single = uniqueItems === true && prefix.length === 0 ? this.#field(rest, place) : undefined;
    if (single?.kind === 'choice' && single.choices.length <= MAX_BOXES) return { kind: 'choices', choices: single.choices, minItems, maxItems };
    return lazily({
      kind: 'list' as const,
      minItems,
      maxItems,
      prefix: () => prefix.map((part, index) => this.#field(part, { ...place, required: index < minItems })),
      item: () => (rest === false || (prefix.length > 0 && rest === undefined) ? undefined : this.#field(rest, place)),
    });
  }

  /** `anyOf` and `oneOf`: a choice of constants, one shape that may be `null`, or several shapes to choose from. */
  #alternatives(schema: JsonSchema, place: Place): Shape {
    const { anyOf, oneOf, ...base } = schema;
    const [any, one] = [anyOf, oneOf].map((all) => (Array.isArray(all) ? this.#resolveAll(all as readonly unknown[]) : []));
    if (!any || !one) return JSON_SHAPE;
    // Rules on which properties go together are the agent's to check, and no shapes.
    const shaped = [any, one].filter((options) => options.some((option) => hasShape(option)));
    if (shaped.length === 0) return this.#shape(base, place);
    const options = shaped.flat().filter((option) => !isNull(option));
    if (shaped.length > 1 || options.length > MAX_VARIANTS) return JSON_SHAPE;
    if (options.every((option) => 'const' in option)) return choiceOf(options.map(constantOf));
    const { title: _title, description: _description, default: _default, ...common } = base;
    const whole = options.map((option) => merge(common, option));
    if (!whole.every((option) => option !== undefined)) return JSON_SHAPE;
    return whole.length === 1 && whole[0] ? this.#shape(whole[0], { ...place, depth: place.depth + 1 }) : this.#variants(whole, place);
  }

  #resolveAll(options: readonly unknown[]): readonly JsonSchema[] | undefined {
    const resolved = options.map((option) => this.#scope.resolve(option));
    return resolved.every((option) => option !== undefined) ? resolved : undefined;
  }

  #variants(whole: readonly JsonSchema[], { depth, within }: Place): Shape {
    if (!this.#hasRoomFor(whole.length)) return JSON_SHAPE;
    const options = whole.map((option, index) => {
      const field = this.#field(option, { name: '', required: true, depth: depth + 1, within });
      const label = words(option['title'], MAX_LABEL_LENGTH) || this.#nameOf(option) || `${index + 1}`;
      return withShape({ ...baseOf(field), label }, field);
    });
    return options.every(({ kind }) => kind === 'json') ? JSON_SHAPE : { kind: 'variants', options };
  }

  /** What a shape is called that has no title: often a property with one possible value tells shapes apart. */
  #nameOf(schema: JsonSchema): string {
    const properties = Object.entries(propertiesOf(schema)).map(([name, part]): [string, JsonSchema] => [name, this.#scope.resolve(part) ?? {}]);
    for (const [, part] of properties) {
      if ('const' in part) return choiceLabel(part['const']);
      const { enum: values } = part as { readonly enum?: unknown };
      if (Array.isArray(values) && values.length === 1) return choiceLabel(values[0]);
    }
    const names = properties.map(([name, part]) => words(part['title'], MAX_LABEL_LENGTH) || words(name, MAX_LABEL_LENGTH));
    if (names.length > 0) return names.join(', ').slice(0, MAX_LABEL_LENGTH);
    return TYPE_NAMES[typesOf(schema)[0] ?? impliedType(schema) ?? ''] ?? '';
  }

  #takesNull(schema: JsonSchema): boolean {
    if (Array.isArray(schema['enum'])) return schema['enum'].includes(null);
    if (typesOf(schema).includes('null') || schema['nullable'] === true) return true;
    const options = schema['anyOf'] ?? schema['oneOf'];
    return Array.isArray(options) && options.some((option: unknown) => isNull(this.#scope.resolve(option) ?? {}));
  }
}

const JSON_SHAPE: Shape = { kind: 'json' };

type Base = Omit<Field, keyof Shape>;

function baseOf({ name, label, description, required, nullable, initial, example, folded }: Field): Base {
  return { name, label, description, required, nullable, initial, example, folded };
}

/** A field of that shape, whose parts are still made when they are first looked at. */
function withShape(base: Base, shape: Shape): Field {
  const { kind: _kind, ...rest } = Object.getOwnPropertyDescriptors(baseOf(base as Field));
  return Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(shape), ...rest }) as Field;
}

type Made<Value> = { readonly [Key in keyof Value]: Value[Key] extends () => infer Part ? Part : Value[Key] };

/** Functions become properties that are computed once, when they are first read. */
function lazily<Value extends object>(value: Value): Made<Value> {
  const made = {};
  for (const [key, part] of Object.entries(value) as [string, unknown][]) {
    if (typeof part !== 'function') Object.defineProperty(made, key, { value: part, enumerable: true });
    else {
      let known: { readonly part: unknown } | undefined;
      Object.defineProperty(made, key, { get: () => (known ??= { part: (part as () => unknown)() }).part, enumerable: true });
    }
  }
  return made as Made<Value>;
}

/** The properties that an object names, those that come into play only with others included. */
function propertiesOf(schema: JsonSchema): JsonSchema {
  const { then, else: otherwise, dependentSchemas } = schema;
  const conditional = [then, otherwise, ...(isObject(dependentSchemas) ? Object.values(dependentSchemas) : [])];
  const parts = [...conditional, schema].flatMap((part) => (isObject(part) && isObject(part['properties']) ? [part['properties']] : []));
  const own = isObject(schema['properties']) ? schema['properties'] : {};
  return { ...own, ...Object.fromEntries(parts.flatMap((part) => Object.entries(part)).filter(([name]) => !Object.hasOwn(own, name))) };
}

function constantOf(schema: JsonSchema): Choice {
  return { value: schema['const'], label: words(schema['title'], MAX_LABEL_LENGTH) || choiceLabel(schema['const']) };
}

function choiceOf(all: readonly Choice[]): Shape {
  const choices = all.filter(({ value }) => value !== null);
  return choices.length === 0 || choices.length > MAX_CHOICES ? JSON_SHAPE : { kind: 'choice', choices };
}

function textOf(schema: JsonSchema): Shape {
  const encoding = encodingOf(schema);
  if (encoding) {
    const type = schema['contentMediaType'];
    return { kind: 'file', encoding, accept: typeof type === 'string' && /^[\w.+-]+\/[\w.+*-]+$/.test(type) ? type : undefined };
  }
  const minLength = numberIn(schema['minLength']);
  const maxLength = numberIn(schema['maxLength']);
  const format = typeof schema['format'] === 'string' ? schema['format'] : undefined;
  const isLong = format === undefined && schema['pattern'] === undefined && (maxLength === undefined || maxLength > 200);
  return { kind: isLong ? 'long-text' : 'text', minLength, maxLength, format };
}

/** `contentEncoding` of JSON Schema, `byte` of OpenAPI, `data-url` of some form makers. */
function encodingOf(schema: JsonSchema): FileEncoding | undefined {
  const { contentEncoding, format } = schema;
  if (contentEncoding === 'base64' || contentEncoding === 'base64url') return contentEncoding;
  if (format === 'byte') return 'base64';
  return format === 'data-url' ? format : undefined;
}

function numberOf(kind: 'number' | 'integer', schema: JsonSchema): Shape {
  const [min, max] = [numberIn(schema['minimum']), numberIn(schema['maximum'])];
  const [above, below] = [numberIn(schema['exclusiveMinimum']), numberIn(schema['exclusiveMaximum'])];
  const exclusive = (above !== undefined || below !== undefined) && min === undefined && max === undefined;
  return exclusive ? { kind, min: above, max: below, exclusive } : { kind, min, max, exclusive: false };
}

function impliedType(schema: JsonSchema): string | undefined {
  if ('properties' in schema || isOpen(schema)) return 'object';
  if ('items' in schema || 'prefixItems' in schema) return 'array';
  return encodingOf(schema) ? 'string' : undefined;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'number',
  integer: 'whole number',
  boolean: 'yes or no',
  array: 'list',
  object: 'object',
};

function choiceLabel(value: unknown): string {
  return words(typeof value === 'string' ? value : JSON.stringify(value), MAX_LABEL_LENGTH);
}

function words(value: unknown, maxLength: number): string {
  return typeof value === 'string' ? withoutInvisible(value.slice(0, maxLength)) : '';
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
