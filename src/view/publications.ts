import type { HistoryItem } from '../agents/directory.ts';
import type { PublicationView } from './types.ts';

type EntryView = PublicationView['entries'][number];

/** Names that the network should see as they are, without what is invisible. */
type Clean = (text: string) => string;

/** The history of a person's document, oldest first, as it is shown: newest first. */
export function publicationsOf(history: readonly HistoryItem[], clean: Clean): readonly PublicationView[] {
  const ancestors = new Map<string, ReadonlySet<string>>();
  return history
    .map((item, index): PublicationView => {
      const known = new Set(item.after.flatMap((hash) => [hash, ...(ancestors.get(hash) ?? [])]));
      ancestors.set(item.hash, known);
      const before = history[index - 1];
      return {
        id: item.hash,
        at: item.at,
        device: item.device,
        isConcurrent: before !== undefined && !known.has(before.hash),
        entries: [...item.written.map((entry) => writtenView(entry, clean)), ...item.removed.flatMap((key) => removedView(key, clean))],
      };
    })
    .toReversed();
}

function writtenView(entry: HistoryItem['written'][number], clean: Clean): EntryView {
  switch (entry.kind) {
    case 'name':
      return { what: 'name', subject: clean(entry.name) };
    case 'node':
      return { what: 'node', subject: entry.record.node };
    case 'agent':
      return { what: 'agent', subject: clean(entry.record.title) || entry.record.id };
    case 'generation':
      return { what: 'compacted', subject: '' };
  }
}

function removedView(key: string, clean: Clean): readonly EntryView[] {
  const [kind, node = '', agent = ''] = key.split(':');
  if (kind === 'agent') return [{ what: 'agent-removed', subject: clean(agent) }];
  return kind === 'node' ? [{ what: 'node-removed', subject: clean(node) }] : [];
}
