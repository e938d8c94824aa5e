import { Validator } from '@cfworker/json-schema';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../../view/types.ts';
import { argumentsOfJson } from './exact-json.ts';
import type { Field } from './field.ts';
import { argumentsOf, placeOf } from './field-values.ts';
import { argumentsField } from './schema-fields.ts';
import { initialOf, typedOf, type Typed } from './typed.ts';

/** The field of the property `x`. */
function fieldOf(property: JsonSchema, isRequired = false, more: JsonSchema = {}): Field {
  const root = argumentsField({ type: 'object', properties: { x: property }, required: isRequired ? ['x'] : [], ...more });
  if (root.kind !== 'object') throw new Error(`The arguments are ${root.kind}.`);
  return root.fields[0] as Field;
}

/** What is sent for the property `x` once this is typed into it. */
function sent(property: JsonSchema, typed: Typed, isRequired = false): unknown {
  const root = argumentsField({ type: 'object', properties: { x: property }, required: isRequired ? ['x'] : [] });
  const outcome = argumentsOf(root, { kind: 'object', fields: [typed] });
  return 'args' in outcome ? outcome.args : outcome.problems.map(({ text }) => text);
}

function shapeOf(field: Field): unknown {
  if (field.kind === 'object') return Object.fromEntries(field.fields.map((inner) => [inner.name, shapeOf(inner)]));
  if (field.kind === 'list') return [...field.prefix.map(shapeOf), ...(field.item ? [shapeOf(field.item)] : [])];
  if (field.kind === 'choices') return { anyOf: field.choices.map(({ label }) => label) };
  if (field.kind === 'variants') return { oneOf: field.options.map((option) => [option.label, shapeOf(option)]) };
  if (field.kind === 'choice') return field.choices.map(({ label }) => label);
  return field.kind;
}

