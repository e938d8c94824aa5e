import type { JsonSchema } from '../../view/types.ts';

/** What resolving one part may cost, and all parts of a form: a few lines that refer to each other can describe more than any form can show. */
const MAX_STEPS = 500;
const MAX_ALL_STEPS = 20_000;
const MAX_NESTING = 16;

/** Keywords of which the larger, or the smaller, value is the stricter one. */
const LOWER_BOUNDS = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];
const UPPER_BOUNDS = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];

/** A peer's whole schema, within which its parts refer to each other. References to anywhere else are never followed. */
export class SchemaScope {
  readonly #root: JsonSchema;
  #steps = 0;
  #allSteps = 0;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  /**
   * A part with its references and `allOf` resolved into one plain schema; `undefined` where that cannot be. What its references led to
   * is added to `followed`: who meets the same again further in goes round.
   */
  resolve(part: unknown, followed?: Set<unknown>): JsonSchema | undefined {
    this.#steps = 0;
    return this.#resolve(part, 0, followed);
  }

  #resolve(part: unknown, nesting: number, followed: Set<unknown> | undefined): JsonSchema | undefined {
    if (part === true) return {};
    if (!isObject(part) || nesting > MAX_NESTING) return undefined;
    this.#spend(part);
    if (this.#steps > MAX_STEPS || this.#allSteps > MAX_ALL_STEPS) return undefined;
    const { $ref, allOf, ...rest } = part;
    let resolved: JsonSchema | undefined = rest;
    if (typeof $ref === 'string') {
      const found = this.#find($ref);
      followed?.add(found);
      const target = this.#resolve(found, nesting + 1, followed);
      resolved = target && merge(target, rest);
    }
    for (const other of Array.isArray(allOf) ? (allOf as unknown[]) : []) {
      const more = this.#resolve(other, nesting + 1, followed);
      resolved = resolved && more && merge(more, resolved);
      this.#spend(resolved);
    }
    return resolved;
  }

  /** What is put together is copied each time: large ones cost more. */
  #spend(part: JsonSchema | undefined): void {
    const cost = 1 + (isObject(part?.['properties']) ? Object.keys(part['properties']).length / 16 : 0);
    this.#steps += cost;
    this.#allSteps += cost;
  }

  /** A JSON pointer into the same document (RFC 6901), as in `#/$defs/address`, or an anchor of one of its definitions. */
  #find(reference: string): unknown {
    if (reference === '#') return this.#root;
    if (!reference.startsWith('#/')) return reference.startsWith('#') ? this.#anchored(reference.slice(1)) : undefined;
    let at: unknown = this.#root;
    for (const step of reference.split('/').slice(1)) {
      const key = decodePart(step).replaceAll('~1', '/').replaceAll('~0', '~');
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
      at = (at as Readonly<Record<string, unknown>>)[key];
    }
    return at;
  }

  #anchored(name: string): unknown {
    const { $defs, definitions } = this.#root;
    const parts = [$defs, definitions].flatMap((group) => (isObject(group) ? Object.values(group) : []));
    return parts.find((part) => isObject(part) && part['$anchor'] === name);
  }
}

/** One schema that asks for what both ask for; of words the second's win. `undefined` where the two cannot be one plain schema. */
export function merge(first: JsonSchema, second: JsonSchema): JsonSchema | undefined {
  for (const keyword of ['anyOf', 'oneOf', 'prefixItems']) if (keyword in first && keyword in second) return undefined;
  const merged: Record<string, unknown> = { ...first, ...second };
  if ('type' in first && 'type' in second) {
    const both = commonTypes(typesOf(first), typesOf(second));
    if (both.length === 0) return undefined;
    merged['type'] = both;
  }
  if (Array.isArray(first['enum']) && Array.isArray(second['enum'])) {
    const others = new Set(second['enum'].map((choice) => JSON.stringify(choice)));
    merged['enum'] = first['enum'].filter((choice) => others.has(JSON.stringify(choice)));
  }
  if (isObject(first['properties']) && isObject(second['properties']))
    merged['properties'] = mergeProperties(first['properties'], second['properties']);
  if ('items' in first && 'items' in second) merged['items'] = { allOf: [first['items'], second['items']] };
  for (const bound of [...LOWER_BOUNDS, ...UPPER_BOUNDS]) {
    const values = [first[bound], second[bound]].filter((value) => typeof value === 'number');
    if (values.length === 2) merged[bound] = LOWER_BOUNDS.includes(bound) ? Math.max(...values) : Math.min(...values);
  }
  const required = [first['required'], second['required']].flatMap((names) => (Array.isArray(names) ? (names as unknown[]) : []));
  if (required.length > 0) merged['required'] = [...new Set(required)];
  return merged;
}

function commonTypes(first: readonly string[], second: readonly string[]): readonly string[] {
  const types = first.filter((type) => second.some((other) => other === type || (type === 'integer' && other === 'number')));
  const narrower = second.filter((type) => type === 'integer' && first.includes('number'));
  return [...new Set([...types, ...narrower])];
}

function mergeProperties(first: JsonSchema, second: JsonSchema): JsonSchema {
  const inBoth = Object.keys(first).filter((name) => Object.hasOwn(second, name));
  return { ...first, ...second, ...Object.fromEntries(inBoth.map((name) => [name, { allOf: [first[name], second[name]] }])) };
}

/** The types that a schema names. */
export function typesOf(schema: JsonSchema): readonly string[] {
  const { type } = schema as { readonly type?: unknown };
  return (Array.isArray(type) ? (type as unknown[]) : [type]).filter((name) => typeof name === 'string');
}

export function hasAlternatives(schema: JsonSchema): boolean {
  return Array.isArray(schema['anyOf']) || Array.isArray(schema['oneOf']);
}

/** Whether a schema says what a value looks like, and not only what goes together. */
export function hasShape(schema: JsonSchema): boolean {
  return ['type', 'properties', 'items', 'enum', 'const', 'anyOf', 'oneOf', 'prefixItems'].some((keyword) => keyword in schema);
}

/** Whether it allows `null` and nothing else. */
export function isNull(schema: JsonSchema): boolean {
  const types = typesOf(schema);
  return (types.length === 1 && types[0] === 'null') || ('const' in schema && schema['const'] === null);
}

/** Whether an object takes properties that it does not name, on purpose. */
export function isOpen(schema: JsonSchema): boolean {
  const more = schema['additionalProperties'];
  return more === true || isObject(more) || isObject(schema['patternProperties']);
}

export function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
