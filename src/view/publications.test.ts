import { describe, expect, it } from 'vitest';
import type { DeviceId, NodeId } from '../base/ids.ts';
import type { HistoryItem } from '../agents/directory.ts';
import { publicationsOf } from './publications.ts';

const DEVICE = 'device' as DeviceId;
const NODE = 'node' as NodeId;

function change(hash: string, after: readonly string[], more: Partial<HistoryItem> = {}): HistoryItem {
  return { hash, after, device: DEVICE, at: 1_800_000_000_000, written: [], removed: [], ...more };
}

describe('what a person published', () => {
  it('comes newest first, in words for screens, without what is invisible', () => {
    const history = [
      change('a', [], { written: [{ kind: 'name', revision: 1, name: 'A\u200bda' }] }),
      change('b', ['a'], { removed: [`agent:${NODE}:notes`, `node:${NODE}`, 'something else'] }),
    ];
    const clean = (text: string): string => text.replace('\u200b', '');
    expect(publicationsOf(history, clean).map(({ id, entries }) => [id, entries])).toEqual([
      [
        'b',
        [
          { what: 'agent-removed', subject: 'notes' },
          { what: 'node-removed', subject: NODE },
        ],
      ],
      ['a', [{ what: 'name', subject: 'Ada' }]],
    ]);
  });

  it('says which changes were made without knowing of the one before', () => {
    const history = [change('a', []), change('b', ['a']), change('c', ['a']), change('d', ['b', 'c']), change('e', ['d'])];
    const apart = publicationsOf(history, String).filter(({ isConcurrent }) => isConcurrent);
    expect(apart.map(({ id }) => id)).toEqual(['c']);
  });
});
