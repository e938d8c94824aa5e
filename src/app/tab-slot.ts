/**
 * Which of this device's node keys a tab uses. Each open tab holds one slot as a Web Lock, so that two tabs never answer
 * under one address, and a reopened tab gets the lowest free slot: after a reload, its old one.
 */

/** More tabs than this share nothing useful; the next one is told so. */
const MAX_SLOTS = 32;

export type TabSlot = {
  readonly index: number;
  /** The vault's name for the slot's key. */
  readonly keyName: string;
};

/** How long a reloaded tab waits for the page that it replaces to let go of their slot. */
const OWN_SLOT_WAIT_MS = 500;
const REMEMBERED_SLOT = 'parley-node-slot';

/**
 * Claims a slot for as long as this page lives: the tab's own from before a reload, else the lowest free one. Without Web Locks, or where the
 * browser denies them along with storage, every tab is slot 0.
 */
export async function claimTabSlot(locks: LockManager | undefined, tabMemory: Storage | undefined): Promise<TabSlot | undefined> {
  try {
    return locks ? await claimFree(locks, tabMemory) : slot(0);
  } catch {
    return slot(0);
  }
}

async function claimFree(locks: LockManager, tabMemory: Storage | undefined): Promise<TabSlot | undefined> {
  const before = Number.parseInt(tabMemory?.getItem(REMEMBERED_SLOT) ?? '', 10);
  if (before >= 0 && before < MAX_SLOTS && (await claim(locks, before, { signal: AbortSignal.timeout(OWN_SLOT_WAIT_MS) }))) return slot(before);
  for (let index = 0; index < MAX_SLOTS; index++) {
    if (!(await claim(locks, index, { ifAvailable: true }))) continue;
    tabMemory?.setItem(REMEMBERED_SLOT, String(index));
    return slot(index);
  }
  return undefined;
}

function slot(index: number): TabSlot {
  return { index, keyName: `node-${index}` };
}

/** Takes the lock and keeps it until the page goes; answers whether it was to be had. Rejects where there are no locks for this page. */
function claim(locks: LockManager, index: number, options: LockOptions): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const held = new Promise<never>(() => {});
    locks
      .request(`parley-node-slot-${index}`, options, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : held;
      })
      .catch((thrown: unknown) =>
        thrown instanceof DOMException && ['AbortError', 'TimeoutError'].includes(thrown.name) ? resolve(false) : reject(thrown),
      );
  });
}
