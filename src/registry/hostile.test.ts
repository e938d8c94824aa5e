import { describe, expect, it } from 'vitest';
import { Forger } from '../../test/doubles/registry-forger.ts';
import { NETWORK_ID, RegistryNetwork, START, type RegistryNode } from '../../test/doubles/registry-network.ts';
import { TestPerson, type TestDevice } from '../../test/support/registry-people.ts';
import { concatBytes, fromHex } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import { sha256 } from '../crypto/hash.ts';
import { deviceListHash } from '../crypto/certificates.ts';
import { encode } from '../wire/codec.ts';
import { encodeBundle } from './bundle.ts';
import { documentIdOf } from './document-id.ts';
import { encodeLaneMessage } from './lane-messages.ts';
import type { SignedChange } from './signed-change.ts';
import { readWriters } from './writers.ts';

/** A node, a neighbour that sends what the test says, and a person whose document it is about. */
function victim(deviceCount = 1) {
  const network = new RegistryNetwork({ seed: 1, floods: false });
  const me = network.add(new TestPerson(1));
  const relay = network.add(new TestPerson(2));
  const person = new TestPerson(3, deviceCount);
  network.connect(me, relay);
  network.run(1_000);
  return { network, me, relay, person, forger: new Forger(person) };
}

function offences(me: RegistryNode): readonly string[] {
  return me.outputsOf('misbehaved').map(({ offence }) => offence);
}

function verdicts(me: RegistryNode): readonly string[] {
  return me.outputsOf('verdict').map(({ verdict }) => verdict);
}

/** A change of one operation, put together by hand: its header is in order, its value is cut off. */
function unreadable(actor: string): Uint8Array {
  const contents = concatBytes(
    fromHex(`0020${actor}0101050000`),
    Uint8Array.of(6, 0x15, 3, 0x34, 1, 0x42, 2, 0x56, 2, 0x57, 1, 0x70, 2),
    fromHex(['7f0161', '01', '7f01', '7f57', '07', '7f00'].join('')),
  );
  const hashed = concatBytes(Uint8Array.of(1, contents.length), contents);
  return concatBytes(fromHex('856f4a83'), sha256(hashed).subarray(0, 4), hashed);
}

