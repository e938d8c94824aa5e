import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../../view/types.ts';
import { argumentsOf, argumentsOfJson, initialOf, typedOf, type Typed } from './field-values.ts';
import { argumentsField, type Field } from './schema-fields.ts';

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
  if (field.kind === 'list') return [shapeOf(field.item)];
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
    for (const property of [
      { type: 'array' },
      { type: 'array', prefixItems: [{}], items: { type: 'number' } },
      { type: 'object', additionalProperties: { type: 'number' } },
    ])
      expect(fieldOf(property).kind).toBe('json');
  });

  it('asks for all arguments as JSON where the schema names none and takes any', () => {
    expect(argumentsField({ type: 'object', additionalProperties: true }).kind).toBe('json');
    expect(argumentsField({ type: 'object', additionalProperties: { type: 'string' }, properties: {} }).kind).toBe('json');
    expect(shapeOf(argumentsField({ type: 'object' }))).toEqual({});
  });

  it('bears types that are none', () => {
    expect(fieldOf({ type: [{ toString: 0 }, 'integer', 5] }).kind).toBe('integer');
    expect(fieldOf({ type: { toString: 0 } }).kind).toBe('json');
  });

  it('makes a bounded form of a schema without end', () => {
    const wide = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`p${index}`, { $ref: '#' }]));
    const count = (field: Field): number => 1 + (field.kind === 'object' ? field.fields.reduce((sum, inner) => sum + count(inner), 0) : 0);
    expect(count(argumentsField({ type: 'object', properties: wide }))).toBeLessThanOrEqual(200);
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
    for (const args of [{ c: 1 }, { a: 5 }, { a: null }, { a: '' }, { b: [1, 'two'] }, { b: 'no list' }]) expect(typedOf(root, args)).toBeUndefined();
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

  it('gives back what it was given, for any value that a form can show (property)', () => {
    const schemaFor = (value: unknown): JsonSchema => {
      if (Array.isArray(value))
        return value.length > 0 ? { type: 'array', items: { anyOf: value.map(schemaFor) } } : { type: 'array', items: { type: 'string' } };
      if (typeof value !== 'object') return { type: typeof value };
      return value === null
        ? { type: ['string', 'null'] }
        : { type: 'object', properties: Object.fromEntries(Object.entries(value).map(([name, part]) => [name, schemaFor(part)])) };
    };
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 }), (value) => {
        const args = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
        const root = argumentsField(schemaFor(args));
        const typed = typedOf(root, args);
        if (typed === undefined) return;
        const outcome = argumentsOf(root, typed);
        expect('args' in outcome ? outcome.args : outcome.readable).toEqual(args);
      }),
    );
  });
});
