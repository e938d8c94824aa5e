import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromUtf8, utf8 } from '../../base/bytes.ts';
import { asParleyError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { sha256 } from '../../crypto/hash.ts';
import { ResultScanner } from './result-scanner.ts';

/** Feeds JSON in pieces that end at these places; answers what the scanner made of it. */
function scan(json: string, cuts: readonly number[] = [], kind: 'ofMessage' | 'ofResult' = 'ofMessage') {
  const pieces: Uint8Array[] = [];
  const scanner = ResultScanner[kind]((piece) => pieces.push(piece));
  const bytes = utf8(json);
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    scanner.feed(bytes.slice(from, end));
    from = end;
  }
  const summary = scanner.finish();
  return { summary, id: scanner.id, result: fromUtf8(concatBytes(...pieces)) };
}

const codeOf = (run: () => unknown): string => {
  try {
    run();
    return 'taken';
  } catch (thrown) {
    return asParleyError(thrown).code;
  }
};

/** Names that the scanner looks for, where they mean nothing; text with every escape. */
const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('"', '\\', '\\"', '\n\r', 'result', '{"id":1}', 'x'.repeat(600)));
const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    anyText,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(anyText, fc.constantFrom('id', 'result', 'isError', 'resultType')), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;
const anyResult = fc.record(
  { isError: fc.boolean(), resultType: fc.constantFrom('complete', 'input_required'), content: anyValue, 'a\\"b': anyValue },
  { requiredKeys: [], noNullPrototype: true },
);

describe('an answer that passes in pieces', () => {
  it('is told apart into id and result, wherever it is cut', () => {
    fc.assert(
      fc.property(
        anyResult,
        fc.oneof(fc.integer(), fc.string({ maxLength: 20 })),
        fc.shuffledSubarray(['jsonrpc', 'id', 'result', '_extra'], { minLength: 4 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.constantFrom(undefined, 1, '\t', '\n'),
        (result, id, order, cuts, space) => {
          const members: Record<string, unknown> = { jsonrpc: '2.0', id, result, _extra: { id: 5, result: {} } };
          const json = JSON.stringify(Object.fromEntries(order.map((name) => [name, members[name]])), undefined, space);
          const found = scan(json, cuts);
          expect(found.id).toBe(id);
          expect(JSON.parse(found.result)).toEqual(JSON.parse(JSON.stringify(result)));
          expect(found.result).not.toMatch(/[\n\r]/);
          expect(found.summary.bytes).toBe(utf8(found.result).length);
          expect(found.summary.isError).toBe(result.isError);
          expect(found.summary.resultType).toBe(result.resultType);
          if (space === undefined) expect(found.result).toBe(JSON.stringify(result));
          // The other end sees the result alone, and comes to the same.
          expect(scan(found.result, cuts, 'ofResult').summary).toEqual(found.summary);
        },
      ),
    );
  });

  it('has the digest of its result', () => {
    expect(scan('{"result":{"a":[1,"é"]},"id":1}', [13, 20]).summary.sha256).toEqual(sha256(utf8('{"a":[1,"é"]}')));
  });

  it.each([
    ['', 'malformed'],
    ['{"id":1,"result":{}', 'malformed'],
    ['{"id":1,"result":{"a":"}', 'malformed'],
    ['{"id":1,"result":{]}', 'malformed'],
    ['{"id":1,"result":{}}}', 'malformed'],
    ['{"id":1,"result":{}}{}', 'malformed'],
    ['{"id":1,"result":{}} x', 'malformed'],
    ['{"id":1,"result":[]}', 'malformed'],
    ['{"id":1,"result":"a"}', 'malformed'],
    ['{"id":1,"result":{},"result":{}}', 'malformed'],
    ['{"id":1,"id":2,"result":{}}', 'malformed'],
    ['{"id":1,"\\u0069d":2,"result":{}}', 'malformed'],
    ['{"id":{},"result":{}}', 'malformed'],
    ['{"id":null,"result":{}}', 'malformed'],
    ['{"result":{}}', 'malformed'],
    ['{"id":1,"method":"x","result":{}}', 'malformed'],
    ['{"id":1,"result":{"a":"line\nend"}}', 'malformed'],
    ['[{"id":1,"result":{}}]', 'malformed'],
    [`{"id":1,"result":{"a":${'['.repeat(LIMITS.maxJsonDepth)}${']'.repeat(LIMITS.maxJsonDepth)}}}`, 'too-large'],
    [`{"id":"${'9'.repeat(600)}","result":{}}`, 'malformed'],
  ])('is not taken for whole when it is not: %j', (json, code) => {
    expect(codeOf(() => scan(json))).toBe(code);
    expect(
      codeOf(() =>
        scan(
          json,
          Array.from({ length: json.length }, (_, index) => index),
        ),
      ),
    ).toBe(code);
  });

  it.each(['', '{}{}', '{},{}', '{}"id":1', '{},"id":1', '{}}', '[]', '"a"', '5', '{"a":1'])('has nothing beside its result: %j', (json) => {
    expect(codeOf(() => scan(json, [], 'ofResult'))).toBe('malformed');
  });

  it('never throws anything but typed errors, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', ' ', '\n', '\r', '\t', 'a', '1'), { maxLength: 40 }),
        fc.array(fc.nat(), { maxLength: 5 }),
        (letters, cuts) => {
          for (const kind of ['ofMessage', 'ofResult'] as const)
            expect(['taken', 'malformed', 'too-large']).toContain(codeOf(() => scan(letters.join(''), cuts, kind)));
        },
      ),
      { numRuns: 500 },
    );
  });
});
