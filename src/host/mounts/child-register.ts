import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isRunning } from '../processes.ts';

/** The variable by which a mounted server, and whatever it starts, is known again. */
export const CHILD_MARK = 'PARLEY_HOST_CHILD';

type Stored = { readonly mark: string; readonly groups: readonly number[] };

/**
 * The processes that this host started, kept in a file: a host that is killed leaves them to the next start, which ends them. Where there is a
 * /proc they are known by a mark in their environment, which also finds those that left their process group; elsewhere by their group.
 */
export class ChildRegister {
  readonly #file: string;
  readonly mark = randomUUID();
  readonly #groups = new Set<number>();

  constructor(file: string) {
    this.#file = file;
  }

  /** Ends what an earlier host with this data folder left behind, and begins anew. Answers how many processes that were. */
  takeOver(): number {
    const before = readStored(this.#file);
    const ended = before ? endMarked(before) : 0;
    this.#store();
    return ended;
  }

  add(group: number): void {
    this.#groups.add(group);
    this.#store();
  }

  remove(group: number): void {
    if (this.#groups.delete(group)) this.#store();
  }

  /** Ends whatever is left of this host's children. */
  endAll(): void {
    endMarked({ mark: this.mark, groups: [...this.#groups] });
    rmSync(this.#file, { force: true });
  }

  /** At once: a crash in the next moment must find it. */
  #store(): void {
    const beside = `${this.#file}.new`;
    writeFileSync(beside, JSON.stringify({ mark: this.mark, groups: [...this.#groups] } satisfies Stored), { mode: 0o600 });
    renameSync(beside, this.#file);
  }
}

function readStored(file: string): Stored | undefined {
  try {
    const { mark, groups } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Stored>;
    return typeof mark === 'string' && mark.length >= 16
      ? { mark, groups: (groups ?? []).filter((group) => Number.isInteger(group) && group > 1) }
      : undefined;
  } catch {
    return undefined;
  }
}

function endMarked({ mark, groups }: Stored): number {
  const marked = processesWith(mark);
  if (marked) return marked.filter((pid) => end(pid)).length;
  return groups.filter((group) => isRunning(-group) && end(-group)).length;
}

/** Process numbers whose environment has the mark; `undefined` where that cannot be known. */
function processesWith(mark: string): readonly number[] | undefined {
  if (process.platform !== 'linux') return undefined;
  const wanted = `${CHILD_MARK}=${mark}`;
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return readFileSync(`/proc/${name}/environ`, 'utf8').split('\0').includes(wanted) ? [Number(name)] : [];
    } catch {
      // Gone meanwhile, or somebody else's.
      return [];
    }
  });
}

function end(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
