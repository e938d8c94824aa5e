import { createHash } from 'node:crypto';
import type { ErrorCode } from '../../src/base/errors.ts';
import type { NodeId, PersonId } from '../../src/base/ids.ts';
import { WAKE } from '../../src/base/machine.ts';
import { PRESENCE_TOPIC, type GoneReason, type PresenceInput, type PresenceOutput } from '../../src/p2p/presence/presence-io.ts';
import { Presence } from '../../src/p2p/presence/presence.ts';
import { readPresenceItem, type PresenceItem, type PresenceItemReader } from '../../src/p2p/presence/presence-item.ts';
import type { SignatureCheck } from '../../src/ports/keys.ts';
import { openNetworkId } from '../../src/wire/networks.ts';
import type { Member, MemberPart } from './gossip-network.ts';

export const PRESENCE_NETWORK = openNetworkId('simulated');

/** Anybody could make these: for simulations of many nodes, where real signatures would take minutes. */
export function insecureSignature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha512').update(publicKey).update(message).digest());
}

export function insecureVerify({ publicKey, message, signature }: SignatureCheck): boolean {
  return Buffer.compare(insecureSignature(publicKey, message), signature) === 0;
}

/** Nodes in one process share what they read: the same bytes give the same object, and are verified once. */
export class SharedItems {
  readonly #items = new Map<string, PresenceItem>();
  readonly #verified = new WeakMap<SignatureCheck, boolean>();

  readonly read: PresenceItemReader = (bytes, networkId) => {
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    let item = this.#items.get(key);
    if (!item) {
      item = readPresenceItem(bytes, networkId);
      this.#items.set(key, item);
    }
    return item;
  };

  verify(check: SignatureCheck): boolean {
    let valid = this.#verified.get(check);
    if (valid === undefined) {
      valid = insecureVerify(check);
      this.#verified.set(check, valid);
    }
    return valid;
  }
}

/** Presence in a member of the simulated network. */
export class PresencePart implements MemberPart {
  readonly lane = 'presence';
  readonly presence: Presence;
  readonly gone: { readonly node: NodeId; readonly why: GoneReason; readonly at: number }[] = [];
  readonly appeared = new Map<NodeId, number>();
  readonly #member: Member;
  readonly #shared: SharedItems;

  constructor(member: Member, shared: SharedItems, flags = 0) {
    this.#member = member;
    this.#shared = shared;
    const { random, now } = member.network;
    this.presence = new Presence({
      node: member.node,
      person: member.person,
      sealingKey: member.key,
      networkId: PRESENCE_NETWORK,
      flags,
      entropy: { bytes: (length) => random.bytes(length) },
      now,
      readItem: shared.read,
    });
    member.part = this;
  }

  up(node: NodeId, person: PersonId): void {
    this.handle({ type: 'neighbour-up', node, person, kind: 'memory' });
  }

  down(node: NodeId, code: ErrorCode): void {
    this.handle({ type: 'neighbour-down', node, code });
    if (code === 'peer-silent' || code === 'link-lost') this.handle({ type: 'lost', node });
    if (code === 'peer-closed') this.handle({ type: 'said-goodbye', node });
  }

  message(from: NodeId, bytes: Uint8Array): void {
    this.handle({ type: 'message', from, bytes });
  }

  validate(job: number, topic: string, bytes: Uint8Array, from: NodeId): void {
    if (topic === PRESENCE_TOPIC) this.handle({ type: 'item', job, bytes, from });
    else this.#member.verdict(job, this.#member.judge(topic, bytes));
  }

  wake(): void {
    this.presence.handle(WAKE, this.#member.network.now);
    this.#drain();
  }

  nextWakeAt(): number | undefined {
    return this.presence.nextWakeAt();
  }

  handle(input: PresenceInput): void {
    this.presence.handle(input, this.#member.network.now);
    this.#drain();
  }

  #drain(): void {
    for (let output = this.presence.poll(); output; output = this.presence.poll()) this.#act(output);
  }

  #act(output: PresenceOutput): void {
    const { now } = this.#member.network;
    switch (output.type) {
      case 'send':
        return this.#member.send('presence', output.to, output.bytes);
      case 'misbehaved':
        this.#member.offences.push(output);
        return;
      case 'verify':
        return this.presence.handle({ type: 'verified', job: output.job, valid: output.checks.every((check) => this.#shared.verify(check)) }, now);
      case 'sign':
        return this.presence.handle({ type: 'signed', job: output.job, signature: insecureSignature(this.#member.key, output.message) }, now);
      case 'publish':
        return this.#member.publish(PRESENCE_TOPIC, output.bytes);
      case 'verdict':
        return this.#member.verdict(output.job, output.verdict);
      case 'appeared':
        this.appeared.set(output.card.node, now);
        return;
      case 'gone':
        this.gone.push({ node: output.node, why: output.why, at: now });
        return;
      case 'changed':
    }
  }
}
