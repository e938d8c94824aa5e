import { asParleyError, type ParleyError } from '../base/errors.ts';
import { createLocalIdentity, type LocalIdentity } from '../crypto/identity.ts';
import { RecordsVault } from '../crypto/vault.ts';
import type { Clock } from '../ports/clock.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { OpenStorage } from '../storage/idb-storage.ts';
import { memoryStorage, openStorageOrMemory } from '../storage/open-storage.ts';
import type { Invite } from '../wire/invite.ts';
import { KnownNetworks } from './known-networks.ts';

export type OwnStateOptions = {
  readonly invite: Invite | undefined;
  /** The vault's name of this tab's node key. */
  readonly nodeName: string;
  readonly clock: Clock;
  readonly entropy: Entropy;
};

/** What a tab knows of itself before it can be a node. */
export type OwnState = {
  readonly storage: OpenStorage;
  readonly known: KnownNetworks;
  readonly network: Invite;
  readonly identity: LocalIdentity;
  readonly name: string | undefined;
  readonly theme: unknown;
  readonly mode: unknown;
  /** Why this tab, or a part of it, is forgotten when it closes. */
  readonly problem?: ParleyError;
};

/** Reads the tab's own state, or makes it on the first visit; in memory, and with the reason, where this browser's storage does not serve. */
export async function readOwnState(options: OwnStateOptions): Promise<OwnState> {
  const storage = await openStorageOrMemory();
  try {
    return await readFrom(storage, options);
  } catch (thrown) {
    const problem = asParleyError(thrown);
    if (!problem.code.startsWith('storage')) throw thrown;
    // What is stored stays untouched: another start may be able to read it.
    storage.close();
    return readFrom({ ...memoryStorage(), problem }, options);
  }
}

async function readFrom(
  storage: OpenStorage & { readonly problem?: ParleyError },
  { invite, nodeName, clock, entropy }: OwnStateOptions,
): Promise<OwnState> {
  const { records } = storage;
  const known = new KnownNetworks(records);
  const settings = records.table<string>('settings');
  const [identity, name, theme, mode] = await Promise.all([
    createLocalIdentity({ vault: new RecordsVault(records, entropy), nodeName, now: clock.now(), entropy }),
    settings.get('name'),
    settings.get('theme'),
    settings.get('mode'),
  ]);
  const entered = await known.enter(invite);
  const problem = storage.problem ?? entered.problem;
  return { storage, known, network: entered.network, identity, name, theme, mode, ...(problem ? { problem } : {}) };
}
