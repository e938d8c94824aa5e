import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RegistryNetwork, START, type RegistryNode } from '../../test/doubles/registry-network.ts';
import { testAgent, TestPerson } from '../../test/support/registry-people.ts';
import { SeededRandom } from '../base/seeded-random.ts';
import type { AgentId } from '../base/ids.ts';
import type { LocalEdit } from './registry-io.ts';

const LIVE = { state: 'up', lastSeenAt: undefined, person: undefined } as const;

function agentsOf(member: RegistryNode): readonly string[] {
  const entries = member.registry.entries(() => LIVE, START);
  return entries.flatMap(({ node, agents }) => agents.map(({ id, title }) => `${node} ${id} ${title}`)).toSorted();
}

/** Two nodes of each of two devices of one person, and a stranger. */
function household(seed: number): { readonly network: RegistryNetwork; readonly writers: RegistryNode[]; readonly stranger: RegistryNode } {
  const network = new RegistryNetwork({ seed, floods: false });
  const person = new TestPerson(7, 2);
  const writers = person.devices.flatMap((device) => [network.add(person, device), network.add(person, device)]);
  return { network, writers, stranger: network.add(new TestPerson(8)) };
}

const AGENTS = ['notes', 'runner', 'search'];
const step = fc.record({
  by: fc.nat(3),
  kind: fc.constantFrom('put', 'put', 'remove', 'node', 'remove-node', 'name', 'deliver', 'deliver'),
  agent: fc.nat(2),
  text: fc.nat(5),
});

describe('edits at the same time', () => {
  it('the same changes in any order give equal views', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 4, maxLength: 18 }), fc.integer(), (script, seed) => {
        const { network, writers, stranger } = household(1);
        const random = new SeededRandom(seed);
        const home = writers[0] as RegistryNode;
        const inbox = new Map<RegistryNode, { readonly bytes: Uint8Array; readonly from: RegistryNode }[]>();
        const everybody = [...writers, stranger];
        for (const member of everybody) inbox.set(member, []);
        const deliverSome = (member: RegistryNode, count: number): void => {
          const waiting = inbox.get(member) ?? [];
          for (let left = count; left > 0 && waiting.length > 0; left--) {
            const [item] = waiting.splice(random.below(waiting.length), 1);
            if (item) network.gossip(member, item.bytes, item.from.node);
          }
        };
        for (const { by, kind, agent, text } of script) {
          const writer = writers[by] as RegistryNode;
          const id = AGENTS[agent] as string;
          const published = writer.outputsOf('publish').length;
          const edits: Record<string, LocalEdit> = {
            put: { type: 'put-agent', node: home.node, agent: testAgent(id, `${id} ${text}`) },
            remove: { type: 'remove-agent', node: home.node, agent: id as AgentId },
            node: { type: 'put-node', node: writer.node, title: `title ${text}` },
            'remove-node': { type: 'remove-node', node: home.node },
            name: { type: 'set-name', name: `name ${text}` },
          };
          const edit = edits[kind];
          if (edit) network.edit(writer, edit);
          else deliverSome(writer, 3);
          for (const { bytes } of writer.outputsOf('publish').slice(published)) {
            for (const other of everybody) if (other !== writer) inbox.get(other)?.push({ bytes, from: writer });
          }
        }
        for (const member of everybody) deliverSome(member, Infinity);
        expect(network.areEqual()).toBe(true);
        const views = new Set(everybody.map((member) => `${agentsOf(member).join()}|${member.registry.nameOf(home.person.id)}`));
        expect(views.size).toBe(1);
        expect(everybody.flatMap((member) => member.outputsOf('misbehaved'))).toEqual([]);
        expect(stranger.registry.sizes().pending).toBe(0);
      }),
      { numRuns: 25 },
    );
  });

  it('an agent that one device adds again while another removes it stays, whatever order they are heard in', () => {
    for (const isRemovalFirst of [true, false]) {
      const { network, writers, stranger } = household(2);
      const [a, , b] = writers as [RegistryNode, RegistryNode, RegistryNode];
      network.edit(a, { type: 'put-agent', node: a.node, agent: testAgent('notes', 'Notes') });
      const first = a.outputsOf('publish').at(-1)!.bytes;
      for (const member of [b, stranger]) network.gossip(member, first, a.node);

      network.edit(a, { type: 'put-agent', node: a.node, agent: testAgent('notes', 'Notes, better') });
      network.edit(b, { type: 'remove-agent', node: a.node, agent: 'notes' as AgentId });
      const addition = a.outputsOf('publish').at(-1)!.bytes;
      const removal = b.outputsOf('publish').at(-1)!.bytes;
      expect(agentsOf(b)).toEqual([]);

      network.gossip(a, removal, b.node);
      network.gossip(b, addition, a.node);
      for (const bytes of isRemovalFirst ? [removal, addition] : [addition, removal]) network.gossip(stranger, bytes, a.node);
      for (const member of [a, b, stranger]) expect(agentsOf(member)).toEqual([`${a.node} notes Notes, better`]);
    }
  });

  it('a removal that saw everything removes', () => {
    const { network, writers } = household(3);
    const [a, , b] = writers as [RegistryNode, RegistryNode, RegistryNode];
    network.connect(a, b);
    network.edit(a, { type: 'put-agent', node: a.node, agent: testAgent('notes') });
    network.edit(a, { type: 'put-agent', node: a.node, agent: testAgent('notes', 'Again') });
    network.run(45_000);
    network.edit(b, { type: 'remove-node', node: a.node });
    network.run(45_000);
    expect(agentsOf(a)).toEqual([]);
    expect(network.areEqual([a, b])).toBe(true);
  });

  it('what is there already is not written again', () => {
    const { network, writers } = household(4);
    const a = writers[0] as RegistryNode;
    for (let time = 0; time < 3; time++) network.edit(a, { type: 'put-agent', node: a.node, agent: testAgent('notes') });
    expect(a.registry.sizes().changes).toBe(1);
  });
});

