import { toBase64url } from '../base/bytes.ts';
import { asParleyError, ParleyError } from '../base/errors.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { Records } from '../ports/records.ts';
import { encodeInvite, type Invite } from '../wire/invite.ts';
import { newPrivateNetwork, openNetworkId } from '../wire/networks.ts';
import type { NetworkView } from '../view/types.ts';

/** What a page without an invite joins: everybody who opened the same server's URL. */
const OPEN_NETWORK: Invite = { name: 'Commons', networkId: openNetworkId('Commons') };
const CURRENT = 'network';

/** The networks that this browser has joined, and the one that it was in last. */
export class KnownNetworks {
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
  }

  /**
   * The invited network if there is an invite, else the last one, else the open one; remembered as the last one. Where it cannot be remembered
   * it is entered all the same, and `problem` says why.
   */
  async enter(invite: Invite | undefined): Promise<{ readonly network: Invite; readonly problem?: ParleyError }> {
    if (invite) {
      try {
        await this.#remember(invite);
      } catch (thrown) {
        return { network: invite, problem: asParleyError(thrown, 'storage-broken') };
      }
    }
    const id = invite ? networkIdText(invite) : await this.#records.table<string>('settings').get(CURRENT);
    return { network: (id && (await this.#find(id))) || OPEN_NETWORK };
  }

  async all(): Promise<readonly Invite[]> {
    const stored = [...(await this.#records.table<Invite>('networks').all()).values()];
    return [OPEN_NETWORK, ...stored.filter((network) => networkIdText(network) !== networkIdText(OPEN_NETWORK))];
  }

  async create(name: string, entropy: Entropy): Promise<void> {
    await this.#remember(newPrivateNetwork(entropy, name));
  }

  /** @throws ParleyError `bad-argument` for a network that this browser does not know. */
  async switchTo(id: string): Promise<void> {
    if (!(await this.#find(id))) throw new ParleyError('bad-argument', 'This browser does not know that network.');
    await this.#records.table<string>('settings').put(CURRENT, id);
  }

  async #remember(network: Invite): Promise<void> {
    const id = networkIdText(network);
    if (id !== networkIdText(OPEN_NETWORK)) await this.#records.table<Invite>('networks').put(id, network);
    await this.#records.table<string>('settings').put(CURRENT, id);
  }

  async #find(id: string): Promise<Invite | undefined> {
    return (await this.all()).find((network) => networkIdText(network) === id);
  }
}

export function networkIdText(network: Invite): string {
  return toBase64url(network.networkId);
}

export function networkView(network: Invite): NetworkView {
  return { id: networkIdText(network), name: network.name, private: network.secret !== undefined };
}

/** The link that brings somebody into this network through this server, or through the host that this node is linked with. */
export function inviteLinkTo({ name, networkId, secret }: Invite, host: string | undefined): string {
  const invite = { name, networkId, ...(secret ? { secret } : {}), ...(host === undefined ? {} : { host }) };
  return new URL(`/${encodeInvite(invite)}`, location.origin).href;
}
