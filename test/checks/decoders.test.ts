import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { ParleyError } from '../../src/base/errors.ts';
import { readEvent, signEvent } from '../../src/chat/chat-event.ts';
import { readIdentityChain, readDeviceList } from '../../src/crypto/certificates.ts';
import { openIntroduction } from '../../src/crypto/introductions.ts';
import { makeCard, readCard } from '../../src/crypto/peer-card.ts';
import { readClaimFrame } from '../../src/crypto/session-claim.ts';
import { decodeRelayHeader, decodeRoutingMessage, encodeRelayHeader, encodeRoutingMessage } from '../../src/p2p/routing/routing-messages.ts';
import { decodeOpenBody, decodeResetBody, decodeStreamFrames } from '../../src/p2p/streams/stream-frames.ts';
import { decodeBundle, encodeBundle, readProof } from '../../src/registry/bundle.ts';
import { documentIdOf } from '../../src/registry/document-id.ts';
import { readChangeHeader } from '../../src/registry/format/change-header.ts';
import { assertSyncMessage } from '../../src/registry/format/sync-message.ts';
import { decodeLaneMessage, encodeLaneMessage } from '../../src/registry/lane-messages.ts';
import { decodeEntry, encodeEntry } from '../../src/registry/records.ts';
import { decodeSealedChange, encodeSignedChange, openSealedChange } from '../../src/registry/signed-change.ts';
import { readWriters } from '../../src/registry/writers.ts';
import { decodeServerMessage, encodeRelay } from '../../src/transport/signaling-codec.ts';
import { argumentsOf } from '../../src/ui/agents/field-values.ts';
import { argumentsField } from '../../src/ui/agents/schema-fields.ts';
import { initialOf } from '../../src/ui/agents/typed.ts';
import { blocksOf } from '../../src/view/result-blocks.ts';
import { decode, encode } from '../../src/wire/codec.ts';
import { createLocalHello, decodeHello } from '../../src/wire/hello.ts';
import { decodeInvite, encodeInvite } from '../../src/wire/invite.ts';
import { newPrivateNetwork, openNetworkId } from '../../src/wire/networks.ts';
import { Forger } from '../doubles/registry-forger.ts';
import { NETWORK_ID } from '../doubles/registry-network.ts';
import { testAgent, TestPerson } from '../support/registry-people.ts';
import { seededEntropy, seededIdentity } from '../support/seeded-identity.ts';

const NOW = 1_800_000_000_000;
const NETWORK = openNetworkId('test');

const identity = await seededIdentity(1, NOW);
const other = await seededIdentity(2, NOW);
const event = await signEvent(
  { conversation: 'c'.repeat(43), author: identity.person, device: identity.device, time: NOW, depth: 1, parents: [], kind: 'text', text: 'hello' },
  identity.deviceSigner,
);

const forger = new Forger(new TestPerson(1));
const change = forger.sign(forger.name(forger.begin(), 'Ada').change);
const document = documentIdOf(NETWORK_ID, forger.person.id);
const writers = readWriters(forger.person.list(), [forger.person.certificate(forger.device, NOW)], NOW);
const bundle = encodeBundle({ document, generation: 1, writers, proofs: [], changes: [encodeSignedChange(change)] });
const agentKey = `agent:${identity.node}:notes`;

/** JSON whose keys are mostly those of schemas, so that it means something. */
const { anySchema } = fc.letrec((tie) => ({
  anySchema: fc.dictionary(
    fc.constantFrom(
      ...['type', 'properties', 'items', 'anyOf', 'oneOf', 'allOf', 'enum', 'const', 'default', '$ref', 'required', 'title', 'minItems', '__proto__'],
    ),
    fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom('object', 'string', 'array', 'null', 'integer', '#/$defs/anyOf', '#', 'https://example.org/schema'),
      fc.jsonValue({ maxDepth: 2 }),
      fc.array(tie('anySchema'), { maxLength: 4 }),
      tie('anySchema'),
    ),
    { maxKeys: 6 },
  ),
}));

