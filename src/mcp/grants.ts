import { toBase64url, utf8 } from '../base/bytes.ts';
import { Emitter } from '../base/emitter.ts';
import type { AgentId, PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { sha256 } from '../crypto/hash.ts';
import type { Clock } from '../ports/clock.ts';
import type { Records, Table } from '../ports/records.ts';
import type { CallKind, IncomingCall } from './incoming-call.ts';

/**
 * Leave for one person to call one tool of one agent, as the tool is defined now, until it expires or is taken back. For resources it covers
 * reading what the agent offers; for prompts and extensions the one that was asked for. With a conversation, only calls that are made in it.
 */
export type Grant = {
  readonly id: string;
  readonly person: PersonId;
  readonly agent: AgentId;
  readonly kind: CallKind;
  /** Empty for resources. */
  readonly tool: string;
  /** SHA-256 of the tool's or prompt's definition, base64url; another definition needs another grant. Empty where there is none. */
  readonly definition: string;
  readonly conversation?: string;
  readonly grantedAt: number;
  readonly expiresAt: number;
};

/** The grants of this node's owner, kept in storage and the same in all tabs of the browser. */
export class Grants {
  readonly #table: Table<Grant>;
  readonly #clock: Clock;
  readonly #events = new Emitter<{ changed: undefined; revoked: string }>();

  constructor(records: Records, clock: Clock) {
    this.#table = records.table<Grant>('grants');
    this.#clock = clock;
    records.onForeignChange((name, key) => {
      if (name !== 'grants') return;
      this.#events.emit('changed', undefined);
      if (key !== undefined) void this.#goneElsewhere(key);
    });
  }

  /** A grant that covers the call now. */
  async find(call: IncomingCall, definition: string): Promise<Grant | undefined> {
    const { conversation } = call.origin ?? {};
    const ids = [grantId(call), ...(conversation === undefined ? [] : [grantId(call, conversation)])];
    const grants = await Promise.all(ids.map((id) => this.#table.get(id)));
    return grants.find((grant) => isGrant(grant) && grant.expiresAt > this.#clock.now() && grant.definition === definition);
  }

  /** `conversation`: only for calls that are made in it. */
  async add(call: IncomingCall, definition: string, lifetimeMs: number, conversation?: string): Promise<Grant> {
    const now = this.#clock.now();
    const grant: Grant = {
      id: grantId(call, conversation),
      person: call.caller.person,
      agent: call.agent.id,
      kind: call.kind,
      tool: scopeOf(call),
      definition,
      ...(conversation === undefined ? {} : { conversation }),
      grantedAt: now,
      expiresAt: now + lifetimeMs,
    };
    await this.#makeRoom();
    await this.#table.put(grant.id, grant);
    this.#events.emit('changed', undefined);
    return grant;
  }

  /** Those that hold, newest first. */
  async list(): Promise<readonly Grant[]> {
    const now = this.#clock.now();
    const all = [...(await this.#table.all()).values()].filter((grant) => isGrant(grant) && grant.expiresAt > now);
    return all.sort((a, b) => b.grantedAt - a.grantedAt);
  }

  /** Takes a grant back; calls that run by it are told by `revoked` before storage is asked. */
  async revoke(id: string): Promise<void> {
    this.#events.emit('revoked', id);
    await this.#table.delete(id);
    this.#events.emit('changed', undefined);
  }

  async revokeAllOf(agent: AgentId): Promise<void> {
    for (const grant of await this.list()) if (grant.agent === agent) await this.revoke(grant.id);
  }

  on(name: 'changed', listener: () => void): () => void;
  on(name: 'revoked', listener: (id: string) => void): () => void;
  on(name: 'changed' | 'revoked', listener: (id: string) => void): () => void {
    return this.#events.on(name, (id) => listener(id ?? ''));
  }

  async #goneElsewhere(key: string): Promise<void> {
    // What cannot be read is taken as gone.
    if ((await this.#table.get(key).catch(() => undefined)) === undefined) this.#events.emit('revoked', key);
  }

  /** Damaged and expired ones go first, then the oldest. */
  async #makeRoom(): Promise<void> {
    const all = [...(await this.#table.all())];
    if (all.length < LIMITS.maxGrants) return;
    const now = this.#clock.now();
    const rank = (grant: Grant): number => (isGrant(grant) && grant.expiresAt > now ? grant.grantedAt : 0);
    const oldest = all.sort(([, a], [, b]) => rank(a) - rank(b)).slice(0, all.length - LIMITS.maxGrants + 1);
    for (const [key] of oldest) await this.#table.delete(key);
  }
}

/** Names are a peer's text of any length: hashed. */
export function grantId(call: IncomingCall, conversation?: string): string {
  const scope = [call.caller.person, call.agent.id, call.kind, scopeOf(call), ...(conversation === undefined ? [] : [conversation])];
  return toBase64url(sha256(utf8(JSON.stringify(scope))));
}

function scopeOf({ kind, tool }: IncomingCall): string {
  return kind === 'resource' ? '' : tool;
}

/** Grants of earlier versions had no end and named no kind: they allow nothing any more. */
function isGrant(grant: Grant | undefined): grant is Grant {
  return typeof grant?.expiresAt === 'number' && typeof grant.kind === 'string' && typeof grant.definition === 'string';
}
