import type { ErrorCode } from '../base/errors.ts';
import type { LocalIdentity } from '../crypto/identity.ts';
import { joinMessage } from '../crypto/join.ts';
import type { IceServer } from '../ports/rtc.ts';
import type { SignalingClient, SignalingConnection, SignalingHelp, SignalingWelcome } from '../ports/signaling.ts';
import { isHostUrl } from '../wire/host-url.ts';
import { roomOf } from '../wire/networks.ts';
import { LIMITS } from '../base/limits.ts';
import type { ServerInfo } from './api.ts';

export type SignalingDeskOptions = {
  readonly identity: LocalIdentity;
  readonly networkId: Uint8Array;
  /** The servers to begin with: the app's own first. */
  readonly clients: readonly SignalingClient[];
  /** How to reach a server that another one told of; `undefined` where it cannot be. */
  clientFor(url: string): SignalingClient | undefined;
  /** This node's card for newcomers. */
  card(): Promise<Uint8Array>;
  onConnecting(): void;
  onChallenged(server: number, challenge: Uint8Array): void;
  onWelcomed(server: number, peerCards: readonly Uint8Array[]): void;
  onRelayed(server: number, sealed: Uint8Array): void;
  /** The server told where hosts are. */
  onHosts(urls: readonly string[]): void;
  onAbsent(server: number, nodeKey: Uint8Array): void;
  onClosed(server: number, code: Extract<ErrorCode, 'closed-here' | 'signaling-unreachable' | 'signaling-refused'>, detail: string): void;
  /** Another server was told of; it is known by this number from now on. */
  onServer(server: number): void;
};

type Server = {
  readonly client: SignalingClient;
  /** Grows with each connection, so that what an old one still says is known for what it is. */
  run: number;
  connection: SignalingConnection | undefined;
  stunPort: number;
  turn: SignalingHelp['turn'];
};

/** The connections to the signaling servers, for the pump: each server is a number to the node's machine. */
export class SignalingDesk {
  readonly #options: SignalingDeskOptions;
  readonly #servers: Server[] = [];
  readonly #urls = new Set<string>();

  constructor(options: SignalingDeskOptions) {
    this.#options = options;
    for (const client of options.clients) this.#add(client);
  }

  /** STUN and TURN of all servers that are connected or were. */
  iceServers(): readonly IceServer[] {
    return this.#servers.flatMap(({ client: { host }, stunPort, turn }) => [
      ...(stunPort > 0 && host ? [{ urls: [`stun:${host.includes(':') ? `[${host}]` : host}:${stunPort}`] }] : []),
      ...(turn ? [turn] : []),
    ]);
  }

  /** In the order of their numbers: the app's own first. */
  servers(): readonly Omit<ServerInfo, 'state'>[] {
    return this.#servers.map(({ client, stunPort, turn }, index) => ({
      host: client.url ? new URL(client.url).host : client.host,
      isOwn: index < this.#options.clients.length,
      hasStun: stunPort > 0,
      hasTurn: turn !== undefined,
    }));
  }

  connect(server: number): void {
    const found = this.#servers[server];
    if (!found) return;
    const run = ++found.run;
    const isCurrent = () => run === found.run;
    this.#options.onConnecting();
    found.connection = found.client.connect({
      challenged: (challenge) => isCurrent() && this.#options.onChallenged(server, challenge),
      welcomed: (welcome) => isCurrent() && this.#welcomed(server, found, welcome),
      helped: (help) => isCurrent() && this.#helped(found, help),
      relayed: (_claimedSender, sealed) => isCurrent() && this.#options.onRelayed(server, sealed),
      absent: (nodeKey) => isCurrent() && this.#options.onAbsent(server, nodeKey),
      closed: (end) => {
        if (!isCurrent()) return;
        found.connection = undefined;
        this.#options.onClosed(server, end.code, end.detail);
      },
    });
  }

  disconnect(server: number): void {
    const found = this.#servers[server];
    if (!found) return;
    found.run++;
    found.connection?.close();
    found.connection = undefined;
  }

  async join(server: number, challenge: Uint8Array): Promise<void> {
    const found = this.#servers[server];
    if (!found) return;
    const { run } = found;
    const { identity, networkId } = this.#options;
    const room = roomOf(networkId);
    const card = await this.#options.card();
    const signature = await identity.nodeSigner.sign(joinMessage(challenge, room, card));
    if (run === found.run) found.connection?.join({ room, nodeKey: identity.nodeSigner.publicKey, card, signature });
  }

  list(): void {
    for (const { connection } of this.#servers) connection?.list();
  }

  lookUp(nodeKey: Uint8Array): void {
    for (const { connection } of this.#servers) connection?.lookUp(nodeKey);
  }

  announce(on: boolean): void {
    for (const { connection } of this.#servers) connection?.announce(on);
  }

  /** Through the server that knows the node, or through all where that is not known. */
  relay(via: number | undefined, nodeKey: Uint8Array, sealed: Uint8Array): void {
    const known = via === undefined ? undefined : this.#servers[via]?.connection;
    if (known) return known.relay(nodeKey, sealed);
    for (const { connection } of this.#servers) connection?.relay(nodeKey, sealed);
  }

  #welcomed(server: number, found: Server, { peerCards, stunPort }: SignalingWelcome): void {
    found.stunPort = stunPort;
    this.#options.onWelcomed(server, peerCards);
  }

  #helped(found: Server, { servers, turn, hosts }: SignalingHelp): void {
    found.turn = turn;
    const urls = hosts?.filter(isHostUrl) ?? [];
    if (urls.length > 0) this.#options.onHosts(urls);
    for (const url of servers) {
      if (this.#urls.has(url) || this.#servers.length >= LIMITS.maxSignalingServers) continue;
      this.#urls.add(url);
      const client = this.#options.clientFor(url);
      if (client) this.#options.onServer(this.#add(client));
    }
  }

  #add(client: SignalingClient): number {
    if (client.url) this.#urls.add(client.url);
    return this.#servers.push({ client, run: 0, connection: undefined, stunPort: 0, turn: undefined }) - 1;
  }
}
