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

export const TABLE_NAMES = [
  'keys',
  'settings',
  'networks',
  'people',
  'peers',
  'notes',
  'grants',
  'permissions',
  'calls',
  'pins',
  'definitions',
  'audit',
  'agents',
  'memory',
  'drafts',
  'call-history',
  'fences',
  'registry',
] as const;
export type TableName = (typeof TABLE_NAMES)[number];

/** The right to be the one writer in some scope. */
export interface Fence {
  /** A later fence of the same scope has a larger one. */
  readonly token: number;
  /** Writes to it fail with `fenced`, and change nothing, as soon as somebody took the scope's fence after this one. */
  table<Value>(name: TableName): Table<Value>;
}

export interface Records {
  table<Value>(name: TableName): Table<Value>;
  /** Makes the caller the one writer in a scope; whoever was it before can write no more. */
  takeFence(scope: string): Promise<Fence>;
  /** Told when another tab of this browser wrote; the key is absent when anything may have changed. */
  onForeignChange(listener: (name: TableName | 'chat', key: string | undefined) => void): () => void;
}
