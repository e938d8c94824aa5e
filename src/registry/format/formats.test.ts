import * as automerge from '@automerge/automerge';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { throwsParleyError } from '../../../test/support/expect-error.ts';
import { concatBytes, fromHex, toHex } from '../../base/bytes.ts';
import { sha256 } from '../../crypto/hash.ts';
import { readChangeHeader } from './change-header.ts';
import { assertSyncMessage } from './sync-message.ts';

type Root = Record<string, unknown>;
const ACTORS = ['aa', 'bb', 'cc'].map((byte) => byte.repeat(32));
const key = fc.constantFrom('name:1', 'node:a:1', 'node:b:1', 'agent:a:x:1', 'agent:a:y:2');
const edit = fc.record({ by: fc.nat(2), put: fc.option(fc.tuple(key, fc.uint8Array({ maxLength: 40 }))), remove: fc.option(key), pull: fc.nat(2) });

/** Documents of three actors who edit and merge as the script says. */
function documentsOf(
  script: readonly { by: number; put: [string, Uint8Array] | null; remove: string | null; pull: number }[],
): automerge.Doc<Root>[] {
  const docs = ACTORS.map((actor) => automerge.init<Root>({ actor }));
  for (const { by, put, remove, pull } of script) {
    docs[by] = automerge.merge(docs[by]!, automerge.clone(docs[pull]!));
    docs[by] = automerge.change(docs[by], { time: 5 }, (root) => {
      if (put) root[put[0]] = put[1];
      if (remove) delete root[remove];
    });
  }
  return docs;
}

/** The chunk with these contents and a checksum that is right. */
function chunk(contents: Uint8Array, type = 1): Uint8Array {
  const length: number[] = [];
  for (let left = contents.length; ; left >>>= 7) {
    length.push(left > 127 ? (left & 127) | 128 : left);
    if (left <= 127) break;
  }
  const hashed = concatBytes(Uint8Array.of(type, ...length), contents);
  return concatBytes(fromHex('856f4a83'), sha256(hashed).subarray(0, 4), hashed);
}

/** Contents of a change that sets one key, with these columns. */
function contentsWith(columns: readonly (readonly [number, string])[]): Uint8Array {
  const head = fromHex(`00${'20'}${'aa'.repeat(32)}0101050000`);
  const table = columns.flatMap(([specification, data]) => [specification, data.length / 2]);
  return concatBytes(head, Uint8Array.of(columns.length, ...table), ...columns.map(([, data]) => fromHex(data)));
}

const SET_ONE = [
  [0x15, '7f0161'],
  [0x34, '01'],
  [0x42, '7f01'],
  [0x56, '7f17'],
  [0x57, '07'],
  [0x70, '7f00'],
] as const;

describe('headers of changes', () => {
  it('say the same as Automerge does, of every change that it writes here', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 12 }), (script) => {
        for (const doc of documentsOf(script)) {
          for (const change of automerge.getAllChanges(doc)) {
            const { hash, actor, seq, deps, time, ops } = automerge.decodeChange(change);
            const header = readChangeHeader(change);
            expect({ ...header, actor: toHex(header.actor), deps: header.deps.toSorted() }).toEqual({
              hash,
              actor,
              seq,
              deps: deps.toSorted(),
              time,
              ops: ops.length,
            });
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are read from a change that was put together by hand', () => {
    expect(readChangeHeader(chunk(contentsWith(SET_ONE))).ops).toBe(1);
  });

  const replaced = (specification: number, data: string) => SET_ONE.map(([id, old]) => [id, id === specification ? data : old] as const);
  const HOSTILE: Record<string, Uint8Array> = {
    'a compressed change': chunk(contentsWith(SET_ONE), 2),
    'a whole document': chunk(contentsWith(SET_ONE), 0),
    'a run that stands for 2^40 operations': chunk(contentsWith(replaced(0x42, '808080808040' + '01'))),
    'a run of 2^40 nulls': chunk(contentsWith(replaced(0x15, '00808080808040'))),
    'a column with more values than operations': chunk(contentsWith(replaced(0x56, '0217'))),
    'predecessors without end': chunk(contentsWith(replaced(0x70, '01808080808020'))),
    'an object below the root': chunk(contentsWith([[0x01, '7f00'], [0x02, '7f01'], ...SET_ONE])),
    'columns that all stand for 2^40 operations': chunk(
      contentsWith([
        [0x15, '8080808080c000' + '0161'],
        [0x34, '808080808040'],
        [0x42, '8080808080c000' + '01'],
        [0x56, '8080808080c000' + '07'],
        [0x70, '8080808080c000' + '00'],
      ]),
    ),
    'making a list': chunk(contentsWith(replaced(0x42, '7f02'))),
    'an insertion': chunk(contentsWith(replaced(0x34, '0001'))),
    'bytes behind its end': chunk(concatBytes(contentsWith(SET_ONE), Uint8Array.of(0))),
    'a wrong checksum': chunk(contentsWith(SET_ONE)).map((byte, index) => (index === 5 ? byte ^ 1 : byte)),
  };
  for (const [name, bytes] of Object.entries(HOSTILE)) {
    it(`refuse ${name}, at once`, () => {
      const started = performance.now();
      throwsParleyError('malformed', () => readChangeHeader(bytes));
      expect(performance.now() - started).toBeLessThan(50);
    });
  }

  it('refuse more predecessors than may be', () => {
    const deps = concatBytes(Uint8Array.of(65), new Uint8Array(65 * 32));
    throwsParleyError('too-large', () => readChangeHeader(chunk(concatBytes(deps, contentsWith(SET_ONE).subarray(1)))));
  });
});

describe('sync messages', () => {
  it('of Automerge pass once their changes are taken out, and not with them', () => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 3, maxLength: 10 }), (script) => {
        const [a, b] = documentsOf(script) as [automerge.Doc<Root>, automerge.Doc<Root>];
        let docs = [a, b] as const;
        let states = [automerge.initSyncState(), automerge.initSyncState()] as const;
        for (let round = 0; round < 10; round++) {
          const [state, message] = automerge.generateSyncMessage(docs[0], states[0]);
          if (message) {
            const decoded = automerge.decodeSyncMessage(message);
            assertSyncMessage(automerge.encodeSyncMessage({ ...decoded, changes: [] }));
            if (decoded.changes.length > 0) throwsParleyError('malformed', () => assertSyncMessage(message));
          }
          const [doc, other] = message ? automerge.receiveSyncMessage(docs[1], states[1], message) : [docs[1], states[1]];
          docs = [doc, docs[0]];
          states = [other, state];
        }
      }),
      { numRuns: 40 },
    );
  });

  const filter = (bytes: string): Uint8Array => fromHex(`42000001${'00'}${toHex(Uint8Array.of(bytes.length / 2))}${bytes}00`);
  it('with a filter that asks for too much work, or lies about its size, are refused', () => {
    assertSyncMessage(filter('010a07229c'));
    throwsParleyError('malformed', () => assertSyncMessage(filter('010affffff7f229c')));
    throwsParleyError('malformed', () => assertSyncMessage(filter('01ffff7f07229c')));
    throwsParleyError('malformed', () => assertSyncMessage(filter('ffff7f0a07229c')));
    throwsParleyError('malformed', () => assertSyncMessage(filter('010a0722')));
  });
});
