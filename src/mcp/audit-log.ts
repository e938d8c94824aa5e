import { BoundedMap } from '../base/bounded-map.ts';
import { toBase64url, utf8 } from '../base/bytes.ts';
import { Emitter } from '../base/emitter.ts';
import { agentAddress, type AgentAddress, type NodeId, type PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { sha256 } from '../crypto/hash.ts';
import type { Clock } from '../ports/clock.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { Records, Table } from '../ports/records.ts';
import type { ServedCall } from './agent-host.ts';
import { canonicalJson } from './canonical-json.ts';
import type { CallKind, CallOutcome } from './incoming-call.ts';
import type { SignedBatch } from './receipts.ts';

/** One call, into an agent of mine (`in`) or by me (`out`). */
export type AuditEntry = {
  readonly id: string;
  readonly at: number;
  readonly direction: 'in' | 'out';
  readonly address: AgentAddress;
  readonly agentTitle: string;
  /** Who called; for calls of mine, whose agent it is. */
  readonly person: PersonId | undefined;
  readonly kind: CallKind;
  readonly tool: string;
  /** The caller was a host with clients that reach it unencrypted: {@link IncomingCall.hasPlaintextClients}. */
  readonly hasPlaintextClients?: true;
  /** Canonical JSON, cut where it is long. */
  readonly arguments: string;
  /** What the caller's receipt is about: {@link callHash}. */
  readonly hash: string;
  readonly outcome: CallOutcome | 'failed';
  readonly tookMs?: number;
  /** The end of what came back, as JSON, cut where it is long. */
  readonly answer?: string;
  /** How many calls of the same kind in a row this line stands for. */
  readonly count: number;
  readonly callReceipt?: SignedBatch;
  readonly answerReceipt?: SignedBatch;
};

export type NewAuditEntry = Omit<AuditEntry, 'id' | 'arguments' | 'hash' | 'answer' | 'count' | 'callReceipt' | 'answerReceipt'> & {
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly answer?: unknown;
};

type Segment = { readonly startedAt: number; readonly entries: readonly AuditEntry[] };
type OpenSegment = { readonly key: string; readonly startedAt: number; readonly entries: AuditEntry[]; isDirty: boolean; isStored: boolean };
type Receipts = Pick<AuditEntry, 'callReceipt' | 'answerReceipt'>;
type About = Pick<AuditEntry, 'direction' | 'address' | 'hash'>;

/** Lines of a flood say the same: they are counted, so that nothing else is pushed out by them. */
const COUNTED: ReadonlySet<AuditEntry['outcome']> = new Set(['rate-limited', 'overloaded']);

/** SHA-256 of what was called with what, base64url. */
export function callHash(tool: string, args: unknown): string {
  return toBase64url(sha256(utf8(canonicalJson([tool, args]))));
}

/**
 * What was called, by whom, with what result and what proof. Kept in segments of one run each, so that tabs write beside each other and a call
 * costs no more than its share of one write; the oldest segments go.
 */
export class AuditLog {
  readonly #table: Table<Segment>;
  readonly #clock: Clock;
  readonly #entropy: Entropy;
  readonly #events = new Emitter<{ changed: undefined }>();
  /** The one that is written into, and the one before: its last calls may still get their receipts. */
  #segments: readonly OpenSegment[] = [];
  /** Receipts of calls that have no entry yet. */
  readonly #early = new BoundedMap<string, readonly Receipts[]>(LIMITS.maxReceiptBatch);
  #writing: Promise<void> | undefined;
  #nextId = 1;

  constructor(records: Records, clock: Clock, entropy: Entropy) {
    this.#table = records.table<Segment>('audit');
    this.#clock = clock;
    this.#entropy = entropy;
    records.onForeignChange((name) => name === 'audit' && this.#events.emit('changed', undefined));
  }

  onChanged(listener: () => void): () => void {
    return this.#events.on('changed', listener);
  }

  add(entry: NewAuditEntry): void {
    if (COUNTED.has(entry.outcome) && this.#countIn(entry)) return this.#changed();
    const { arguments: args, answer, ...rest } = entry;
    const segment = this.#open();
    const line: AuditEntry = {
      ...rest,
      id: `${segment.key}/${this.#nextId++}`,
      tool: entry.tool.slice(0, LIMITS.maxAuditNameLength),
      arguments: cut(canonicalJson(args)),
      hash: callHash(entry.tool, args),
      count: 1,
      ...(answer === undefined ? {} : { answer: cut(JSON.stringify(answer) ?? '') }),
    };
    const early = this.#early.get(aboutKey(line)) ?? [];
    this.#early.delete(aboutKey(line));
    segment.entries.push(Object.assign(line, ...early));
    segment.isDirty = true;
    this.#changed();
  }

  /** A call of somebody else into an agent of this node. */
  addServed(node: NodeId, { call, outcome, tookMs, answer }: ServedCall): void {
    const { agent, caller, kind, tool, arguments: args, hasPlaintextClients } = call;
    const result = answer && ('result' in answer ? answer.result : 'error' in answer ? answer.error : undefined);
    this.add({
      at: this.#clock.now() - tookMs,
      tookMs,
      direction: 'in',
      address: agentAddress(node, agent.id),
      agentTitle: agent.title,
      person: caller.person,
      kind,
      tool,
      arguments: args,
      outcome,
      ...(hasPlaintextClients ? { hasPlaintextClients } : {}),
      ...(result === undefined ? {} : { answer: result }),
    });
  }

  /** Puts a signature to the oldest call at hand that it is about and that has none of this sort, or to the next such call that is added. */
  attach(about: About, receipt: Receipts): void {
    const sort = receipt.callReceipt ? 'callReceipt' : 'answerReceipt';
    const isIt = (entry: AuditEntry): boolean => aboutKey(entry) === aboutKey(about) && entry[sort] === undefined;
    for (const segment of this.#segments) {
      const index = segment.entries.findIndex(isIt);
      if (index < 0) continue;
      segment.entries[index] = { ...(segment.entries[index] as AuditEntry), ...receipt };
      segment.isDirty = true;
      return this.#changed();
    }
    this.#early.set(aboutKey(about), [...(this.#early.get(aboutKey(about)) ?? []), receipt].slice(-2));
  }

  /** All entries that are kept, of all tabs, newest first. */
  async all(): Promise<readonly AuditEntry[]> {
    await this.stored();
    const segments = await this.#table.all();
    return [...segments.values()].flatMap(({ entries }) => entries).sort((a, b) => b.at - a.at);
  }

  async clear(): Promise<void> {
    await this.stored();
    this.#segments = [];
    for (const key of (await this.#table.all()).keys()) await this.#table.delete(key);
    this.#events.emit('changed', undefined);
  }

  /** Resolves when what was added so far is stored. */
  async stored(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  #countIn({ direction, address, person, outcome, at }: NewAuditEntry): boolean {
    const isSame = (entry: AuditEntry): boolean =>
      entry.outcome === outcome &&
      entry.direction === direction &&
      entry.address === address &&
      entry.person === person &&
      at - entry.at < LIMITS.auditCountMs;
    for (const segment of this.#segments) {
      const index = segment.entries.findLastIndex(isSame);
      const entry = segment.entries[index];
      if (!entry) continue;
      segment.entries[index] = { ...entry, count: entry.count + 1 };
      segment.isDirty = true;
      return true;
    }
    return false;
  }

  #open(): OpenSegment {
    const last = this.#segments.at(-1);
    if (last && last.entries.length < LIMITS.auditSegmentEntries) return last;
    const startedAt = this.#clock.now();
    const key = `${startedAt.toString(36)}-${toBase64url(this.#entropy.bytes(6))}`;
    const segment: OpenSegment = { key, startedAt, entries: [], isDirty: true, isStored: false };
    this.#segments = [...(last ? [last] : []), segment];
    return segment;
  }

  #changed(): void {
    this.#events.emit('changed', undefined);
    this.#writing ??= this.#write();
  }

  /** What is added while one write is under way goes into the next. */
  async #write(): Promise<void> {
    await Promise.resolve();
    try {
      for (let segment = this.#dirty(); segment; segment = this.#dirty()) {
        segment.isDirty = false;
        await this.#table.put(segment.key, { startedAt: segment.startedAt, entries: [...segment.entries] });
        if (!segment.isStored) await this.#dropOldest();
        segment.isStored = true;
      }
    } catch {
      // A log that cannot be written stops no call; what is in memory goes with the next try.
      for (const segment of this.#segments) segment.isDirty = true;
    }
    this.#writing = undefined;
  }

  #dirty(): OpenSegment | undefined {
    return this.#segments.find(({ isDirty }) => isDirty);
  }

  async #dropOldest(): Promise<void> {
    const all = [...(await this.#table.all())].sort(([, a], [, b]) => a.startedAt - b.startedAt);
    for (const [key] of all.slice(0, Math.max(0, all.length - LIMITS.maxAuditSegments))) await this.#table.delete(key);
  }
}

function aboutKey({ direction, address, hash }: About): string {
  return `${direction} ${address} ${hash}`;
}

function cut(json: string): string {
  return json.length <= LIMITS.maxAuditJsonLength ? json : `${json.slice(0, LIMITS.maxAuditJsonLength)}…`;
}
