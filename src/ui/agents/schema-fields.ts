import { withoutInvisible } from '../../base/visible-text.ts';
import type { JsonSchema } from '../../view/types.ts';
import { isObject, merge, SchemaScope, typesOf } from './json-schema.ts';

/** A peer's schema may make at most this many fields, and nest them so deep; what goes beyond is asked for as JSON. */
const MAX_FIELDS = 200;
const MAX_FIELDS_OF_OBJECT = 64;
const MAX_DEPTH = 5;
const MAX_VARIANTS = 16;
const MAX_CHOICES = 500;
const MAX_LABEL_LENGTH = 120;
const MAX_DESCRIPTION_LENGTH = 500;

export type Choice = { readonly value: unknown; readonly label: string };

type Shape =
  | {
      readonly kind: 'text' | 'long-text';
      readonly minLength: number | undefined;
      readonly maxLength: number | undefined;
      readonly format: string | undefined;
    }
  | {
      readonly kind: 'number' | 'integer';
      readonly min: number | undefined;
      readonly max: number | undefined;
      /** Whether `min` and `max` themselves are too little and too much. */
      readonly exclusive: boolean;
    }
  | { readonly kind: 'boolean' | 'json' }
  | { readonly kind: 'choice'; readonly choices: readonly Choice[] }
  | { readonly kind: 'object'; readonly fields: readonly Field[] }
  | { readonly kind: 'list'; readonly item: Field; readonly minItems: number; readonly maxItems: number | undefined }
  /** One of several shapes. */
  | { readonly kind: 'variants'; readonly options: readonly Field[] };

/** How one value of a tool's arguments is asked for. */
export type Field = Shape & {
  /** The property's name, exactly as the schema has it: never shown without care. */
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly required: boolean;
  /** Whether an empty required field means `null`. */
  readonly nullable: boolean;
  /** The schema's default. */
  readonly initial: unknown;
};

/** All arguments of a tool as one field: an object, variants of objects, or JSON where the schema is more than a form can ask for. */
export function argumentsField(schema: JsonSchema): Field {
  return new FieldMaker(schema).root(schema);
}

class FieldMaker {
  readonly #scope: SchemaScope;
  #made = 0;

  constructor(root: JsonSchema) {
    this.#scope = new SchemaScope(root);
  }

  root(schema: JsonSchema): Field {
    const field = this.#field('', schema, true, 0);
    const resolved = this.#scope.resolve(schema);
    const takesAny = resolved && (isOpen(resolved) || 'patternProperties' in resolved);
    // Most tools without arguments say no more than `object`.
    if (field.kind === 'json' && resolved && !hasAlternatives(resolved) && !takesAny && !isObject(resolved['properties']))
      return { ...field, kind: 'object', fields: [] };
    return field;
  }

