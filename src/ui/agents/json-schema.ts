import type { JsonSchema } from '../../view/types.ts';

/** What the parts of one schema may cost together: a few lines that refer to each other can describe more than any form can show. */
const MAX_STEPS = 2_000;
const MAX_NESTING = 16;

/** A peer's whole schema, within which its parts refer to each other. References to anywhere else are never followed. */
export class SchemaScope {
  readonly #root: JsonSchema;
  #steps = 0;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  /** A part with its references and `allOf` resolved into one plain schema; `undefined` where that cannot be. */
  resolve(part: unknown, nesting = 0): JsonSchema | undefined {
    if (part === true) return {};
    if (!isObject(part) || nesting > MAX_NESTING || ++this.#steps > MAX_STEPS) return undefined;
    const { $ref, allOf, ...rest } = part;
    let resolved: JsonSchema | undefined = rest;
    if (typeof $ref === 'string') {
      const target = this.resolve(this.#find($ref), nesting + 1);
      resolved = target && merge(target, rest);
    }
    for (const other of Array.isArray(allOf) ? (allOf as unknown[]) : []) {
      const more = this.resolve(other, nesting + 1);
      resolved = resolved && more && merge(more, resolved);
    }
    return resolved;
  }

  /** A JSON pointer into the same document (RFC 6901), as in `#/$defs/address`. */
  #find(reference: string): unknown {
    if (reference !== '#' && !reference.startsWith('#/')) return undefined;
    let at: unknown = this.#root;
    for (const step of reference.split('/').slice(1)) {
      const key = decodePart(step).replaceAll('~1', '/').replaceAll('~0', '~');
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
      at = (at as Readonly<Record<string, unknown>>)[key];
    }
    return at;
  }
}

/** One schema that asks for what both ask for; of words the second's win. `undefined` where the two cannot be one plain schema. */
export function merge(first: JsonSchema, second: JsonSchema): JsonSchema | undefined {
  for (const keyword of ['anyOf', 'oneOf', 'items', 'prefixItems']) if (keyword in first && keyword in second) return undefined;
  const merged: Record<string, unknown> = { ...first, ...second };
  if ('type' in first && 'type' in second) {
    const types = typesOf(first).filter((type) => typesOf(second).some((other) => other === type || (type === 'integer' && other === 'number')));
    const narrower = typesOf(second).filter((type) => type === 'integer' && typesOf(first).includes('number'));
    const both = [...new Set([...types, ...narrower])];
    if (both.length === 0) return undefined;
    merged['type'] = both;
  }
  if (Array.isArray(first['enum']) && Array.isArray(second['enum'])) {
    const others = new Set(second['enum'].map((choice) => JSON.stringify(choice)));
    merged['enum'] = first['enum'].filter((choice) => others.has(JSON.stringify(choice)));
  }
  if (isObject(first['properties']) && isObject(second['properties']))
    merged['properties'] = mergeProperties(first['properties'], second['properties']);
  const required = [first['required'], second['required']].flatMap((names) => (Array.isArray(names) ? (names as unknown[]) : []));
  if (required.length > 0) merged['required'] = [...new Set(required)];
  return merged;
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
