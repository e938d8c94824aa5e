import { describe, expect, it } from 'vitest';
import { hasAgent, RegistryNetwork } from '../../test/doubles/registry-network.ts';
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
    console.log(a.outputsOf('alarm'), a.outputsOf('misbehaved'), b.outputsOf('misbehaved'), a.registry.sizes(), b.registry.sizes());
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
});
