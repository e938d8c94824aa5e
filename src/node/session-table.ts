import { equalBytes } from '../base/bytes.ts';
import type { NodeId } from '../base/ids.ts';
import type { ProvenIdentity } from '../crypto/channel.ts';
import type { LinkKind } from '../ports/link.ts';
import type { Connection } from './connection.ts';

/** `kind` is that of the link which carries it now, `via` the relay next to this end where that is a circuit: then a faster path is looked for at `compareAt`. */
export type KnownConnection = {
  readonly machine: Connection;
  kind: LinkKind;
  via: NodeId | undefined;
  wakeAt: number | undefined;
  compareAt: number | undefined;
};

/** Two sessions of the same two nodes that are this young were dialled at the same time; older ones are a peer that came back. */
const SIMULTANEOUS_MS = 5_000;

/** The node was started anew: its session from before leads to nobody. */
function isOfEarlierRun({ identity: older }: Connection, { identity: newer }: Connection): boolean {
  return older !== undefined && newer !== undefined && !equalBytes(older.run, newer.run);
}

/** The connections of a node, and for each other node the one that counts: its session. */
export class SessionTable {
  readonly #me: NodeId;
  /** Each connection has the number of its first link; it may move to others. */
  readonly #connections = new Map<number, KnownConnection>();
  readonly #sessions = new Map<NodeId, number>();

  constructor(me: NodeId) {
    this.#me = me;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  connections(): Iterable<[number, KnownConnection]> {
    return this.#connections;
  }

  /** The nodes with a session, each with its connection. */
  sessions(): Iterable<[NodeId, number]> {
    return this.#sessions;
  }

  get(connection: number): KnownConnection | undefined {
    return this.#connections.get(connection);
  }

  add(connection: number, machine: Connection, kind: LinkKind, via: NodeId | undefined): void {
    this.#connections.set(connection, { machine, kind, via, wakeAt: undefined, compareAt: undefined });
  }

  delete(connection: number): void {
    this.#connections.delete(connection);
  }

  /** The session with the node. */
  keyOf(node: NodeId): number | undefined {
    return this.#sessions.get(node);
  }

  sessionWith(node: NodeId): KnownConnection | undefined {
    return this.#connections.get(this.#sessions.get(node) ?? -1);
  }

  setSession(node: NodeId, connection: number): void {
    this.#sessions.set(node, connection);
  }

  deleteSession(node: NodeId): void {
    this.#sessions.delete(node);
  }

  isOverCircuit(connection: number): boolean {
    return this.#connections.get(connection)?.kind === 'circuit';
  }

  /** The session with a neighbour: over a link of our own. */
  linkedKeyOf(node: NodeId): number | undefined {
    const key = this.#sessions.get(node);
    return key !== undefined && this.#connections.get(key)?.kind !== 'circuit' ? key : undefined;
  }

  /** Who is at the other end of a connection, if it is a neighbour. */
  neighbourAt(connection: number): ProvenIdentity | undefined {
    const known = this.#connections.get(connection);
    return known?.kind === 'circuit' ? undefined : known?.machine.identity;
  }

  /** Links on which others have yet to prove who they are. */
  get pendingHandshakes(): number {
    let pending = 0;
    for (const { machine } of this.#connections.values()) if (!machine.isInitiator && !machine.identity) pending++;
    return pending;
  }

  /** Which of two sessions with one node has to go: both sides must say the same. */
  loserOf(node: NodeId, olderKey: number, newerKey: number, now: number): number {
    const older = this.#connections.get(olderKey);
    const newer = this.#connections.get(newerKey);
    if (!older || !newer || older.machine.isStranded || isOfEarlierRun(older.machine, newer.machine)) return olderKey;
    const isYoung = now - older.machine.openedAt < SIMULTANEOUS_MS;
    const isNewerFar = newer.kind === 'circuit';
    if (isYoung && isNewerFar !== (older.kind === 'circuit')) return isNewerFar ? newerKey : olderKey;
    if (!isYoung || older.machine.isInitiator === newer.machine.isInitiator) return olderKey;
    const keepOurs = this.#me < node;
    return older.machine.isInitiator === keepOurs ? newerKey : olderKey;
  }
}
