import { nodeIdOf, personIdOf, publicKeyOf, type NodeId } from '../../src/base/ids.ts';
import { WAKE } from '../../src/base/machine.ts';
import { cardToSign, joinCard, type CardContent, type PeerCard } from '../../src/crypto/peer-card.ts';
import type { GossipVerdict } from '../../src/p2p/gossip/gossip.ts';
import type { Offence } from '../../src/p2p/neighbours.ts';
import type { PresenceInput } from '../../src/p2p/presence/presence-io.ts';
import { encodeNotice, noticeMessage, readPresenceItem } from '../../src/p2p/presence/presence-item.ts';
import { decodePresenceMessage, encodePresenceMessage, type PresenceMessage } from '../../src/p2p/presence/presence-messages.ts';
import { Presence } from '../../src/p2p/presence/presence.ts';
import type { LinkKind } from '../../src/ports/link.ts';
import { insecureSignature, insecureVerify, PRESENCE_NETWORK } from '../doubles/presence-part.ts';
import { seededEntropy } from './seeded-identity.ts';

export const START = 1_800_000_000_000;
export const HOUR = 3_600_000;
export const ME = 200;

export function key(index: number): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? index & 0xff : at === 1 ? index >> 8 : 7));
}
export function node(index: number): NodeId {
  return nodeIdOf(key(index));
}

export function cardOf(index: number, issuedAt: number, changes: Partial<CardContent> = {}): Uint8Array {
  const content = {
    node: node(index),
    person: personIdOf(key(index)),
    sealingKey: key(index),
    issuedAt,
    expiresAt: issuedAt + HOUR,
    flags: 0,
    ...changes,
  };
  const { body, message } = cardToSign(content, PRESENCE_NETWORK);
  return Uint8Array.from(joinCard(body, insecureSignature(key(index), message)));
}

export function goodbyeOf(index: number, issuedAt: number): Uint8Array {
  return cardOf(index, issuedAt, { expiresAt: issuedAt });
}

export function noticeOf(index: number, issuedAt: number, witness: number): Uint8Array {
  const notice = { node: node(index), issuedAt, witness: node(witness) };
  return Uint8Array.from(encodeNotice(notice, insecureSignature(key(witness), noticeMessage(notice, PRESENCE_NETWORK))));
}

/** One machine; its neighbours and its gossip are the test. */
export class Bench {
  now = START;
  readonly presence: Presence;
  readonly sent: { readonly to: NodeId; readonly message: PresenceMessage }[] = [];
  readonly published: Uint8Array[] = [];
  readonly offences: { readonly node: NodeId; readonly offence: Offence }[] = [];
  readonly events: string[] = [];
  readonly verdicts: GossipVerdict[] = [];
  verifications = 0;
  readonly #key: Uint8Array;

  constructor(neighbours: number, me = ME) {
    this.#key = key(me);
    const facts = { node: node(me), person: personIdOf(key(me)), sealingKey: key(me), networkId: PRESENCE_NETWORK };
    this.presence = new Presence({ ...facts, flags: 0, entropy: seededEntropy(1), now: this.now });
    for (let index = 0; index < neighbours; index++) this.up(index);
    this.pass(1_000);
    this.published.length = 0;
    this.sent.length = 0;
  }

  up(index: number, kind: LinkKind = 'memory'): void {
    this.handle({ type: 'neighbour-up', node: node(index), person: personIdOf(key(index)), kind });
  }

  down(index: number): void {
    this.handle({ type: 'neighbour-down', node: node(index), code: 'peer-silent' });
  }

  /** By gossip; answers the verdict. */
  item(from: number, bytes: Uint8Array): GossipVerdict | undefined {
    this.handle({ type: 'item', job: 0, bytes, from: node(from) });
    return this.verdicts.pop();
  }

  /** Two neighbours tell of it: one alone is believed a few nodes only. */
  twoTell(bytes: Uint8Array): void {
    this.item(0, bytes);
    this.item(1, bytes);
  }

  message(from: number, message: PresenceMessage): void {
    this.handle({ type: 'message', from: node(from), bytes: encodePresenceMessage(message) });
  }

  handle(input: PresenceInput): void {
    this.presence.handle(input, this.now);
    this.#drain();
  }

  pass(ms: number): void {
    const until = this.now + ms;
    for (let at = this.presence.nextWakeAt(); at !== undefined && at <= until; at = this.presence.nextWakeAt()) {
      this.now = Math.max(this.now, at);
      this.presence.handle(WAKE, this.now);
      this.#drain();
    }
    this.now = until;
  }

  takeEvents(): readonly string[] {
    return this.events.splice(0);
  }

  has(index: number): boolean {
    return this.presence.get(node(index)) !== undefined;
  }

  own(): Pick<PeerCard, 'issuedAt' | 'expiresAt' | 'flags' | 'hostUrls'> {
    const item = readPresenceItem(this.presence.ownCard() as Uint8Array, PRESENCE_NETWORK);
    return item.type === 'card' ? item.card : { issuedAt: 0, expiresAt: 0, flags: 0 };
  }

  #drain(): void {
    for (let output = this.presence.poll(); output; output = this.presence.poll()) {
      if (output.type === 'send') this.sent.push({ to: output.to, message: decodePresenceMessage(output.bytes) });
      else if (output.type === 'publish') this.published.push(output.bytes);
      else if (output.type === 'misbehaved') this.offences.push(output);
      else if (output.type === 'verdict') this.verdicts.push(output.verdict);
      else if (output.type === 'gone') this.events.push(`gone ${publicKeyOf(output.node)[0]} ${output.why}`);
      else if (output.type === 'sign') {
        this.presence.handle({ type: 'signed', job: output.job, signature: insecureSignature(this.#key, output.message) }, this.now);
      } else if (output.type === 'verify') {
        this.verifications++;
        this.presence.handle({ type: 'verified', job: output.job, valid: output.checks.every(insecureVerify) }, this.now);
      } else this.events.push(`${output.type} ${publicKeyOf(output.card.node)[0]}`);
    }
  }
}
