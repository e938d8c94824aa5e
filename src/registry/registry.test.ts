import { LIMITS } from '../base/limits.ts';
import type { AgentId } from '../base/ids.ts';
import { describe, expect, it } from 'vitest';
import { hasAgent, RegistryNetwork, START, type RegistryNode } from '../../test/doubles/registry-network.ts';
import { testAgent, TestPerson } from '../../test/support/registry-people.ts';

describe('two registries', () => {
  it('an agent is known to a neighbour that connects later', () => {
    const network = new RegistryNetwork({ seed: 1, floods: false });
    const a = network.add(new TestPerson(1));
    const b = network.add(new TestPerson(2));
    network.edit(a, { type: 'set-name', name: 'Ada' });
    network.edit(a, { type: 'put-node', node: a.node, title: 'Laptop' });
    network.edit(a, { type: 'put-agent', node: a.node, agent: testAgent('notes', 'Notes') });
    network.edit(b, { type: 'set-name', name: 'Ben' });
    network.connect(a, b);
    network.run(2_000);
    expect(hasAgent(b, a.person.id, 'Notes')).toBe(true);
    expect(b.registry.nameOf(a.person.id)).toBe('Ada');
    expect(a.registry.nameOf(b.person.id)).toBe('Ben');
    expect(network.areEqual()).toBe(true);
    network.edit(a, { type: 'remove-agent', node: a.node, agent: testAgent('notes').id });
    network.edit(b, { type: 'set-name', name: 'Benedict' });
    network.run(70_000);
    expect(hasAgent(b, a.person.id, 'Notes')).toBe(false);
    expect(a.registry.nameOf(b.person.id)).toBe('Benedict');
  });

  it('of a document that both have, only the difference travels', () => {
    const network = new RegistryNetwork({ seed: 2, floods: false });
    const person = new TestPerson(1, 2);
    const [a, b] = [network.add(person, person.devices[0]), network.add(person, person.devices[1])];
    for (let index = 0; index < LIMITS.maxAgentsPerNode + 8; index++)
      network.edit(a, { type: 'put-agent', node: a.node, agent: testAgent('notes', `Notes ${index}`) });
    network.connect(a, b);
    network.run(2_000);
    const whole = a.bytesSent;
    network.disconnect(a, b);
    network.edit(a, { type: 'put-agent', node: a.node, agent: testAgent('one', 'One') });
    network.edit(b, { type: 'put-agent', node: b.node, agent: testAgent('two', 'Two') });
    network.connect(a, b);
    network.run(2_000);
    expect(network.areEqual()).toBe(true);
    expect(hasAgent(a, person.id, 'Two') && hasAgent(b, person.id, 'One')).toBe(true);
    expect(a.bytesSent - whole).toBeLessThan(whole / 4);
  });

  it(
    'a change that is too large for gossip goes from neighbour to neighbour, and a large document begins anew in pieces',
    { timeout: 60_000 },
    () => {
      const network = new RegistryNetwork({ seed: 3, floods: true });
      const [a, b, c] = [1, 2, 3].map((seed) => network.add(new TestPerson(seed))) as [RegistryNode, RegistryNode, RegistryNode];
      network.connect(a, b);
      network.connect(b, c);
      network.run(1_000);
      const definitions = Array.from({ length: 120 }, (_, tool) => ({
        kind: 'tool' as const,
        name: `a tool of that name ${tool}`,
        sha256: new Uint8Array(32),
      }));
      const put = (index: number, version: number): void =>
        network.edit(a, { type: 'put-agent', node: a.node, agent: { ...testAgent(`agent-${index}`), version: `${version}`, definitions } });
      for (let version = 0; version < 8; version++) {
        for (let index = 0; index < 9; index++) put(index, version);
        network.run(30_000);
        expect(a.registry.sizes().bytes).toBeLessThan(LIMITS.maxRegistryDocumentBytes);
      }
      const published = a.outputsOf('publish').length;
      network.give(a, { type: 'edit', edit: { type: 'remove-node', node: a.node } });
      expect(a.outputsOf('publish').length).toBeGreaterThan(published);
      for (let index = 0; index < 9; index++) put(index, 99);
      network.run(60_000);
      expect(network.areEqual()).toBe(true);
      expect(
        c.registry.entries(() => ({ state: 'up', lastSeenAt: START, person: undefined }), START)[0]?.agents.map(({ version }) => version),
      ).toEqual(Array.from({ length: 9 }, () => '99'));
      expect(network.nodes.flatMap((node) => [...node.outputsOf('misbehaved'), ...node.outputsOf('alarm')])).toEqual([]);
    },
  );

  it('more than a person can publish, and what nobody could read, is refused here', () => {
    const network = new RegistryNetwork({ seed: 6, floods: false });
    const a = network.add(new TestPerson(1));
    const definitions = Array.from({ length: 120 }, (_, tool) => ({
      kind: 'tool' as const,
      name: `a tool of that name ${tool}`,
      sha256: new Uint8Array(32),
    }));
    for (let index = 0; index < 20; index++)
      network.edit(a, { type: 'put-agent', node: a.node, agent: { ...testAgent(`agent-${index}`), definitions } });
    expect(a.outputsOf('alarm').map(({ code }) => code)).toContain('too-large');
    expect(a.registry.sizes().bytes).toBeLessThan(LIMITS.maxRegistryDocumentBytes);
    const before = a.registry.digest();
    network.edit(a, { type: 'set-name', name: 'x'.repeat(LIMITS.maxDisplayNameLength + 1) });
    expect(a.registry.digest()).toEqual(before);
  });
});

describe('entries', () => {
  it('are live, stale, offline and away as presence says, and a node of somebody else is not believed', () => {
    const network = new RegistryNetwork({ seed: 4, floods: false });
    const a = network.add(new TestPerson(1));
    network.edit(a, { type: 'put-agent', node: a.node, agent: testAgent('notes') });
    network.edit(a, { type: 'put-node', node: a.node, title: 'Laptop' });
    const week = 7 * 86_400_000;
    const stateOf = (state: 'up' | 'suspect' | 'gone' | 'unknown', lastSeenAt?: number) =>
      a.registry.entries(() => ({ state, lastSeenAt, person: undefined }), START + week).map((entry) => entry.state);
    expect(stateOf('up')).toEqual(['live']);
    expect(stateOf('suspect', START)).toEqual(['stale']);
    expect(stateOf('gone', START + 1)).toEqual(['offline']);
    expect(stateOf('gone', START)).toEqual(['away']);
    expect(stateOf('unknown')).toEqual(['away']);
    const another = new TestPerson(2).id;
    expect(a.registry.entries(() => ({ state: 'up', lastSeenAt: START, person: another }), START)).toEqual([]);
  });

  it('show no more nodes and agents than may be', () => {
    const network = new RegistryNetwork({ seed: 5, floods: false });
    const a = network.add(new TestPerson(1));
    for (let index = 0; index < LIMITS.maxAgentsPerNode + 8; index++)
      network.edit(a, { type: 'put-agent', node: a.node, agent: testAgent(`agent-${index}` as AgentId) });
    const [entry] = a.registry.entries(() => ({ state: 'up', lastSeenAt: START, person: undefined }), START);
    expect(entry?.agents.length).toBe(LIMITS.maxAgentsPerNode);
  });
});