describe('a hostile document costs its sender', () => {
  it('bytes that are nothing, and bytes that are too many', () => {
    const { network, me, relay } = victim();
    network.gossip(me, Uint8Array.of(1, 2, 3), relay.node);
    network.gossip(me, new Uint8Array(LIMITS.maxRegistryItemBytes + 1), relay.node);
    expect(offences(me)).toEqual(['malformed', 'malformed']);
    expect(verdicts(me)).toEqual(['reject', 'reject']);
  });

  it('a change without the device’s signature', () => {
    const { network, me, relay, person, forger } = victim();
    const { change } = forger.name(forger.begin(), 'Mallory');
    const thief = new TestPerson(99).devices[0] as TestDevice;
    network.gossip(me, forger.bundle([forger.sign(change, thief.key)]), relay.node);
    expect(offences(me)).toEqual(['invalid']);
    expect(verdicts(me)).toEqual(['reject']);
    expect(me.registry.nameOf(person.id)).toBeUndefined();
    expect(me.outputsOf('engine').filter(({ work }) => work.type === 'apply')).toEqual([]);
  });

  it('a change by somebody else’s device', () => {
    const { network, me, relay, person } = victim();
    const stranger = new TestPerson(98).devices[0] as TestDevice;
    const forger = new Forger(person, stranger);
    const { change } = forger.name(forger.begin(), 'Mallory');
    network.gossip(me, forger.bundle([forger.sign(change)], { devices: person.devices }), relay.node);
    expect(offences(me)).toEqual(['invalid']);
    expect(me.registry.nameOf(person.id)).toBeUndefined();
  });

  it('a change under the actor of another device', () => {
    const { network, me, relay, person } = victim(2);
    const forger = new Forger(person, person.devices[0]);
    const other = new Forger(person, person.devices[1]);
    const { change } = other.name(other.begin(), 'Mallory');
    network.gossip(me, forger.bundle([forger.sign(change)]), relay.node);
    expect(offences(me)).toEqual(['malformed']);
  });

  it('a document under the name of another, and one of another network', () => {
    const { network, me, relay, person, forger } = victim();
    const { change } = forger.name(forger.begin(), 'Mallory');
    const writers = readWriters(person.list(), [person.certificate(forger.device, START)], START);
    for (const document of [documentIdOf(NETWORK_ID, me.person.id), documentIdOf(new Uint8Array(32), person.id)]) {
      network.gossip(me, encodeBundle({ document, generation: 1, writers, proofs: [], changes: [] }), relay.node);
    }
    expect(offences(me)).toEqual(['invalid', 'invalid']);
    expect(change.length).toBeGreaterThan(0);
  });

  it('a signature that was made for another generation', () => {
    const { network, me, relay, forger } = victim();
    const signed = forger.sign(forger.name(forger.begin(), 'Ada').change);
    forger.generation = 2;
    network.gossip(me, forger.bundle([signed]), relay.node);
    expect(offences(me)).toEqual(['invalid']);
  });

  it('a change that inflates is refused before any signature is checked', () => {
    const { network, me, relay, forger } = victim();
    const honest = forger.sign(forger.name(forger.begin(), 'Ada').change);
    const bomb = honest.bytes.slice();
    bomb[8] = 2;
    const checked = me.outputsOf('verify').length;
    network.gossip(me, forger.bundle([{ ...honest, bytes: bomb }]), relay.node);
    expect(offences(me)).toEqual(['malformed']);
    expect(me.outputsOf('verify').length).toBe(checked);
  });

  it('a well signed change that the engine refuses is refused once, and not fetched again', () => {
    const { network, me, relay, forger } = victim();
    const bundle = forger.bundle([forger.sign(unreadable(forger.actor))]);
    network.gossip(me, bundle, relay.node);
    expect(offences(me)).toEqual(['invalid']);
    expect(verdicts(me)).toEqual(['reject']);
    const works = me.outputsOf('engine').length;
    network.gossip(me, bundle, relay.node);
    expect(me.outputsOf('engine').length).toBe(works);
  });

  it('predecessors that never come: what waits is bounded in number and time', () => {
    const { network, me, relay, forger } = victim();
    let doc = forger.name(forger.begin(), 'never sent').doc;
    const changes: SignedChange[] = [];
    for (let index = 0; index < LIMITS.maxPendingChanges + 20; index++) {
      const next = forger.name(doc, `name ${index}`);
      doc = next.doc;
      changes.push(forger.sign(next.change));
    }
    for (const change of changes) {
      network.gossip(me, forger.bundle([change]), relay.node);
      network.run(200);
    }
    expect(me.registry.sizes().pending).toBeLessThanOrEqual(LIMITS.maxPendingChanges);
    network.run(LIMITS.pendingChangeMs + 1_000);
    expect(me.registry.sizes().pending).toBe(0);
    expect(me.registry.sizes().documents).toBe(0);
    expect(offences(me)).toContain('broken-promise');
    expect(new Set(verdicts(me))).toEqual(new Set(['ignore']));
  });

  it('more changes than a person makes are not passed on, and nobody is blamed for relaying them', () => {
    const { network, me, relay, forger } = victim();
    let doc = forger.begin();
    for (let index = 0; index < LIMITS.documentChangesBurst + 10; index++) {
      const next = forger.name(doc, `name ${index}`, index + 1);
      doc = next.doc;
      network.gossip(me, forger.bundle([forger.sign(next.change)]), relay.node);
    }
    expect(verdicts(me).filter((verdict) => verdict === 'accept').length).toBe(LIMITS.documentChangesBurst);
    expect(offences(me)).toEqual([]);
  });

  it('a document that is larger than documents may be is held up to its bound', () => {
    const { network, me, relay, person, forger } = victim();
    let doc = forger.begin();
    const changes: SignedChange[] = [];
    for (let index = 0; index < 9; index++) {
      const next = forger.change(doc, (root) => {
        root[`junk:${index}`] = new Uint8Array(40_000).fill(index);
      });
      doc = next.doc;
      changes.push(forger.sign(next.change));
    }
    network.give(me, { type: 'message', from: relay.node, bytes: encodeLaneMessage({ type: 'documents', bundles: [forger.bundle(changes)] }) });
    expect(me.registry.persons()).toContain(person.id);
    expect(me.registry.sizes().bytes).toBeLessThanOrEqual(LIMITS.maxRegistryDocumentBytes);
  });

  it('too many messages, a document that goes round and round, a listed document that never comes', () => {
    const { network, me, relay } = victim();
    const say = (bytes: Uint8Array): void => network.give(me, { type: 'message', from: relay.node, bytes });
    say(encodeLaneMessage({ type: 'list', buckets: undefined, listed: [{ tag: 'ab'.repeat(8), version: 'cd'.repeat(8) }] }));
    network.run(LIMITS.wantedDocumentMs - 1_000);
    say(encodeLaneMessage({ type: 'want', tags: [] }));
    network.run(2_000);
    expect(offences(me)).toEqual(['broken-promise']);

    network.edit(me, { type: 'set-name', name: 'Ada' });
    const tag = documentIdOf(NETWORK_ID, me.person.id).slice(0, 16);
    for (let round = 0; round < 15; round++) say(encodeLaneMessage({ type: 'want', tags: [tag] }));
    expect(offences(me)).toEqual(['broken-promise', 'flood']);
    const served = me.outputsOf('send').length;
    for (let round = 0; round < 15; round++) say(encodeLaneMessage({ type: 'want', tags: [tag] }));
    expect(me.outputsOf('send').length).toBe(served);
    network.run(61_000);
    for (let count = 0; count < 300; count++) say(encodeLaneMessage({ type: 'want', tags: [] }));
    expect(offences(me)).toEqual(['broken-promise', 'flood', 'flood']);
  });

  it('documents that do not come from a neighbour that says nothing weigh little, and once for all of them', () => {
    const { network, me, relay } = victim();
    const listed = ['ab', 'cd', 'ef'].map((byte) => ({ tag: byte.repeat(8), version: byte.repeat(8) }));
    network.give(me, { type: 'message', from: relay.node, bytes: encodeLaneMessage({ type: 'list', buckets: undefined, listed }) });
    network.run(LIMITS.wantedDocumentMs + 1_000);
    expect(offences(me)).toEqual(['stale']);
  });

  it('a document that is overdue because this node itself was late is no offence, and the next neighbour is asked at once', () => {
    const { network, me, relay } = victim();
    const other = network.add(new TestPerson(4));
    network.connect(me, other);
    network.run(1_000);
    const listed = [{ tag: 'ab'.repeat(8), version: 'cd'.repeat(8) }];
    network.give(me, { type: 'message', from: relay.node, bytes: encodeLaneMessage({ type: 'list', buckets: undefined, listed }) });
    const sent = me.outputsOf('send').length;
    network.now += LIMITS.wantedDocumentMs + LIMITS.lateWakeMs;
    network.run(1);
    expect(offences(me)).toEqual([]);
    expect(
      me
        .outputsOf('send')
        .slice(sent)
        .some(({ to }) => to === other.node),
    ).toBe(true);
  });

  it('documents that a neighbour lists and keeps back: they come from another soon, and are one offence together', () => {
    const { network, me, relay } = victim();
    const other = network.add(new TestPerson(4));
    network.edit(other, { type: 'set-name', name: 'Ada' });
    const tags = [documentIdOf(NETWORK_ID, other.person.id).slice(0, 16), ...Array.from({ length: 9 }, (_, index) => `0${index}`.repeat(8))];
    const listed = tags.map((tag) => ({ tag, version: 'cd'.repeat(8) }));
    network.give(me, { type: 'message', from: relay.node, bytes: encodeLaneMessage({ type: 'list', buckets: undefined, listed }) });
    network.connect(me, other);
    network.run(LIMITS.wantedAgainMs + 1_000);
    expect(me.registry.nameOf(other.person.id)).toBe('Ada');
    network.run(LIMITS.wantedDocumentMs);
    expect(offences(me)).toEqual(['broken-promise']);
  });

  it('sync messages whose filters ask for endless work, and lane messages that are nothing', () => {
    const { network, me, relay, person, forger } = victim();
    const document = documentIdOf(NETWORK_ID, person.id);
    const message = fromHex(`4200000100080${'1'}0affffff7f229c00`);
    const bundle = forger.bundle([]);
    network.give(me, { type: 'message', from: relay.node, bytes: encodeLaneMessage({ type: 'sync', document, generation: 1, message, bundle }) });
    network.give(me, { type: 'message', from: relay.node, bytes: encode([9, 9]) });
    expect(offences(me)).toEqual(['malformed', 'malformed']);
    expect(me.outputsOf('engine').filter(({ work }) => work.type === 'sync')).toEqual([]);
  });
});

