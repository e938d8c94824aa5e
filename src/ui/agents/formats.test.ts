import { Validator } from '@cfworker/json-schema';
import { describe, expect, it } from 'vitest';
import { complaintsOf } from '../../view/schema-complaints.ts';
import type { JsonSchema } from '../../view/types.ts';
import { complaintPath, complaintText } from './complaint-text.ts';
import { FORMAT_EXAMPLES, pickedText } from './formats.ts';

describe('formats of text', () => {
  it('have examples that are written as the format asks for', () => {
    const incomplete = ['uri', 'url'];
    for (const [format, example] of Object.entries(FORMAT_EXAMPLES).filter(([name]) => !incomplete.includes(name)))
      expect([format, new Validator({ format }, '2020-12').validate(example).valid]).toEqual([format, true]);
  });

  it('are what a calendar’s answer becomes, with the offset of this place', () => {
    expect(pickedText('date', '2026-11-25')).toBe('2026-11-25');
    for (const [format, picked] of [
      ['date-time', '2026-11-25T12:00'],
      ['date-time', '2026-07-25T12:00:30'],
      ['time', '12:00'],
    ] as const) {
      const text = pickedText(format, picked);
      expect(text.startsWith(picked)).toBe(true);
      expect([text, new Validator({ format }, '2020-12').validate(text).valid]).toEqual([text, true]);
    }
    expect(new Date(pickedText('date-time', '2026-11-25T12:00')).getHours()).toBe(12);
    expect(pickedText('time', '')).toBe('');
  });
});

describe('what a schema says against arguments, in words', () => {
  it('says what to do, for every rule', () => {
    const cases: readonly (readonly [JsonSchema, unknown, string])[] = [
      [{ type: ['string', 'null'] }, 1, 'string, null'],
      [{ const: 'a\u202eb' }, 1, 'a\\u202eb'],
      [{ pattern: '^a' }, 'b', '^a'],
      [{ format: 'email' }, 'b', 'name@example.org'],
      [{ multipleOf: 0.5 }, 0.3, 'multiple of 0.5'],
      [{ uniqueItems: true }, [1, 1], 'same'],
      [{ minimum: 3 }, 1, 'at least 3'],
      [{ exclusiveMaximum: 3 }, 3, 'less than 3'],
      [{ minLength: 3 }, 'a', 'at least 3 characters'],
      [{ maxItems: 1 }, [1, 2], 'at most 1 item'],
      [{ enum: [1] }, 2, 'none of the shapes'],
      [{ minProperties: 2 }, {}, 'minProperties: 2'],
      [{ properties: { y: false } }, { y: 1 }, 'nothing of this name'],
      [{ pattern: `^${'a'.repeat(5_000)}$` }, 'b', '…'],
    ];
    for (const [property, value, words] of cases) {
      const [complaint] = complaintsOf({ properties: { x: property } }, { x: value });
      const text = complaintText(complaint!);
      expect([words, text.includes(words), text.length < 250]).toEqual([words, true, true]);
    }
    const [missing] = complaintsOf({ required: ['x'] }, {});
    expect([complaintText(missing!), complaintPath(missing!)]).toEqual(['This is needed.', ['x']]);
  });
});
