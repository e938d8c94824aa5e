import { toHex } from '../../src/base/bytes.ts';
import type { SignalingClient, SignalingConnection, SignalingHandlers } from '../../src/ports/signaling.ts';

export type Relayed = { readonly from: Uint8Array; readonly to: Uint8Array; readonly body: Uint8Array };

/** What the server does wrong; what is absent it does as it should. */
export type Tricks = {
  /** In place of every introduction: any number of others, at once or later. */
  readonly relay?: (relayed: Relayed, forward: (relayed: Relayed) => void) => void;
  /** In place of the cards of those who are there. */
  readonly cards?: (cards: readonly Uint8Array[]) => readonly Uint8Array[];
  readonly stunPort?: number;
  /** Gives everybody the cards of everybody, whatever room they joined. */
  readonly ignoresRooms?: boolean;
  /** Says of every target that it is not there. */
  readonly deniesAll?: boolean;
};

type Member = {
  readonly handlers: SignalingHandlers;
  room: string;
  key: Uint8Array;
  card: Uint8Array | undefined;
};

/** A signaling server in memory that turns against its clients when it is told to. Without tricks it keeps to its protocol. */
export class HostileSignaling {
  tricks: Tricks = {};
  readonly #members = new Set<Member>();
  /** Every introduction that it was given. */
  readonly relayed: Relayed[] = [];

  client(): SignalingClient {
    return { host: 'signaling.test', connect: (handlers) => this.#connect(handlers) };
  }

  /** Lets everybody go, as when it restarts. */
  restart(tricks: Tricks): void {
    this.tricks = tricks;
    for (const member of [...this.#members]) {
      this.#members.delete(member);
      member.handlers.closed({ code: 'signaling-unreachable', detail: 'The server restarts.' });
    }
  }

  /** Gives an introduction to whom it is addressed. */
  forward({ from, to, body }: Relayed): void {
    const target = this.#find(to);
    if (target) queueMicrotask(() => this.#members.has(target) && target.handlers.relayed(from, body));
  }

  /** Sends a welcome to everybody. */
  welcomeAll(): void {
    for (const member of this.#members) this.#welcome(member);
  }

  #connect(handlers: SignalingHandlers): SignalingConnection {
    const member: Member = { handlers, room: '', key: new Uint8Array(0), card: undefined };
    this.#members.add(member);
    queueMicrotask(() => this.#members.has(member) && handlers.challenged(new Uint8Array(32).fill(5)));
    const connection: SignalingConnection & { lookUp(key: Uint8Array): void } = {
      join: ({ room, nodeKey, card }) => {
        Object.assign(member, { room: toHex(room), key: nodeKey, card });
        this.#welcome(member);
      },
      relay: (to, body) => this.#relay(member, to, body),
      list: () => this.#welcome(member),
      lookUp: () => this.#welcome(member),
      announce: () => undefined,
      close: () => void this.#members.delete(member),
    };
    return connection;
  }

  #welcome(member: Member): void {
    const { cards, ignoresRooms = false, stunPort = 0 } = this.tricks;
    const others = [...this.#members].filter((other) => other !== member && other.card && (ignoresRooms || other.room === member.room));
    const honest = others.map(({ card }) => card as Uint8Array);
    const peerCards = cards ? cards(honest) : honest;
    queueMicrotask(() => this.#members.has(member) && member.handlers.welcomed({ peerCards, stunPort }));
  }

  #relay(member: Member, to: Uint8Array, body: Uint8Array): void {
    const relayed: Relayed = { from: member.key, to, body };
    this.relayed.push(relayed);
    if (this.tricks.deniesAll || !this.#find(to)) return queueMicrotask(() => member.handlers.absent(to));
    if (this.tricks.relay) this.tricks.relay(relayed, (changed) => this.forward(changed));
    else this.forward(relayed);
  }

  #find(key: Uint8Array): Member | undefined {
    const name = toHex(key);
    return [...this.#members].find((member) => toHex(member.key) === name);
  }
}