describe('what a schema asks for', () => {
  it('has a kind for every plain type', () => {
    const kinds = [{ type: 'string' }, { type: 'string', format: 'date' }, { type: 'number' }, { type: 'integer' }, { type: 'boolean' }, {}].map(
      (property) => fieldOf(property).kind,
    );
    expect(kinds).toEqual(['long-text', 'text', 'number', 'integer', 'boolean', 'json']);
  });

  it('offers enumerations by value or by the titles of constants', () => {
    expect(shapeOf(fieldOf({ enum: ['red', 3, false] }))).toEqual(['red', '3', 'false']);
    const titled = fieldOf({
      oneOf: [
        { const: 'r', title: 'Red' },
        { const: 'g', title: 'Green' },
      ],
    });
    expect(shapeOf(titled)).toEqual(['Red', 'Green']);
    expect(sent({ enum: ['red', 3] }, '3')).toEqual({ x: 3 });
  });

  it('asks for a nullable value as the value itself', () => {
    for (const property of [
      { anyOf: [{ type: 'integer' }, { type: 'null' }] },
      { oneOf: [{ type: 'null' }, { type: 'integer' }] },
      { type: ['integer', 'null'] },
    ]) {
      expect(fieldOf(property)).toMatchObject({ kind: 'integer', nullable: true });
      expect(sent(property, '')).toEqual({});
      expect(sent(property, '', true)).toEqual({ x: null });
      expect(sent(property, '7', true)).toEqual({ x: 7 });
    }
  });

  it('asks for a nullable enumeration as a choice, in each way it can be written', () => {
    for (const property of [
      { enum: ['a', 'b', null] },
      { type: ['string', 'null'], enum: ['a', 'b', null] },
      { anyOf: [{ type: 'string', enum: ['a', 'b'] }, { type: 'null' }] },
      { anyOf: [{ const: 'a' }, { const: 'b' }, { type: 'null' }] },
    ]) {
      expect(shapeOf(fieldOf(property))).toEqual(['a', 'b']);
      expect(sent(property, '', true)).toEqual({ x: null });
      expect(sent(property, '"b"', true)).toEqual({ x: 'b' });
    }
  });

  it('lets one choose between shapes, at the root too', () => {
    const circle = { type: 'object', properties: { kind: { const: 'circle' }, radius: { type: 'number' } }, required: ['kind', 'radius'] };
    const square = { type: 'object', title: 'A square', properties: { side: { type: 'number' } }, required: ['side'] };
    for (const keyword of ['anyOf', 'oneOf']) {
      const root = argumentsField({ type: 'object', [keyword]: [circle, square] });
      expect(shapeOf(root)).toEqual({
        oneOf: [
          ['circle', { kind: ['circle'], radius: 'number' }],
          ['A square', { side: 'number' }],
        ],
      });
      const circleTyped = initialOf(root);
      expect(argumentsOf(root, circleTyped)).toMatchObject({ problems: [{ at: '0.0.1' }] });
      const typed: Typed = { kind: 'variants', chosen: 0, options: [{ kind: 'object', fields: ['"circle"', '2.5'] }, ''] };
      expect(argumentsOf(root, typed)).toEqual({ args: { kind: 'circle', radius: 2.5 } });
    }
  });

  it('keeps the properties that all shapes of the root share', () => {
    const root = argumentsField({
      type: 'object',
      properties: { name: { type: 'string', format: 'x' } },
      required: ['name'],
      oneOf: [{ properties: { a: { type: 'number' } } }, { properties: { b: { type: 'number' } } }],
    });
    expect(shapeOf(root)).toEqual({
      oneOf: [
        ['name, a', { name: 'text', a: 'number' }],
        ['name, b', { name: 'text', b: 'number' }],
      ],
    });
  });

  it('shows the plain form where alternatives only say what goes together', () => {
    const properties = { id: { type: 'integer' }, name: { type: 'number' } };
    const root = argumentsField({ type: 'object', properties, anyOf: [{ required: ['id'] }, { required: ['name'] }] });
    expect(shapeOf(root)).toEqual({ id: 'integer', name: 'number' });
  });

  it('follows references within the schema, never out of it, and ends where they go round', () => {
    const $defs = {
      'a/b': { type: 'integer', title: 'From afar' },
      tree: { type: 'object', properties: { left: { $ref: '#/$defs/tree' }, size: { type: 'integer' } } },
      loop: { $ref: '#/$defs/loop' },
      all: { allOf: [{ $ref: '#/$defs/all' }] },
    };
    expect(fieldOf({ $ref: '#/$defs/a~1b' }, false, { $defs })).toMatchObject({ kind: 'integer', label: 'From afar' });
    expect(fieldOf({ $ref: '#/$defs/tree' }, false, { $defs }).kind).toBe('object');
    for (const $ref of ['#/$defs/loop', '#/$defs/all', '#/$defs/nowhere', 'https://example.org/schema.json', '#/$defs/__proto__'])
      expect(fieldOf({ $ref }, false, { $defs }).kind).toBe('json');
    expect(argumentsField({ type: 'object', anyOf: [{ allOf: [{ $ref: '#' }] }] }).kind).toBe('json');
  });

  it('puts the parts of allOf together', () => {
    const property = {
      allOf: [
        { type: 'object', properties: { a: { type: 'number', title: 'A' } }, required: ['a'] },
        { properties: { a: { type: 'integer' }, b: { type: 'boolean' } }, required: ['b'] },
      ],
    };
    const field = fieldOf(property);
    expect(shapeOf(field)).toEqual({ a: 'integer', b: 'boolean' });
    expect(field.kind === 'object' && field.fields.map(({ label, required }) => [label, required])).toEqual([
      ['A', true],
      ['b', true],
    ]);
    expect(fieldOf({ allOf: [{ type: 'string' }, { type: 'integer' }] }).kind).toBe('json');
  });

  it('asks for lists and objects part by part, and as JSON where nobody could', () => {
    expect(shapeOf(fieldOf({ type: 'array', items: { type: 'object', properties: { n: { type: 'number' } } } }))).toEqual([{ n: 'number' }]);
    for (const property of [{ type: 'array' }, { type: 'object' }, { type: 'object', additionalProperties: true }, { type: 'array', items: true }])
      expect(fieldOf(property).kind).toBe('json');
  });

  it('asks for the places of a tuple, in the words of each draft', () => {
    const places = [{ type: 'number' }, { type: 'boolean' }];
    expect(shapeOf(fieldOf({ type: 'array', prefixItems: places, items: { type: 'integer' } }))).toEqual(['number', 'boolean', 'integer']);
    expect(shapeOf(fieldOf({ type: 'array', prefixItems: places }))).toEqual(['number', 'boolean']);
    expect(shapeOf(fieldOf({ items: places, additionalItems: { type: 'integer' } }))).toEqual(['number', 'boolean', 'integer']);
    const tuple = { type: 'array', prefixItems: places, minItems: 1 };
    expect(sent(tuple, { kind: 'list', items: ['', ''] })).toEqual({});
    expect(sent(tuple, { kind: 'list', items: ['', ''] }, true)).toEqual(['Give a number.']);
    expect(sent(tuple, { kind: 'list', items: ['1', ''] }, true)).toEqual({ x: [1] });
    expect(sent({ type: 'array', prefixItems: places }, { kind: 'list', items: ['', 'true'] })).toEqual(['This is needed.']);
  });

  it('takes properties that have no name in the schema, where it wants some', () => {
    const map = fieldOf({ type: 'object', additionalProperties: { type: 'number' } });
    expect(map).toMatchObject({ kind: 'object', offersMore: true, fields: [], more: { kind: 'number' } });
    expect(fieldOf({ type: 'object', patternProperties: { '^x': { type: 'boolean' } } })).toMatchObject({ more: { kind: 'boolean' } });
    const typed = (...more: { name: string; value: Typed }[]): Typed => ({ kind: 'object', fields: [], more });
    const property = { type: 'object', additionalProperties: { type: 'number' } };
    expect(sent(property, typed({ name: 'a', value: '1' }, { name: '', value: '' }))).toEqual({ x: { a: 1 } });
    expect(sent(property, typed({ name: 'a', value: '1' }, { name: 'a', value: '2' }))).toEqual(['There is another one of this name.']);
  });

  it('asks for any of some values at once', () => {
    const property = { type: 'array', uniqueItems: true, items: { enum: ['a', 2, 'c'] }, minItems: 1 };
    expect(shapeOf(fieldOf(property))).toEqual({ anyOf: ['a', '2', 'c'] });
    expect(sent(property, { kind: 'list', items: ['"a"', '2'] })).toEqual({ x: ['a', 2] });
    expect(sent(property, { kind: 'list', items: [] }, true)).toEqual(['Give at least 1 item.']);
    expect(sent(property, { kind: 'list', items: [] })).toEqual({});
  });

  it('asks for a file where text stands for bytes', () => {
    expect(fieldOf({ type: 'string', contentEncoding: 'base64', contentMediaType: 'image/png' })).toMatchObject({
      kind: 'file',
      accept: 'image/png',
    });
    expect(fieldOf({ type: 'string', format: 'byte' })).toMatchObject({ kind: 'file', encoding: 'base64', accept: undefined });
    expect(fieldOf({ type: 'string', contentMediaType: 'text/html' }).kind).toBe('long-text');
    expect(fieldOf({ contentEncoding: 'base64', contentMediaType: '"><b>' })).toMatchObject({ kind: 'file', accept: undefined });
  });

  it('folds what goes round, and opens it as deep as somebody goes', () => {
    let field = argumentsField({ type: 'object', properties: { value: { type: 'integer' }, next: { $ref: '#' } }, required: ['value'] });
    for (let depth = 0; depth < 10; depth++) {
      const next: Field | undefined = field.kind === 'object' ? field.fields[1] : undefined;
      if (!next) throw new Error(`It ends at ${depth}.`);
      expect(next).toMatchObject({ kind: 'object', folded: true });
      expect(initialOf(next)).toBe('');
      field = next;
    }
  });

  it('shows properties that come into play only with others', () => {
    const conditional = `{
      "type": "object",
      "properties": { "kind": { "enum": ["a", "b"] } },
      "if": { "properties": { "kind": { "const": "a" } } },
      "then": { "properties": { "size": { "type": "integer" } }, "required": ["size"] },
      "dependentSchemas": { "kind": { "properties": { "more": { "type": "boolean" } } } }
    }`;
    const root = argumentsField(JSON.parse(conditional) as JsonSchema);
    expect(shapeOf(root)).toEqual({ kind: ['a', 'b'], size: 'integer', more: 'boolean' });
  });

  it('asks for all arguments as JSON where the schema names none and takes any', () => {
    expect(argumentsField({ type: 'object', additionalProperties: true }).kind).toBe('json');
    expect(argumentsField({ type: 'object', additionalProperties: { type: 'string' }, properties: {} })).toMatchObject({
      kind: 'object',
      offersMore: true,
    });
    expect(shapeOf(argumentsField({ type: 'object' }))).toEqual({});
  });

  it('bears types that are none', () => {
    expect(fieldOf({ type: [{ toString: 0 }, 'integer', 5] }).kind).toBe('integer');
    expect(fieldOf({ type: { toString: 0 } }).kind).toBe('json');
  });

  it('makes a bounded form of a schema without end', () => {
    const wide = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`p${index}`, { $ref: '#' }]));
    const count = (field: Field): number =>
      1 + (field.kind === 'object' && !field.folded ? field.fields.reduce((sum, inner) => sum + count(inner), 0) : 0);
    expect(count(argumentsField({ type: 'object', properties: wide }))).toBe(61);
    expect(count(argumentsField({ type: 'object', properties: wide, required: Object.keys(wide) }))).toBeLessThanOrEqual(1_001);
  });

  it('is quick however often the parts of a schema refer to each other', () => {
    const many = (part: unknown) => Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`p${index}`, part]));
    const properties = many({ $ref: '#/$defs/x' });
    const wide = (part: (index: number) => unknown) => ({ anyOf: Array.from({ length: 24 }, (_, index) => part(index)) });
    let deep: unknown = [1];
    for (let depth = 0; depth < 30; depth++) deep = [deep, depth];
    for (const [x, value] of [
      [{ allOf: Array.from({ length: 1_900 }, (_, index) => ({ properties: { [`q${index}`]: {} } })) }, {}],
      [wide(() => ({ $ref: '#/$defs/x' })), {}],
      [wide((index) => ({ type: 'object', properties: { [`a${index}`]: { $ref: '#/$defs/x' } }, required: [`a${index}`] })), {}],
      [wide(() => ({ type: 'array', items: { $ref: '#/$defs/x' } })), { p0: deep }],
      [{ enum: Array.from({ length: 500 }, (_, index) => index) }, {}],
    ] as const) {
      const start = performance.now();
      const root = argumentsField({ type: 'object', properties, required: Object.keys(properties), $defs: { x } });
      argumentsOf(root, initialOf(root));
      argumentsOf(root, typedOf(root, value));
      // Without its bounds each takes minutes.
      expect(performance.now() - start).toBeLessThan(5_000);
    }
  });

  it('takes what could hide out of words, and leaves names as they are', () => {
    const root = argumentsField({ type: 'object', properties: { 'a\u202eb': { type: 'integer', title: 'T\u200bitle', description: 'x\u2066y' } } });
    expect(root.kind === 'object' && root.fields[0]).toMatchObject({ name: 'a\u202eb', label: 'Title', description: 'xy' });
  });
});

