import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../../view/types.ts';
import { initialTyped, questionContent, questionFields, type QuestionTyped } from './question-fields.ts';

const SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    name: { type: 'string', title: 'Your\u202e name', minLength: 2, maxLength: 5 },
    mail: { type: 'string', format: 'email' },
    page: { type: 'string', format: 'uri' },
    age: { type: 'integer', minimum: 0, maximum: 150 },
    weight: { type: 'number' },
    agree: { type: 'boolean', default: true },
    colour: { type: 'string', enum: ['r', 'g'], enumNames: ['Red', 'Green'], default: 'g' },
    size: { type: 'string', oneOf: [{ const: 's', title: 'Small' }, { const: 'l' }] },
    tags: { type: 'array', items: { type: 'string', enum: ['a', 'b', 'c'] }, minItems: 1, maxItems: 2 },
  },
  required: ['name', 'age'],
};
const answer = (typed: Readonly<Record<string, QuestionTyped>>) => questionContent(questionFields(SCHEMA), typed);

describe('the form of an agent’s question', () => {
  it('asks by the schema, with what is invisible left out of the labels', () => {
    expect(questionFields(SCHEMA).map(({ label, kind, isRequired }) => [label, kind, isRequired])).toEqual([
      ['Your name', 'text', true],
      ['mail', 'text', false],
      ['page', 'text', false],
      ['age', 'number', true],
      ['weight', 'number', false],
      ['agree', 'boolean', false],
      ['colour', 'choice', false],
      ['size', 'choice', false],
      ['tags', 'choices', false],
    ]);
  });

  it('sends values of their types, defaults included, and leaves out what was not answered', () => {
    expect(answer({ name: 'Ada', age: '36', weight: '61,5', mail: '', tags: [] })).toEqual({
      content: { name: 'Ada', age: 36, weight: 61.5, agree: true, colour: 'g' },
    });
    expect(answer({ name: 'Ada', age: '36', size: 's', tags: ['a', 'c'], agree: false })).toMatchObject({
      content: { size: 's', tags: ['a', 'c'], agree: false },
    });
  });

  it('names what is missing or wrong', () => {
    const outcome = answer({ name: 'A', age: '1.5', mail: 'nobody', page: 'x', weight: 'heavy', tags: ['a', 'b', 'c'] });
    expect('problems' in outcome && Object.fromEntries(outcome.problems)).toEqual({
      name: 'length',
      age: 'number',
      mail: 'format',
      page: 'format',
      weight: 'number',
      tags: 'range',
    });
    const empty = answer({ name: ' ', age: '151' });
    expect('problems' in empty && Object.fromEntries(empty.problems)).toEqual({ name: 'required', age: 'range' });
  });

  it('reads times, and says of a default that is none that it is wrong', () => {
    const at = (initial: string, typed?: string) =>
      questionContent(
        questionFields({ properties: { at: { type: 'string', format: 'date-time', default: initial } } }),
        typed === undefined ? {} : { at: typed },
      );
    expect(at('', '2026-11-26T01:02')).toEqual({ content: { at: new Date('2026-11-26T01:02').toISOString() } });
    expect(at('soon')).toMatchObject({ problems: new Map([['at', 'format']]) });
  });

  it('bears any schema', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })), (properties, more) => {
        const fields = questionFields({ ...more, properties });
        const typed = Object.fromEntries(fields.map((field) => [field.name, initialTyped(field)]));
        expect(questionContent(fields, typed)).toBeDefined();
      }),
    );
  });
});
