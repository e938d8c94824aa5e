import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../mcp/canonical-json.ts';
import { definitionDiff } from './definition-diff.ts';

const textOf = (lines: ReturnType<typeof definitionDiff>, ...signs: string[]) =>
  lines.filter(({ sign }) => signs.includes(sign)).map(({ text }) => text);

describe('the difference of two definitions', () => {
  it('shows the line that changed between those that did not', () => {
    const lines = definitionDiff(canonicalJson({ name: 'a', description: 'reads' }), canonicalJson({ name: 'a', description: 'sends' }));
    expect(lines).toEqual([
      { sign: 'same', text: '{' },
      { sign: 'removed', text: '  "description": "reads",' },
      { sign: 'added', text: '  "description": "sends",' },
      { sign: 'same', text: '  "name": "a"' },
      { sign: 'same', text: '}' },
    ]);
  });

  it('writes out what would be invisible', () => {
    const lines = definitionDiff(canonicalJson({ d: 'reads' }), canonicalJson({ d: 'reads\u200b\u{e0041}' }));
    expect(textOf(lines, 'added')).toEqual(['  "d": "reads\\u200b\\udb40\\udc41"']);
  });

  it('leads from one to the other, whatever they are', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (before, after) => {
        const lines = definitionDiff(canonicalJson(before), canonicalJson(after));
        const [nothing, ...whole] = [definitionDiff(undefined, canonicalJson(before)), definitionDiff(undefined, canonicalJson(after))];
        expect(textOf(lines, 'same', 'removed')).toEqual(textOf(nothing ?? [], 'added'));
        expect(textOf(lines, 'same', 'added')).toEqual(textOf(whole[0] ?? [], 'added'));
      }),
    );
  });

  it('bears cut and huge definitions', () => {
    expect(definitionDiff('{"a":1,"b":"x', '{"a":1,"b":"y').map(({ sign }) => sign)).toEqual(['same', 'removed', 'added']);
    const huge = JSON.stringify(Array.from({ length: 5_000 }, (_, index) => index));
    expect(definitionDiff(huge, huge).length).toBe(2 * 5_002);
  });
});
