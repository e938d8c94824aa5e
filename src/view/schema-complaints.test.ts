import { describe, expect, it } from 'vitest';
import { complaintsOf } from './schema-complaints.ts';
import type { JsonSchema } from './types.ts';

function about(property: JsonSchema, value: unknown, more: JsonSchema = {}): unknown {
  return complaintsOf({ type: 'object', properties: { x: property }, ...more }, { x: value });
}

describe('what a schema says against arguments', () => {
  it('names the place, the keyword and what it wants', () => {
    expect(about({ type: 'string', pattern: '^a' }, 'b')).toEqual([{ path: ['x'], keyword: 'pattern', wanted: '^a' }]);
    expect(about({ type: 'string', format: 'date' }, 'b')).toEqual([{ path: ['x'], keyword: 'format', wanted: 'date' }]);
    expect(about({ type: 'number', multipleOf: 5 }, 7)).toEqual([{ path: ['x'], keyword: 'multipleOf', wanted: 5 }]);
    expect(about({ type: 'array', items: { type: 'array', uniqueItems: true } }, [[], [1, 1]])).toEqual([
      { path: ['x', '1'], keyword: 'uniqueItems', wanted: true },
    ]);
    expect(about({ $ref: '#/$defs/a~1b%20c' }, 1, { $defs: { 'a/b c': { type: 'string' } } })).toEqual([
      { path: ['x'], keyword: 'type', wanted: 'string' },
    ]);
  });

  it('names properties that are missing, and those that are too many', () => {
    expect(about({}, 1, { required: ['x', 'a"b'] })).toEqual([{ path: [], keyword: 'required', wanted: expect.any(String) as unknown }]);
    expect(about({}, 1, { required: ['other'] })).toEqual([{ path: [], keyword: 'required', wanted: 'other' }]);
    expect(about({}, 1, { dependentRequired: { x: ['y'] } })).toMatchObject([{ path: [], wanted: 'y' }]);
    expect(complaintsOf({ type: 'object', properties: {}, additionalProperties: false }, { 'a/b': 1 })).toMatchObject([
      { path: ['a/b'], keyword: 'false' },
    ]);
  });

  it('tells of alternatives what is wrong with the one that was meant, else that none fits', () => {
    const shapes = [
      { type: 'object', properties: { kind: { const: 'a' }, size: { type: 'integer', minimum: 5 } }, required: ['kind', 'size'] },
      { type: 'object', properties: { kind: { const: 'b' }, name: { type: 'string' } }, required: ['kind', 'name'] },
    ];
    for (const keyword of ['anyOf', 'oneOf']) {
      expect(about({ [keyword]: shapes }, { kind: 'a', size: 1 })).toEqual([{ path: ['x', 'size'], keyword: 'minimum', wanted: 5 }]);
      expect(about({ [keyword]: shapes }, { kind: 'c' })).toMatchObject([{ path: ['x'], keyword }]);
    }
    expect(about({ anyOf: shapes }, { kind: 'b', name: 'n' })).toEqual([]);
  });

  it('follows the draft that the schema names', () => {
    const tuple = { items: [{ type: 'string' }], additionalItems: false };
    expect(about(tuple, ['a', 'b'], { $schema: 'http://json-schema.org/draft-07/schema#' })).toHaveLength(1);
    expect(about({ type: 'number', minimum: 3, exclusiveMinimum: true }, 3, { $schema: 'http://json-schema.org/draft-04/schema#' })).toHaveLength(1);
  });

  it('has nothing to say by a schema that cannot be understood, and not too much by one that can', () => {
    for (const broken of [{ pattern: '(' }, { $ref: 'https://example.org/s.json' }, { $ref: '#/nowhere' }, { type: 5 }, { $ref: '#' }])
      expect(Array.isArray(about(broken as JsonSchema, 'x'))).toBe(true);
    expect(
      about(
        { type: 'array', items: { type: 'string' } },
        Array.from({ length: 500 }, (_, index) => index),
      ),
    ).toHaveLength(50);
  });
});