describe('history and generations', () => {
  it('says which device changed what', () => {
    const { network, writers } = household(5);
    const [a, , b] = writers as [RegistryNode, RegistryNode, RegistryNode];
    network.connect(a, b);
    network.edit(a, { type: 'put-agent', node: a.node, agent: testAgent('notes', 'Notes') });
    network.run(45_000);
    network.edit(b, { type: 'remove-agent', node: a.node, agent: 'notes' as AgentId });
    const items: unknown[] = [];
    b.registry.handle(
      {
        type: 'history',
        person: b.person.id,
        answer: (history) => items.push(...history.map(({ device, written, removed }) => [device, written.length, removed])),
      },
      network.now,
    );
    const job = b.registry.poll();
    if (job?.type !== 'engine') throw new Error('no work for the engine');
    b.registry.handle({ type: 'engine-done', job: job.job, result: network.engine.run(job.work) }, network.now);
    expect(items).toEqual([
      [a.device.id, 1, []],
      [b.device.id, 0, [`agent:${a.node}:notes`]],
    ]);
  });

  it('a long history begins anew on its own, and everybody follows', { timeout: 60_000 }, () => {
    const { network, writers, stranger } = household(6);
    const [a, , b] = writers as [RegistryNode, RegistryNode, RegistryNode];
    network.connect(a, stranger);
    network.connect(stranger, b);
    network.edit(b, { type: 'put-agent', node: b.node, agent: testAgent('search', 'Search') });
    for (let time = 0; time < 300; time++) {
      network.edit(a, { type: 'put-agent', node: a.node, agent: testAgent('notes', `Notes ${time}`) });
      if (time % 20 === 0) network.run(5_000);
    }
    network.run(120_000);
    expect(a.registry.sizes().changes).toBeLessThan(257);
    expect(network.areEqual([a, b, stranger])).toBe(true);
    expect(agentsOf(stranger)).toEqual([`${a.node} notes Notes 299`, `${b.node} search Search`].toSorted());
    expect(network.nodes.flatMap((member) => member.outputsOf('misbehaved'))).toEqual([]);
  });

  it('what a device wrote before it heard of a new generation is written into that one', { timeout: 60_000 }, () => {
    const { network, writers } = household(9);
    const [a, , b] = writers as [RegistryNode, RegistryNode, RegistryNode];
    network.edit(b, { type: 'put-agent', node: b.node, agent: testAgent('search', 'Search') });
    for (let time = 0; time < 260; time++) network.edit(a, { type: 'put-agent', node: a.node, agent: testAgent('notes', `Notes ${time}`) });
    network.connect(a, b);
    network.run(45_000);
    expect(agentsOf(b)).toEqual([`${a.node} notes Notes 259`, `${b.node} search Search`].toSorted());
    expect(agentsOf(a)).toEqual(agentsOf(b));
  });

  it('a node that starts again knows what it knew, and goes on under another actor', () => {
    const { network, writers } = household(10);
    const a = writers[0] as RegistryNode;
    network.edit(a, { type: 'put-agent', node: a.node, agent: testAgent('notes', 'Notes') });
    const again = network.add(a.person, a.device, false);
    network.edit(again, { type: 'put-agent', node: a.node, agent: testAgent('runner', 'Runner') });
    expect(again.registry.sizes().changes).toBe(0);
    for (const bytes of a.stored.values()) network.give(again, { type: 'loaded', bytes });
    network.give(again, { type: 'loaded-all' });
    expect(agentsOf(again)).toEqual([`${a.node} notes Notes`, `${a.node} runner Runner`]);
    network.connect(a, again);
    network.run(2_000);
    expect(agentsOf(a)).toEqual(agentsOf(again));
    expect(a.outputsOf('alarm')).toEqual([]);
  });

  it('a change bears the time that is given', () => {
    const { network, writers } = household(11);
    const a = writers[0] as RegistryNode;
    network.edit(a, { type: 'set-name', name: 'Ada' });
    const times: number[] = [];
    a.registry.handle({ type: 'history', person: a.person.id, answer: (items) => times.push(...items.map(({ at }) => at)) }, network.now);
    const job = a.registry.poll();
    if (job?.type === 'engine') network.give(a, { type: 'engine-done', job: job.job, result: network.engine.run(job.work) });
    expect(times).toEqual([START]);
  });
});
