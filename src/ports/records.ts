/**
 * Small durable tables of plain structured-clone values. Every write is durable when its promise resolves.
 * Errors are ParleyError: `storage-full`, `storage-broken`, `storage-denied`, `storage-too-new`.
 */
export interface Table<Value> {
  get(key: string): Promise<Value | undefined>;
  all(): Promise<ReadonlyMap<string, Value>>;
  put(key: string, value: Value): Promise<void>;
  delete(key: string): Promise<void>;
  /** Reads and writes in one transaction: `change` is synchronous; `undefined` deletes. Answers what was written. */
  update(key: string, change: (before: Value | undefined) => Value | undefined): Promise<Value | undefined>;
}

export const TABLE_NAMES = ['keys', 'settings', 'networks', 'people', 'peers', 'notes', 'grants', 'calls', 'pins', 'drafts', 'registry'] as const;
export type TableName = (typeof TABLE_NAMES)[number];

export interface Records {
  table<Value>(name: TableName): Table<Value>;
  /** Told when another tab of this browser wrote; the key is absent when anything may have changed. */
  onForeignChange(listener: (name: TableName | 'chat', key: string | undefined) => void): () => void;
}
