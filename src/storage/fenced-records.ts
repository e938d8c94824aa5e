import { asParleyError } from '../base/errors.ts';
import type { Fence, Records, Table, TableName } from '../ports/records.ts';
import { fencedError } from './fenced-error.ts';

/**
 * The tables that only one tab of this browser writes, its hub. Others may read them; a tab that was the hub and did not notice that another took over
 * fails with `fenced`, and is told so once more by `onFenced`.
 */
export class FencedRecords {
  readonly #records: Records;
  readonly #scope: string;
  #fence: Promise<Fence> | undefined;
  onFenced: () => void = () => undefined;

  constructor(records: Records, scope: string) {
    this.#records = records;
    this.#scope = scope;
  }

  /** This tab is the writer from now on. Writes wait until storage knows. */
  take(): void {
    this.#fence = this.#records.takeFence(this.#scope);
    // Each write says by itself why it failed.
    this.#fence.catch(() => undefined);
  }

  /** This tab is the writer no longer. */
  leave(): void {
    this.#fence = undefined;
  }

  table<Value>(name: TableName): Table<Value> {
    const plain = this.#records.table<Value>(name);
    return {
      get: (key) => plain.get(key),
      all: () => plain.all(),
      put: (key, value) => this.#write<Value, void>(name, (table) => table.put(key, value)),
      delete: (key) => this.#write<Value, void>(name, (table) => table.delete(key)),
      update: (key, change) => this.#write<Value, Value | undefined>(name, (table) => table.update(key, change)),
    };
  }

  async #write<Value, Result>(name: TableName, work: (table: Table<Value>) => Promise<Result>): Promise<Result> {
    const held = this.#fence;
    if (!held) throw fencedError();
    try {
      return await work((await held).table<Value>(name));
    } catch (thrown) {
      if (this.#fence === held && asParleyError(thrown).code === 'fenced') {
        this.#fence = undefined;
        this.onFenced();
      }
      throw thrown;
    }
  }
}