describe('a device that signs two different changes under one number', () => {
  function equivocation() {
    const setting = victim(2);
    const { forger } = setting;
    const first = forger.sign(forger.name(forger.begin(), 'Ada').change);
    const second = forger.sign(forger.name(forger.begin(), 'Eve').change);
    return { ...setting, first, second };
  }

  it('loses both and everything else, the proof goes out once, and its relay is not blamed', () => {
    const { network, me, relay, person, forger, first, second } = equivocation();
    network.gossip(me, forger.bundle([first]), relay.node);
    expect(me.registry.nameOf(person.id)).toBe('Ada');
    network.gossip(me, forger.bundle([second]), relay.node);
    expect(me.registry.nameOf(person.id)).toBeUndefined();
    expect(me.outputsOf('publish').length).toBe(1);
    expect(me.outputsOf('alarm').map(({ code }) => code)).toEqual(['bad-signature']);
    network.gossip(me, forger.bundle([first]), relay.node);
    expect(me.registry.nameOf(person.id)).toBeUndefined();
    expect(offences(me)).toEqual([]);
  });

  it('a node that saw one of them believes the proof', () => {
    const { network, me, relay, person, forger, first, second } = equivocation();
    const third = network.add(new TestPerson(5));
    network.gossip(third, forger.bundle([second]), relay.node);
    for (const change of [first, second]) network.gossip(me, forger.bundle([change]), relay.node);
    const proof = me.outputsOf('publish').at(-1)!.bytes;
    network.gossip(third, proof, me.node);
    expect(third.registry.nameOf(person.id)).toBeUndefined();
    expect(verdicts(third)).toEqual(['accept', 'accept']);
    expect(third.outputsOf('publish')).toEqual([]);
  });

  it('two honest changes are no proof', () => {
    const { network, me, relay, person, forger } = victim();
    const one = forger.name(forger.begin(), 'Ada');
    const two = forger.name(one.doc, 'Ada Lovelace', 2);
    const [a, b] = [forger.sign(one.change), forger.sign(two.change)];
    network.gossip(me, forger.bundle([a, b]), relay.node);
    const encoded = [a, b].map((change) => encode([fromHex(change.header.hash), publicKey(forger), change.signature, change.bytes]));
    network.gossip(me, forger.bundle([], { proofs: [encode([1, ...encoded])] }), relay.node);
    expect(offences(me)).toEqual(['malformed']);
    expect(me.registry.nameOf(person.id)).toBe('Ada Lovelace');
  });
});