  #field(name: string, part: unknown, required: boolean, depth: number): Field {
    const schema = this.#scope.resolve(part);
    const shape = schema && depth <= MAX_DEPTH ? this.#shape(schema, depth) : JSON_SHAPE;
    const initial = schema?.['default'] ?? (shape.kind === 'choice' && required && shape.choices.length === 1 ? shape.choices[0]?.value : undefined);
    const field: Field = {
      name,
      label: words(schema?.['title'], MAX_LABEL_LENGTH) || words(name, MAX_LABEL_LENGTH),
      description: words(schema?.['description'], MAX_DESCRIPTION_LENGTH),
      required,
      nullable: schema !== undefined && this.#takesNull(schema),
      initial,
      ...shape,
    };
    return canHold(field, initial) ? field : { ...field, kind: 'json' };
  }

  #shape(schema: JsonSchema, depth: number): Shape {
    if (Array.isArray(schema['enum'])) return choiceOf(schema['enum'].map((value: unknown) => ({ value, label: choiceLabel(value) })));
    if ('const' in schema)
      return choiceOf([{ value: schema['const'], label: words(schema['title'], MAX_LABEL_LENGTH) || choiceLabel(schema['const']) }]);
    if (hasAlternatives(schema)) return this.#alternatives(schema, depth);
    const types = typesOf(schema).filter((type) => type !== 'null');
    if (types.length > 1) {
      const options = types.map((type) => this.#field('', { ...schema, title: type, description: '', default: undefined, type }, true, depth + 1));
      return variantsOf(options);
    }
    return this.#shapeOfType(types[0] ?? impliedType(schema), schema, depth);
  }

  #shapeOfType(type: unknown, schema: JsonSchema, depth: number): Shape {
    switch (type) {
      case 'string':
        return textOf(schema);
      case 'number':
      case 'integer':
        return numberOf(type, schema);
      case 'boolean':
        return { kind: 'boolean' };
      case 'array':
        return this.#list(schema, depth);
      case 'object':
        return this.#object(schema, depth);
      default:
        return JSON_SHAPE;
    }
  }

  #object(schema: JsonSchema, depth: number): Shape {
    const { properties, required } = schema as { readonly properties?: unknown; readonly required?: unknown };
    if (!isObject(properties)) return JSON_SHAPE;
    const entries = Object.entries(properties);
    if (entries.length > MAX_FIELDS_OF_OBJECT || this.#made + entries.length > MAX_FIELDS || (entries.length === 0 && isOpen(schema)))
      return JSON_SHAPE;
    this.#made += entries.length;
    const isRequired = (name: string): boolean => Array.isArray(required) && required.includes(name);
    return { kind: 'object', fields: entries.map(([name, part]) => this.#field(name, part, isRequired(name), depth + 1)) };
  }

  #list(schema: JsonSchema, depth: number): Shape {
    if (!isObject(schema['items']) || 'prefixItems' in schema) return JSON_SHAPE;
    const item = this.#field('', schema['items'], true, depth + 1);
    return { kind: 'list', item, minItems: numberIn(schema['minItems']) ?? 0, maxItems: numberIn(schema['maxItems']) };
  }

  /** `anyOf` and `oneOf`: a choice of constants, one shape that may be `null`, or several shapes to choose from. */
  #alternatives(schema: JsonSchema, depth: number): Shape {
    const { anyOf, oneOf, ...base } = schema;
    const all = (Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : []) as readonly unknown[];
    const resolved = all.map((option) => this.#scope.resolve(option));
    if (resolved.some((option) => option === undefined) || ('anyOf' in schema && 'oneOf' in schema)) return JSON_SHAPE;
    const options = (resolved as readonly JsonSchema[]).filter((option) => !isNull(option));
    // Rules on which properties go together, which the agent checks, and no shapes.
    if (options.every((option) => !hasShape(option))) return this.#shape(base, depth);
    if (options.every((option) => 'const' in option)) {
      return choiceOf(
        options.map((option) => ({
          value: option['const'],
          label: words(option['title'], MAX_LABEL_LENGTH) || choiceLabel(option['const']),
        })),
      );
    }
    if (options.length > MAX_VARIANTS) return JSON_SHAPE;
    const { title: _title, description: _description, default: _default, ...common } = base;
    const whole = options.map((option) => merge(common, option));
    if (whole.some((option) => option === undefined)) return JSON_SHAPE;
    if (whole.length === 1) return this.#shape(whole[0] as JsonSchema, depth);
    return variantsOf(
      (whole as readonly JsonSchema[]).map((option, index) => {
        const field = this.#field('', option, true, depth + 1);
        return { ...field, label: words(option['title'], MAX_LABEL_LENGTH) || discriminatorOf(field) || typeName(field) || `${index + 1}` };
      }),
    );
  }

  #takesNull(schema: JsonSchema): boolean {
    if (Array.isArray(schema['enum'])) return schema['enum'].includes(null);
    if (typesOf(schema).includes('null')) return true;
    const options = schema['anyOf'] ?? schema['oneOf'];
    return Array.isArray(options) && options.some((option: unknown) => isNull(this.#scope.resolve(option) ?? {}));
  }
}

const JSON_SHAPE: Shape = { kind: 'json' };

function choiceOf(all: readonly Choice[]): Shape {
  const choices = all.filter(({ value }) => value !== null);
  return choices.length === 0 || choices.length > MAX_CHOICES ? JSON_SHAPE : { kind: 'choice', choices };
}

/** Where one of them can only be given as JSON, JSON is the simpler question for all. */
function variantsOf(options: readonly Field[]): Shape {
  return options.some(({ kind }) => kind === 'json') ? JSON_SHAPE : { kind: 'variants', options };
}

function textOf(schema: JsonSchema): Shape {
  const minLength = numberIn(schema['minLength']);
  const maxLength = numberIn(schema['maxLength']);
  const format = typeof schema['format'] === 'string' ? schema['format'] : undefined;
  const isLong = format === undefined && schema['pattern'] === undefined && (maxLength === undefined || maxLength > 200);
  return { kind: isLong ? 'long-text' : 'text', minLength, maxLength, format };
}

function numberOf(kind: 'number' | 'integer', schema: JsonSchema): Shape {
  const [min, max] = [numberIn(schema['minimum']), numberIn(schema['maximum'])];
  const [above, below] = [numberIn(schema['exclusiveMinimum']), numberIn(schema['exclusiveMaximum'])];
  const exclusive = (above !== undefined || below !== undefined) && min === undefined && max === undefined;
  return exclusive ? { kind, min: above, max: below, exclusive } : { kind, min, max, exclusive: false };
}

/** Whether a default can be shown in the field without losing any of it. */
function canHold(field: Field, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  switch (field.kind) {
    case 'text':
    case 'long-text':
      return typeof value === 'string';
    case 'number':
    case 'integer':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'choice':
      return field.choices.some((choice) => JSON.stringify(choice.value) === JSON.stringify(value));
    case 'list':
      return Array.isArray(value) && value.every((item) => canHold(field.item, item));
    case 'object':
      return (
        isObject(value) && Object.entries(value).every(([name, part]) => field.fields.some((inner) => inner.name === name && canHold(inner, part)))
      );
    case 'variants':
      return variantFor(field.options, value) !== undefined;
    case 'json':
      return true;
  }
}

/** The index of the first of several shapes that a value fits. */
export function variantFor(options: readonly Field[], value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const fits = (field: Field): boolean =>
    canHold(field, value) && (field.kind !== 'object' || field.fields.every((inner) => !inner.required || (isObject(value) && inner.name in value)));
  const index = options.findIndex(fits);
  return index < 0 ? undefined : index;
}

function hasAlternatives(schema: JsonSchema): boolean {
  return Array.isArray(schema['anyOf']) || Array.isArray(schema['oneOf']);
}

function hasShape(schema: JsonSchema): boolean {
  return ['type', 'properties', 'items', 'enum', 'const', 'anyOf', 'oneOf', 'prefixItems'].some((keyword) => keyword in schema);
}

function isNull(schema: JsonSchema): boolean {
  const types = typesOf(schema);
  return (types.length === 1 && types[0] === 'null') || ('const' in schema && schema['const'] === null);
}

/** Whether an object takes properties that it does not name, on purpose. */
function isOpen(schema: JsonSchema): boolean {
  const more = schema['additionalProperties'];
  return more === true || isObject(more);
}

function impliedType(schema: JsonSchema): string | undefined {
  return 'properties' in schema ? 'object' : 'items' in schema ? 'array' : undefined;
}

/** Shapes are often told apart by a property with one possible value: its name for them. */
function discriminatorOf(field: Field): string | undefined {
  if (field.kind !== 'object') return undefined;
  const constant = field.fields.find((inner) => inner.kind === 'choice' && inner.choices.length === 1);
  return constant?.kind === 'choice' ? constant.choices[0]?.label : undefined;
}

const TYPE_NAMES: Partial<Record<Field['kind'], string>> = {
  text: 'text',
  'long-text': 'text',
  number: 'number',
  integer: 'whole number',
  boolean: 'yes or no',
  list: 'list',
};

function typeName(field: Field): string | undefined {
  if (field.kind === 'object')
    return field.fields
      .map(({ label }) => label)
      .join(', ')
      .slice(0, MAX_LABEL_LENGTH);
  return TYPE_NAMES[field.kind];
}

function choiceLabel(value: unknown): string {
  return words(typeof value === 'string' ? value : JSON.stringify(value), MAX_LABEL_LENGTH);
}

function words(value: unknown, maxLength: number): string {
  return typeof value === 'string' ? withoutInvisible(value.slice(0, maxLength)) : '';
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
