import { toBase64url, utf8 } from '../base/bytes.ts';
import { Emitter } from '../base/emitter.ts';
import type { AgentAddress } from '../base/ids.ts';
import { ParleyError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { sha256 } from '../crypto/hash.ts';
import type { Clock } from '../ports/clock.ts';
import type { Records, Table } from '../ports/records.ts';
import { canonicalJson } from './canonical-json.ts';

export type DefinitionKind = 'tool' | 'prompt' | 'template' | 'instructions';
const KINDS = 4;
/** Something that an agent says of itself, as it came. */
export type Definition = { readonly kind: DefinitionKind; readonly name: string; readonly value: unknown };

export type PinnedDefinition = {
  readonly kind: DefinitionKind;
  readonly name: string;
  /** SHA-256 over the canonical JSON, base64url. */
  readonly hash: string;
  /** The canonical JSON, cut where it is longer than a person would read. */
  readonly json: string;
};

/** A definition that is not the one that was pinned; `before` is absent for one that was not there. */
export type DefinitionChange = { readonly before?: PinnedDefinition; readonly after: PinnedDefinition };

/** `met`: the kinds that were compared once; what comes to one of them later is new. */
type Pins = { readonly seenAt: number; readonly met: readonly DefinitionKind[]; readonly pinned: readonly PinnedDefinition[] };

/**
 * What agents said of themselves when they were first met. What they say differently afterwards is held back, and cannot be called, until the
 * person has accepted it.
 */
export class DefinitionPins {
  readonly #table: Table<Pins>;
  readonly #clock: Clock;
  readonly #events = new Emitter<{ changed: AgentAddress }>();
  /** What is offered now and was not accepted, by agent. */
  readonly #changes = new Map<AgentAddress, ReadonlyMap<string, DefinitionChange>>();

  constructor(records: Records, clock: Clock) {
    this.#table = records.table<Pins>('definitions');
    this.#clock = clock;
  }

  onChanged(listener: (address: AgentAddress) => void): () => void {
    return this.#events.on('changed', listener);
  }

  /** Compares the definitions of one kind (or several) with those that were pinned; at the first meeting they all are. @throws ParleyError `too-large` when there are more than can be pinned, or a storage code */
  async check(address: AgentAddress, kinds: readonly DefinitionKind[], definitions: readonly Definition[]): Promise<void> {
    if (definitions.length > LIMITS.maxPinnedDefinitions)
      throw new ParleyError('too-large', `The agent describes more than ${LIMITS.maxPinnedDefinitions} things of a kind.`);
    const offered = definitions.map(pinOf);
    const before = await this.#table.get(address);
    const known = new Map(before?.pinned.map((pin) => [keyOf(pin), pin]));
    const isFirst = ({ kind }: PinnedDefinition): boolean => !before?.met.includes(kind);
    const different = offered.filter((after) => known.get(keyOf(after))?.hash !== after.hash && !isFirst(after));
    if (kinds.some((kind) => !before?.met.includes(kind))) await this.#pin(address, kinds, offered.filter(isFirst));
    const changes = new Map<string, DefinitionChange>();
    for (const [key, change] of this.#changes.get(address) ?? []) if (!kinds.includes(change.after.kind)) changes.set(key, change);
    for (const after of different) {
      const pin = known.get(keyOf(after));
      changes.set(keyOf(after), { ...(pin ? { before: pin } : {}), after });
    }
    this.#set(address, changes);
  }

  changes(address: AgentAddress): readonly DefinitionChange[] {
    return [...(this.#changes.get(address)?.values() ?? [])];
  }

  isHeldBack(address: AgentAddress, kind: DefinitionKind, name: string): boolean {
    return this.#changes.get(address)?.has(keyOf({ kind, name })) ?? false;
  }

  /** The person has seen the changes and takes these, and only these, for good. */
  async accept(address: AgentAddress, accepted: readonly DefinitionChange[]): Promise<void> {
    await this.#pin(
      address,
      [],
      accepted.map(({ after }) => after),
    );
    const left = new Map(this.#changes.get(address));
    for (const { after } of accepted) if (left.get(keyOf(after))?.after.hash === after.hash) left.delete(keyOf(after));
    this.#set(address, left);
  }

  #set(address: AgentAddress, changes: ReadonlyMap<string, DefinitionChange>): void {
    const before = this.#changes.get(address);
    if (changes.size > 0) this.#changes.set(address, changes);
    else this.#changes.delete(address);
    if (changes.size > 0 || (before && before.size > 0)) this.#events.emit('changed', address);
  }

  async #pin(address: AgentAddress, kinds: readonly DefinitionKind[], definitions: readonly PinnedDefinition[]): Promise<void> {
    await this.#makeRoom(address);
    await this.#table.update(address, (before) => {
      const pinned = new Map(before?.pinned.map((pin) => [keyOf(pin), pin]));
      for (const definition of definitions) pinned.set(keyOf(definition), definition);
      return {
        seenAt: this.#clock.now(),
        met: [...new Set([...(before?.met ?? []), ...kinds])],
        pinned: withinRoom([...pinned.values()]),
      };
    });
  }

  async #makeRoom(address: AgentAddress): Promise<void> {
    const all = await this.#table.all();
    if (all.has(address) || all.size < LIMITS.maxPinnedAgents) return;
    const oldest = [...all].sort(([, a], [, b]) => a.seenAt - b.seenAt).slice(0, all.size - LIMITS.maxPinnedAgents + 1);
    for (const [key] of oldest) await this.#table.delete(key);
  }
}

function pinOf({ kind, name, value }: Definition): PinnedDefinition {
  const json = canonicalJson(withoutMeta(value));
  return { kind, name, hash: toBase64url(sha256(utf8(json))), json: json.slice(0, LIMITS.maxPinnedJsonLength) };
}

/** The newest ones, and of them as much text as there is room for; the hashes are what counts. */
function withinRoom(pinned: readonly PinnedDefinition[]): readonly PinnedDefinition[] {
  let room: number = LIMITS.maxPinnedAgentJsonLength;
  return pinned
    .slice(-KINDS * LIMITS.maxPinnedDefinitions)
    .toReversed()
    .map((pin) => ((room -= pin.json.length) >= 0 ? pin : { ...pin, json: '' }))
    .toReversed();
}

/** Metadata is left out, except for what names a user interface: it may differ from one list to the next. */
function withoutMeta(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('_meta' in value)) return value;
  const { _meta: meta, ...rest } = value as { readonly _meta?: { readonly ui?: unknown } };
  return meta?.ui === undefined ? rest : { ...rest, _meta: { ui: meta.ui } };
}

function keyOf({ kind, name }: Pick<PinnedDefinition, 'kind' | 'name'>): string {
  return `${kind} ${name}`;
}