describe('what is sent', () => {
  it('starts with the defaults, and an optional one that was cleared is left out', () => {
    const property = { type: 'integer', default: 20 };
    expect(initialOf(fieldOf(property))).toBe('20');
    expect(sent(property, initialOf(fieldOf(property)))).toEqual({ x: 20 });
    expect(sent(property, '')).toEqual({});
    const nested = fieldOf({
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'boolean', default: true } },
      default: { a: 'from above' },
    });
    expect(initialOf(nested)).toEqual({ kind: 'object', fields: ['from above', 'true'] });
  });

  it('leaves out an optional object that nobody touched, and asks for all of one that somebody began', () => {
    const property = { type: 'object', properties: { city: { type: 'string' }, zip: { type: 'string', default: '1' } }, required: ['city'] };
    expect(sent(property, initialOf(fieldOf(property)))).toEqual({});
    expect(sent(property, { kind: 'object', fields: ['', '2'] })).toEqual(['This is needed.']);
    expect(sent(property, { kind: 'object', fields: ['Bern', '2'] })).toEqual({ x: { city: 'Bern', zip: '2' } });
  });

  it('names everything that is needed and missing', () => {
    for (const property of [{ type: 'string' }, { type: 'integer' }, { enum: ['a', 'b'] }, {}]) expect(sent(property, '', true)).toHaveLength(1);
    expect(sent({ type: 'array', items: { type: 'string' } }, { kind: 'list', items: [] }, true)).toEqual({ x: [] });
    expect(sent({ type: 'array', items: { type: 'string' }, minItems: 2 }, { kind: 'list', items: ['a'] }, true)).toEqual(['Give at least 2 items.']);
  });

  it('holds numbers and texts to their bounds', () => {
    expect(sent({ type: 'integer', minimum: 1, maximum: 3 }, '4')).toEqual(['Give at most 3.']);
    expect(sent({ type: 'number', exclusiveMinimum: 0 }, '0')).toEqual(['Give more than 0.']);
    expect(sent({ type: 'integer' }, '1.5')).toEqual(['Give a whole number.']);
    for (const text of ['', ' ', 'abc', '0x10', 'Infinity', '1,5', '--1']) expect(sent({ type: 'number' }, text, true)).toEqual(['Give a number.']);
    expect(sent({ type: 'number' }, ' -1.5e3 ')).toEqual({ x: -1500 });
    expect(sent({ type: 'string', maxLength: 2 }, '👍👍')).toEqual({ x: '👍👍' });
    expect(sent({ type: 'string', minLength: 3 }, '👍👍')).toEqual(['Give at least 3 characters.']);
  });

  it('does not send a number that would arrive as another one', () => {
    expect(sent({ type: 'integer' }, '9007199254740993')).toHaveLength(1);
    expect(() => argumentsOfJson('{"id": 9007199254740993}')).toThrow('too long');
    expect(argumentsOfJson('{"id": "9007199254740993", "n": 9007199254740991}')).toEqual({ id: '9007199254740993', n: 9007199254740991 });
  });

  it('sends a property of any name', () => {
    const root = argumentsField(
      JSON.parse('{"type":"object","properties":{"__proto__":{"type":"integer"},"constructor":{"type":"integer"}}}') as JsonSchema,
    );
    const outcome = argumentsOf(root, { kind: 'object', fields: ['1', '2'] });
    expect('args' in outcome && JSON.stringify(outcome.args)).toBe('{"__proto__":1,"constructor":2}');
  });

  it('brings JSON into the form and back only whole', () => {
    const root = argumentsField({
      type: 'object',
      properties: { a: { type: 'string', default: 'd' }, b: { type: 'array', items: { type: 'integer' } } },
    });
    expect(typedOf(root, { b: [1, 2] })).toEqual({ kind: 'object', fields: ['', { kind: 'list', items: ['1', '2'] }] });
    expect(typedOf(root, { a: '' })).toEqual({
      kind: 'object',
      fields: [
        { kind: 'raw', text: '""' },
        { kind: 'list', items: [] },
      ],
    });
    for (const args of [{}, { c: 1 }, { a: 5 }, { a: null }, { a: '' }, { b: [] }, { b: [1, 'two'] }, { b: 'no list' }]) {
      const outcome = argumentsOf(root, typedOf(root, args));
      expect('args' in outcome ? outcome.args : outcome.readable).toEqual(args);
    }
  });

  it('never changes JSON on its way (property)', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 5 }), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
        try {
          expect(JSON.stringify(argumentsOfJson(JSON.stringify(plain)))).toBe(JSON.stringify(plain));
        } catch (thrown) {
          expect((thrown as Error).message).toContain('too long');
        }
      }),
    );
  });

  it('gives back any value, also one that the schema does not allow (property)', () => {
    fc.assert(
      fc.property(anyCase, fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 }), ({ schema, value }, other) => {
        const root = argumentsField(schema);
        for (const args of [plain(value), plain(other)]) {
          const outcome = argumentsOf(root, typedOf(root, args));
          // What is required and missing is there, empty.
          expect('args' in outcome ? outcome.args : outcome.readable).toMatchObject(args);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('sends a value that the schema allows, however it is shown (property)', () => {
    fc.assert(
      fc.property(anyCase, ({ schema, value }) => {
        const root = argumentsField(schema);
        const args = plain(value);
        expect(argumentsOf(root, typedOf(root, args))).toEqual({ args });
        expect(new Validator(schema, '2020-12').validate(args).errors).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('has a place for whatever a path leads to (property)', () => {
    fc.assert(
      fc.property(anyCase, fc.array(fc.oneof(fc.string(), fc.nat(5).map(String)), { maxLength: 5 }), ({ schema, value }, path) => {
        const root = argumentsField(schema);
        expect(placeOf(root, typedOf(root, plain(value)), path)).toMatch(/^0/);
      }),
    );
  });
});

/** A schema, and a value that it allows. */
type Case = { readonly schema: JsonSchema; readonly value: unknown };

const anyName = fc.oneof(fc.constantFrom('a', 'b', 'name', '__proto__', 'constructor', ''), fc.string({ maxLength: 8 }));

const { anyPart } = fc.letrec<{ anyPart: Case }>((tie) => ({
  anyPart: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.string().map((value) => ({ schema: { type: 'string' }, value })),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ schema: { type: 'number' }, value: value === 0 ? 0 : value })),
    fc.maxSafeInteger().map((value) => ({ schema: { type: 'integer' }, value })),
    fc.boolean().map((value) => ({ schema: { type: 'boolean' }, value })),
    fc.constant({ schema: { type: ['string', 'null'] }, value: null }),
    fc.jsonValue({ maxDepth: 2 }).map((value) => ({ schema: {}, value })),
    fc.base64String().map((value) => ({ schema: { type: 'string', contentEncoding: 'base64' }, value })),
    fc
      .uniqueArray(fc.jsonValue({ maxDepth: 1 }), { minLength: 1, selector: (value) => JSON.stringify(value) })
      .map((values) => ({ schema: { enum: values }, value: values[0] })),
    fc.constant({ schema: { type: 'array', items: { enum: ['a', 'b', 'c'] }, uniqueItems: true }, value: ['c', 'a'] }),
    tie('anyPart').map(({ schema, value }) => ({ schema: { anyOf: [{ type: 'null' }, schema] }, value })),
    fc.tuple(tie('anyPart'), tie('anyPart')).map(([one, other]) => ({ schema: { anyOf: [other.schema, one.schema] }, value: one.value })),
    tie('anyPart').map(({ schema, value }) => ({ schema: { allOf: [schema, { description: 'More of it.' }] }, value })),
    fc
      .tuple(tie('anyPart'), fc.nat(3))
      .map(([{ schema, value }, count]) => ({ schema: { type: 'array', items: schema }, value: Array.from({ length: count }, () => value) })),
    fc.array(tie('anyPart'), { minLength: 1, maxLength: 3 }).chain((parts) =>
      fc.nat(parts.length).map((count) => ({
        schema: { type: 'array', prefixItems: parts.map(({ schema }) => schema), items: false, minItems: count },
        value: parts.slice(0, Math.max(count, 1)).map(({ value }) => value),
      })),
    ),
    fc.tuple(tie('anyPart'), fc.uniqueArray(anyName, { maxLength: 3 })).map(([{ schema, value }, names]) => ({
      schema: { type: 'object', additionalProperties: schema },
      value: Object.fromEntries(names.map((name) => [name, value])),
    })),
    anyObject(tie('anyPart')),
  ),
}));

function anyObject(part: fc.Arbitrary<Case>): fc.Arbitrary<Case> {
  const property = fc.record({ name: anyName, part, isRequired: fc.boolean(), isGiven: fc.boolean() });
  return fc.uniqueArray(property, { maxLength: 5, selector: ({ name }) => name }).map((properties) => ({
    schema: {
      type: 'object',
      properties: Object.fromEntries(properties.map(({ name, part: { schema } }) => [name, schema])),
      required: properties.flatMap(({ name, isRequired }) => (isRequired ? [name] : [])),
    },
    value: Object.fromEntries(properties.flatMap(({ name, part: { value }, isRequired, isGiven }) => (isRequired || isGiven ? [[name, value]] : []))),
  }));
}

const anyCase = anyObject(anyPart);

function plain(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
}
