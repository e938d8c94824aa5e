import * as automerge from '@automerge/automerge';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../app/system-clock.ts';
import type { AgentId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Node } from '../node/node.ts';
import type { Records } from '../ports/records.ts';
import { AutomergeEngine } from '../registry/engine/automerge-engine.ts';
import { Registry } from '../registry/registry.ts';
import { MemoryRecords } from '../storage/memory-storage.ts';
import { openNetworkId } from '../wire/networks.ts';
import { joinNodes, localNode } from '../../test/doubles/local-nodes.ts';
import { seededEntropy, seededIdentity } from '../../test/support/seeded-identity.ts';
import { Directory } from './directory.ts';

const NOTES = {
  id: 'notes' as AgentId,
  title: 'Notes',
  description: 'Keeps notes',
  definitions: [
    { kind: 'tool' as const, name: 'read', sha256: new Uint8Array(32) },
    { kind: 'prompt' as const, name: 'sum', sha256: new Uint8Array(32) },
  ],
};

const toStop: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0)) await stop();
});

async function member(seed: number, records: Records = new MemoryRecords()): Promise<{ readonly node: Node; readonly directory: Directory }> {
  const node = await localNode(seed);
  toStop.push(() => node.close());
  const { device, person, chain } = await seededIdentity(seed, systemClock.now());
  const directory = new Directory({
    node,
    records,
    clock: systemClock,
    load: () =>
      Promise.resolve({
        registry: new Registry({ networkId: openNetworkId('test'), node: node.id, device, person, chain, entropy: seededEntropy(seed + 50) }),
        engine: new AutomergeEngine(automerge),
      }),
  });
  await directory.start();
  return { node, directory };
}

function until(directory: Directory, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = () => holds() && (off(), resolve());
    const off = directory.on('agents', () => void check());
    check();
  });
}

describe('the directory', () => {
  it('knows names and agents of nodes that it has no link with, and forgets agents that are taken back', async () => {
    const [a, b, c] = await Promise.all([member(1), member(2), member(3)]);
    c.directory.publish({ name: 'Carol', agents: [NOTES] });
    await joinNodes(a.node, b.node);
    await joinNodes(b.node, c.node);
    await until(a.directory, () => a.directory.agents().length === 1);
    expect(a.directory.agents()).toEqual([
      {
        address: `${c.node.id}:notes`,
        node: c.node.id,
        agent: 'notes',
        owner: c.node.identity.person,
        title: 'Notes',
        description: 'Keeps notes',
        kind: 'built-in',
        visibility: 'everyone',
        isDescribed: true,
        tools: ['read'],
      },
    ]);
    expect(a.directory.nameOf(c.node.identity.person)).toBe('Carol');
    expect(a.directory.isHere(c.node.identity.person)).toBe(true);
    expect(a.directory.nodesOf(c.node.identity.person)).toEqual([c.node.id]);
    c.directory.publish({ name: 'Carol', agents: [] });
    await until(a.directory, () => a.directory.agents().length === 0);
  });

  it('does not list what somebody keeps for their own devices', async () => {
    const [a, b] = await Promise.all([member(1), member(2)]);
    const mine = { ...NOTES, id: 'mine' as AgentId, visibility: 'devices' as const };
    b.directory.publish({ name: 'Bob', agents: [mine, NOTES] });
    await joinNodes(a.node, b.node);
    await until(a.directory, () => a.directory.agents().length > 0);
    expect(a.directory.agents().map(({ agent }) => agent)).toEqual(['notes']);
  });

  it('keeps names from an earlier run, and shows no agents of who is not there', async () => {
    const records = new MemoryRecords();
    const [a, b] = [await member(1, records), await member(2)];
    b.directory.publish({ name: 'Bob', agents: [NOTES] });
    await joinNodes(a.node, b.node);
    await until(a.directory, () => a.directory.agents().length === 1);
    await a.node.close();
    const again = await member(1, records);
    await until(again.directory, () => again.directory.nameOf(b.node.identity.person) === 'Bob');
    expect(again.directory.agents()).toEqual([]);
    expect(again.directory.isHere(b.node.identity.person)).toBe(false);
  });

  it('shows nothing invisible, nothing on two lines and nothing longer than names are', async () => {
    const [a, b] = await Promise.all([member(1), member(2)]);
    const hostile = `Al\u202eice\u0000 \n\n\u200bfrom\u{e0041} the\u2028 bank ${'x'.repeat(20)}`;
    b.directory.publish({ name: hostile, agents: [{ ...NOTES, title: 'Safe\u202e\n title', description: 'does\u0007 things' }] });
    await joinNodes(a.node, b.node);
    await until(a.directory, () => a.directory.agents().length === 1);
    const name = a.directory.nameOf(b.node.identity.person) ?? '';
    expect(name).toMatch(/^Alice from the bank x+$/);
    expect(name.length).toBeLessThanOrEqual(LIMITS.maxDisplayNameLength);
    expect(a.directory.agents()).toMatchObject([{ title: 'Safe title', description: 'does things' }]);
  });
});
