import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { ParleyError } from '../../src/base/errors.ts';
import { readEvent, signEvent } from '../../src/chat/chat-event.ts';
import { readIdentityChain, readDeviceList } from '../../src/crypto/certificates.ts';
import { openIntroduction } from '../../src/crypto/introductions.ts';
import { makeCard, readCard } from '../../src/crypto/peer-card.ts';
import { decodeOpenBody, decodeResetBody, decodeStreamFrames } from '../../src/p2p/streams/stream-frames.ts';
import { decodeServerMessage, encodeRelay } from '../../src/transport/signaling-codec.ts';
import { argumentsOf, initialOf } from '../../src/ui/agents/field-values.ts';
import { argumentsField } from '../../src/ui/agents/schema-fields.ts';
import { blocksOf } from '../../src/view/result-blocks.ts';
import { decode, encode } from '../../src/wire/codec.ts';
import { createLocalHello, decodeHello } from '../../src/wire/hello.ts';
import { decodeInvite, encodeInvite } from '../../src/wire/invite.ts';
import { newPrivateNetwork, openNetworkId } from '../../src/wire/networks.ts';
import { seededEntropy, seededIdentity } from '../support/seeded-identity.ts';

const NOW = 1_800_000_000_000;
const NETWORK = openNetworkId('test');

const identity = await seededIdentity(1, NOW);
const other = await seededIdentity(2, NOW);
const event = await signEvent(
  { conversation: 'c'.repeat(43), author: identity.person, device: identity.device, time: NOW, depth: 1, parents: [], kind: 'text', text: 'hello' },
  identity.deviceSigner,
);

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
  'peer card': { run: (bytes) => readCard(bytes, NOW), valid: await makeCard(identity, NOW) },
  introduction: { run: (bytes) => openIntroduction(bytes, other.sealing, other.node, NETWORK), valid: new Uint8Array(200) },
  'chat event': { run: readEvent, valid: event.bytes },
  'stream frames': { run: decodeStreamFrames, valid: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 1) },
  'stream opening': { run: decodeOpenBody, valid: Uint8Array.of(1, 4, 99, 104, 97, 116) },
  'stream reset': { run: decodeResetBody, valid: Uint8Array.of(1) },
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