/** Each decoder of a peer's bytes, with one valid message to damage. */
const DECODERS: Readonly<Record<string, { readonly run: (bytes: Uint8Array) => unknown; readonly valid: Uint8Array }>> = {
  'canonical CBOR': { run: (bytes) => decode(bytes), valid: encode([1, 'text', new Uint8Array(3), [true, null]]) },
  hello: { run: decodeHello, valid: createLocalHello(seededEntropy(1)) },
  'identity chain': { run: (bytes) => readIdentityChain(bytes, NOW), valid: identity.chain },
  'device list': { run: readDeviceList, valid: identity.chain },
  'peer card': { run: (bytes) => readCard(bytes, NETWORK, NOW), valid: await makeCard(identity, NETWORK, NOW) },
  introduction: { run: (bytes) => openIntroduction(bytes, other.sealing, other.node, NETWORK), valid: new Uint8Array(200) },
  'chat event': { run: readEvent, valid: event.bytes },
  'stream frames': { run: decodeStreamFrames, valid: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 1) },
  'stream opening': { run: decodeOpenBody, valid: Uint8Array.of(1, 4, 99, 104, 97, 116) },
  'stream reset': { run: decodeResetBody, valid: Uint8Array.of(1) },
  'registry bundle': {
    run: (bytes) => {
      const { list, certificates, changes, proofs } = decodeBundle(bytes);
      readWriters(list, certificates, NOW);
      changes.forEach(openSealedChange);
      for (const proof of proofs) readProof(proof, NETWORK_ID, document);
    },
    valid: bundle,
  },
  'registry proof': {
    run: (bytes) => readProof(bytes, NETWORK_ID, document),
    valid: encode([1, encodeSignedChange(change), encodeSignedChange(change)]),
  },
  'signed change': { run: (bytes) => openSealedChange(decodeSealedChange(bytes)), valid: encodeSignedChange(change) },
  'Automerge change': { run: readChangeHeader, valid: change.bytes },
  'Automerge sync message': { run: assertSyncMessage, valid: Uint8Array.of(0x42, 0, 0, 1, 0, 5, 1, 10, 7, 34, 156, 0, 2, 2, 132) },
  'registry entry': {
    run: (bytes) => decodeEntry(agentKey, bytes),
    valid: encodeEntry({ kind: 'agent', revision: 1, node: identity.node, record: testAgent('notes') }),
  },
  'registry sync': {
    run: decodeLaneMessage,
    valid: encodeLaneMessage({ type: 'sync', document, generation: 1, message: Uint8Array.of(0x42, 0, 0, 0, 0), bundle }),
  },
  'registry summary': {
    run: decodeLaneMessage,
    valid: encodeLaneMessage({
      type: 'summary',
      count: 1,
      digest: 'ab'.repeat(16),
      isComplete: true,
      listed: [{ tag: 'ab'.repeat(8), version: 'cd'.repeat(8) }],
    }),
  },
  'list of links': {
    run: decodeRoutingMessage,
    valid: encodeRoutingMessage({ type: 'links-changed', seq: 2, added: ['AAAAAAAAAAA'], removed: ['AAAAAAAAAAE'] }),
  },
  'question for a path': {
    run: decodeRoutingMessage,
    valid: encodeRoutingMessage({ type: 'find', path: 'AAAAAAAAAAAAAAAAAAAAAA', tag: 'AAAAAAAAAAA', relaysLeft: 1 }),
  },
  'introduction along a path': {
    run: decodeRoutingMessage,
    valid: encodeRoutingMessage({ type: 'along', path: 'AAAAAAAAAAAAAAAAAAAAAA', tag: 'AAAAAAAAAAA', relaysLeft: 1, body: new Uint8Array(40) }),
  },
  'circuit header': { run: decodeRelayHeader, valid: encodeRelayHeader({ path: 'AAAAAAAAAAAAAAAAAAAAAA', tag: 'AAAAAAAAAAA', relaysLeft: 2 }) },
  'claim of a session': { run: readClaimFrame, valid: Uint8Array.of(6, 1, ...new Uint8Array(64)) },
  'signaling message': {
    run: decodeServerMessage,
    valid: encodeRelay(new Uint8Array(32), new Uint8Array(9)),
  },
};

function endsInOrder(run: () => unknown): void {
  try {
    run();
  } catch (thrown) {
    if (!(thrown instanceof ParleyError)) throw thrown;
  }
}

describe('what peers send', () => {
  for (const [name, { run, valid }] of Object.entries(DECODERS)) {
    it(`${name}: any bytes give a value or a typed error`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => endsInOrder(() => run(bytes))),
        { numRuns: 500 },
      );
    });

    it(`${name}: any damage to a valid message does too`, () => {
      const damage = fc.array(fc.tuple(fc.nat(valid.length), fc.nat(255)), { minLength: 1, maxLength: 6 });
      fc.assert(
        fc.property(damage, fc.nat(valid.length), (changes, length) => {
          const bytes = valid.slice(0, length);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          endsInOrder(() => run(bytes));
        }),
        { numRuns: 500 },
      );
    });
  }

  it('any fragment of a URL is an invite or a typed error, and a changed one never passes', () => {
    const valid = encodeInvite(newPrivateNetwork(seededEntropy(1), 'Lab'));
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => endsInOrder(() => decodeInvite(`#/join/${text}`))));
    fc.assert(
      fc.property(fc.integer({ min: 7, max: valid.length - 1 }), fc.constantFrom('A', 'Z', 'a', 'z', '0', '9', '-', '_'), (at, character) => {
        const changed = valid.slice(0, at) + character + valid.slice(at + 1);
        if (changed === valid) return;
        let isTaken = true;
        try {
          decodeInvite(changed);
        } catch {
          isTaken = false;
        }
        if (isTaken) throw new Error(`taken: ${changed}`);
      }),
    );
  });

  it('any schema and any result can be shown', () => {
    fc.assert(
      fc.property(anySchema, fc.jsonValue(), (properties, required) => {
        const field = argumentsField({ type: 'object', properties, required, $defs: properties });
        argumentsOf(field, initialOf(field));
      }),
    );
    fc.assert(fc.property(fc.array(fc.jsonValue({ maxDepth: 3 })), (content) => void blocksOf(content)));
  });
});
