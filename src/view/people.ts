import type { Directory } from '../agents/directory.ts';
import type { PersonId } from '../base/ids.ts';
import type { NodeApi, Path, PeerInfo } from '../node/api.ts';
import { generatedName } from './generated-name.ts';
import type { PathView, PersonView } from './types.ts';

/** Persons as the screens show them: name, sigil, presence, path. */
export class People {
  readonly #node: NodeApi;
  readonly #directory: Directory;
  readonly #me: PersonId;
  #peers: readonly PeerInfo[] = [];
  #myName = '';

  constructor(node: NodeApi, directory: Directory) {
    this.#node = node;
    this.#directory = directory;
    this.#me = node.identity.person;
    this.refresh();
  }

  refresh(): void {
    this.#peers = this.#node.peers();
  }

  setMyName(name: string): void {
    this.#myName = name;
  }

  view(person: PersonId): PersonView {
    const isHere = person === this.#me || this.#connected(person) !== undefined;
    return {
      id: person,
      name: person === this.#me ? this.#myName : (this.#directory.nameOf(person) ?? generatedName(person)),
      sigil: { key: person, kind: 'person', verified: false },
      presence: isHere ? 'here' : 'away',
      verified: false,
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
    return peer?.path && pathView(peer.path, peer.rttMs);
  }

  #connected(person: PersonId): PeerInfo | undefined {
    return this.#peers.find((peer) => peer.identity?.person === person && peer.state === 'connected');
  }
}

export function pathView(path: Path, rttMs: number | undefined): PathView {
  return { kind: path.kind, via: path.via, ...(rttMs === undefined ? {} : { rttMs }) };
}