function publicKey(forger: Forger): Uint8Array {
  return forger.device.key.publicKey;
}

describe('device lists', () => {
  function lists() {
    const setting = victim(2);
    const { person } = setting;
    const [kept, lost] = person.devices as [TestDevice, TestDevice];
    const both = person.list();
    const only = person.list([kept], 2, deviceListHash(both.body));
    return { ...setting, kept, lost, both, only };
  }

  it('a device that was removed writes no more, and what it wrote disappears', () => {
    const { network, me, relay, person, kept, lost, both, only } = lists();
    const thief = new Forger(person, lost);
    const owner = new Forger(person, kept);
    const stolen = thief.name(thief.begin(), 'Eve', 5);
    network.gossip(me, thief.bundle([thief.sign(stolen.change)], { list: both }), relay.node);
    expect(me.registry.nameOf(person.id)).toBe('Eve');
    network.gossip(me, owner.bundle([owner.sign(owner.name(owner.begin(), 'Ada').change)], { list: only }), relay.node);
    expect(me.registry.nameOf(person.id)).toBe('Ada');
    const more = thief.name(stolen.doc, 'Eve again', 6);
    network.gossip(me, thief.bundle([thief.sign(more.change)], { list: both }), relay.node);
    expect(me.registry.nameOf(person.id)).toBe('Ada');
    expect(verdicts(me).at(-1)).toBe('ignore');
    expect(offences(me)).toEqual([]);
  });

  it('an older list changes nothing; a rival of the present one raises an alarm and blames nobody', () => {
    const { network, me, relay, person, kept, lost, both, only } = lists();
    const owner = new Forger(person, kept);
    network.gossip(me, owner.bundle([owner.sign(owner.name(owner.begin(), 'Ada').change)], { list: only }), relay.node);
    network.gossip(me, owner.bundle([], { list: both }), relay.node);
    expect(me.outputsOf('alarm')).toEqual([]);

    const rival = person.list([lost], 2, deviceListHash(both.body));
    const thief = new Forger(person, lost);
    network.gossip(me, thief.bundle([thief.sign(thief.name(thief.begin(), 'Eve', 9).change)], { list: rival }), relay.node);
    expect(me.registry.nameOf(person.id)).toBe('Ada');
    expect(me.outputsOf('alarm').map(({ code }) => code)).toEqual(['device-list-conflict']);
    expect(offences(me)).toEqual([]);
  });

  it('a list that somebody else signed is refused', () => {
    const { network, me, relay, person, forger } = victim();
    const list = { body: person.list().body, signature: new TestPerson(50).list().signature };
    network.gossip(me, forger.bundle([forger.sign(forger.name(forger.begin(), 'Eve').change)], { list }), relay.node);
    expect(offences(me)).toEqual(['invalid']);
  });

  it('a document whose certificates ran out is dropped by everybody', () => {
    const { network, me, relay, person, forger } = victim();
    network.gossip(me, forger.bundle([forger.sign(forger.name(forger.begin(), 'Ada').change)]), relay.node);
    expect(me.registry.nameOf(person.id)).toBe('Ada');
    network.disconnect(me, relay);
    network.run(91 * 86_400_000);
    expect(me.registry.persons()).not.toContain(person.id);
    expect(me.stored.size).toBe(0);
  });
});
