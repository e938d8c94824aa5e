import type { JsonSchema } from '../../view/types.ts';

/** A peer's schema may describe at most this many fields; the rest can be given as JSON. */
const MAX_FIELDS = 64;

/** How one property of a tool's arguments is asked for. */
export type Field = {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly required: boolean;
  readonly kind: 'text' | 'long-text' | 'number' | 'integer' | 'boolean' | 'choice' | 'json';
  /** Only for `choice`. */
  readonly choices: readonly unknown[];
  readonly initial: string;
};

/** What a person typed into a field cannot be sent. */
export type FieldProblem = { readonly name: string; readonly text: string };

/** The fields for a tool's input schema. Whatever this cannot ask for in a form of its own is asked for as JSON. */
export function fieldsOf(schema: JsonSchema): readonly Field[] {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return Object.entries(properties)
    .slice(0, MAX_FIELDS)
    .map(([name, property]) => fieldOf(name, isObject(property) ? property : {}, required.includes(name)));
}

function fieldOf(name: string, property: JsonSchema, required: boolean): Field {
  const schema = withoutNull(property);
  const { kind, choices } = kindOf(schema);
  const initial =
    property['default'] === undefined
      ? ''
      : kind === 'text' || kind === 'long-text'
        ? String(property['default'])
        : JSON.stringify(property['default']);
  return {
    name,
    label: text(property['title']) || name,
    description: text(property['description'] ?? schema['description']),
    required,
    kind,
    choices,
    initial,
  };
}

/** `T | null` is asked for as an optional `T`. */
function withoutNull(schema: JsonSchema): JsonSchema {
  const options = schema['anyOf'] ?? schema['oneOf'];
  if (!Array.isArray(options)) return schema;
  const rest = options.filter((option: unknown) => isObject(option) && option['type'] !== 'null');
  return rest.length === 1 ? (rest[0] as JsonSchema) : schema;
}

function kindOf(schema: JsonSchema): Pick<Field, 'kind' | 'choices'> {
  if (Array.isArray(schema['enum'])) return { kind: 'choice', choices: schema['enum'].filter((choice) => choice !== null) };
  if ('const' in schema) return { kind: 'choice', choices: [schema['const']] };
  const types: readonly unknown[] = Array.isArray(schema['type']) ? schema['type'].filter((type) => type !== 'null') : [schema['type']];
  const [type] = types;
  if (types.length !== 1) return { kind: 'json', choices: [] };
  if (type === 'string') return { kind: isLong(schema) ? 'long-text' : 'text', choices: [] };
  if (type === 'number' || type === 'integer' || type === 'boolean') return { kind: type, choices: [] };
  return { kind: 'json', choices: [] };
}

function isLong(schema: JsonSchema): boolean {
  const { maxLength } = schema as { readonly maxLength?: unknown };
  return schema['format'] === undefined && schema['pattern'] === undefined && (typeof maxLength !== 'number' || maxLength > 200);
}

/** The arguments that the typed texts mean. An empty optional field is left out; an empty required text is an empty text. */
export function argumentsOf(
  fields: readonly Field[],
  typed: ReadonlyMap<string, string>,
): { readonly args: Record<string, unknown> } | { readonly problems: readonly FieldProblem[] } {
  const args: Record<string, unknown> = {};
  const problems: FieldProblem[] = [];
  for (const field of fields) {
    const value = typed.get(field.name) ?? field.initial;
    if (value === '' && !field.required) continue;
    try {
      Object.defineProperty(args, field.name, { value: valueOf(field, value), enumerable: true, configurable: true, writable: true });
    } catch (thrown) {
      problems.push({ name: field.name, text: (thrown as Error).message });
    }
  }
  return problems.length > 0 ? { problems } : { args };
}

function valueOf(field: Field, value: string): unknown {
  switch (field.kind) {
    case 'text':
    case 'long-text':
      return value;
    case 'number':
    case 'integer': {
      const number = Number(value);
      if (value.trim() === '' || !Number.isFinite(number)) throw new Error('Give a number.');
      if (field.kind === 'integer' && !Number.isInteger(number)) throw new Error('Give a whole number.');
      return number;
    }
    case 'boolean':
      return value === 'true';
    case 'choice':
      if (value === '') throw new Error('Choose one.');
      return JSON.parse(value);
    case 'json':
      try {
        return JSON.parse(value);
      } catch {
        throw new Error('Give valid JSON: text in "quotes", lists in [brackets], objects in {braces}.');
      }
  }
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 500) : '';
}
