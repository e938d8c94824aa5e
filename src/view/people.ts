import type { Directory } from '../agents/directory.ts';
import type { NodeId, PersonId } from '../base/ids.ts';
import type { NodeApi, Path, PeerInfo } from '../node/api.ts';
import type { Records, Table } from '../ports/records.ts';
import { generatedName } from './generated-name.ts';
import type { PathView, PersonView } from './types.ts';

/** Who was verified by comparing safety numbers, by person. */
type Pin = { readonly verifiedAt: number };

/** Persons as the screens show them: name, sigil, presence, path. */
export class People {
  readonly #node: NodeApi;
  readonly #directory: Directory;
  readonly #me: PersonId;
  #peers: readonly PeerInfo[] = [];
  #myName = '';
  readonly #pins: Table<Pin>;
  readonly #verified = new Set<PersonId>();

  constructor(node: NodeApi, directory: Directory, records: Records) {
    this.#pins = records.table<Pin>('pins');
    this.#node = node;
    this.#directory = directory;
    this.#me = node.identity.person;
    this.refresh();
  }

  refresh(): void {
    this.#peers = this.#node.peers();
  }

  async load(): Promise<void> {
    this.#verified.clear();
    for (const [person] of await this.#pins.all()) this.#verified.add(person as PersonId);
  }

  /** Remembers, or forgets, that the safety numbers were compared and are the same. */
  async setVerified(person: PersonId, isVerified: boolean, now: number): Promise<void> {
    if (isVerified) await this.#pins.put(person, { verifiedAt: now });
    else await this.#pins.delete(person);
    if (isVerified) this.#verified.add(person);
    else this.#verified.delete(person);
  }

  setMyName(name: string): void {
    this.#myName = name;
  }

  view(person: PersonId): PersonView {
    const verified = this.#verified.has(person);
    const isHere = person === this.#me || this.#connected(person) !== undefined || this.#directory.isHere(person);
    return {
      id: person,
      name: person === this.#me ? this.#myName : (this.#directory.nameOf(person) ?? generatedName(person)),
      sigil: { key: person, kind: 'person', verified },
      presence: isHere ? 'here' : 'away',
      verified,
    };
  }

  /** Everybody who is connected or has a name here, those who are here first. */
  others(): readonly PersonView[] {
    const ids = new Set<PersonId>([...this.#peers.flatMap((peer) => peer.identity?.person ?? []), ...this.#directory.people()]);
    ids.delete(this.#me);
    return [...ids]
      .map((id) => this.view(id))
      .sort((a, b) => Number(b.presence === 'here') - Number(a.presence === 'here') || a.name.localeCompare(b.name));
  }

  path(person: PersonId): PathView | undefined {
    const peer = this.#connected(person);
    return peer?.path && this.pathView(peer.path, peer.rttMs);
  }

  pathView(path: Path, rttMs: number | undefined): PathView {
    const viaNames = path.via.map((node) => this.ofNode(node)?.name ?? '…');
    return { kind: path.kind, via: path.via, viaNames, ...(rttMs === undefined ? {} : { rttMs }) };
  }

  /** Whose node it is: proven by a session, else as it says. */
  ofNode(node: NodeId): PersonView | undefined {
    const person =
      this.#peers.find((peer) => peer.node === node)?.identity?.person ?? this.#node.nodes().find((known) => known.node === node)?.person;
    return person && this.view(person);
  }

  #connected(person: PersonId): PeerInfo | undefined {
    return this.#peers.find((peer) => peer.identity?.person === person && peer.state === 'connected');
  }
}
