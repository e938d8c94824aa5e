import { describe, expect, it } from 'vitest';
import { Emitter } from '../base/emitter.ts';
import { ParleyError } from '../base/errors.ts';
import type { AgentAddress } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { ResourceWatches } from './resource-watches.ts';

function scene() {
  const clients = new Emitter<{ ended: AgentAddress }>();
  const told = new Map<string, () => void>();
  const stopped: string[] = [];
  const reads: (() => void)[] = [];
  let version = 0;
  let problem: Error | undefined;
  const calls = {
    watch: async (_: string, uri: string, onUpdated: () => void) => {
      if (problem) throw problem;
      told.set(uri, onUpdated);
      return async () => void stopped.push(uri);
    },
    readResource: async (_: string, uri: string) => {
      await new Promise<void>((resolve) => reads.push(resolve));
      return { contents: [{ uri, text: `version ${++version}` }] };
    },
  };
  const watches = new ResourceWatches({ calls: calls as never, clients: clients as never, clock: { now: () => 7 } as never });
  const answerReads = async (): Promise<void> => {
    await turn();
    while (reads.length > 0) {
      for (const answer of reads.splice(0)) answer();
      await turn();
    }
  };
  const text = (): unknown => (watches.of('a:x').value[0]?.blocks?.[0] as { text?: string } | undefined)?.text;
  return { watches, clients, told, stopped, reads, answerReads, text, fail: (thrown: Error) => (problem = thrown) };
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

describe('a watched resource', () => {
  it('is read at once and with each change, however many come together, until it is not wanted', async () => {
    const { watches, told, stopped, reads, answerReads, text } = scene();
    watches.watch('a:x', 'note:///1');
    expect(watches.of('a:x').value).toMatchObject([{ uri: 'note:///1', state: 'starting', changes: 0 }]);
    await answerReads();
    expect([watches.of('a:x').value[0]?.state, text()]).toEqual(['watching', 'version 1']);
    for (let count = 0; count < 5; count++) told.get('note:///1')?.();
    await turn();
    expect(reads).toHaveLength(1);
    await answerReads();
    expect([watches.of('a:x').value[0]?.changes, watches.of('a:x').value[0]?.changedAt, text()]).toEqual([5, 7, 'version 3']);
    watches.unwatch('a:x', 'note:///1');
    expect([stopped, watches.of('a:x').value]).toEqual([['note:///1'], []]);
    told.get('note:///1')?.();
    await turn();
    expect([reads, watches.of('a:x').value]).toEqual([[], []]);
  });

  it('says why it ended: the agent does not tell, or is gone; and can be watched again', async () => {
    const { watches, clients, answerReads, fail } = scene();
    watches.watch('a:x', 'one');
    await answerReads();
    clients.emit('ended', 'a:x' as AgentAddress);
    expect(watches.of('a:x').value).toMatchObject([{ state: 'ended', problem: { code: 'link-lost' } }]);
    fail(new ParleyError('bad-argument', 'It does not tell.'));
    watches.watch('a:x', 'one');
    await turn();
    expect(watches.of('a:x').value).toMatchObject([{ uri: 'one', state: 'ended', problem: { code: 'bad-argument', detail: 'It does not tell.' } }]);
  });

  it('that was given up while it began is given up at its agent, too', async () => {
    const { watches, stopped } = scene();
    watches.watch('a:x', 'one');
    watches.unwatch('a:x', 'one');
    await turn();
    expect([stopped, watches.of('a:x').value]).toEqual([['one'], []]);
  });

  it('is one of so many at the most', async () => {
    const { watches } = scene();
    for (let count = 0; count <= LIMITS.maxWatchedResources; count++) watches.watch('a:x', `r${count}`);
    expect(watches.of('a:x').value.at(-1)).toMatchObject({ state: 'ended', problem: { code: 'overloaded' } });
  });
});
