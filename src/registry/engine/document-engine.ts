/**
 * The port to Automerge: the one thing of the registry that needs it. Work is a pure function of what it is given: a document comes as the
 * changes that make it up, so an engine may forget everything, be ended and started anew, or be shared.
 */
export interface DocumentEngine {
  /** Never throws and never rejects: what cannot be done is a `failed` result. */
  run(work: EngineWork): EngineResult | Promise<EngineResult>;
}

/** A document as its verified changes, each after those that it depends on. */
export type DocumentState = {
  /** The same for equal sets of changes, so an engine may keep the document open under this name. */
  readonly key: string;
  readonly changes: readonly Uint8Array[];
};

/** The root map of a document. */
export type RawEntries = ReadonlyMap<string, Uint8Array>;

/** What a node knows of its exchange with a neighbour about one document; plain data that may cross to a worker, made by the engine. */
export type SyncState = { readonly [field: string]: unknown };

export type EngineWork =
  /** Adds verified changes whose predecessors are all there. */
  | { readonly type: 'apply'; readonly state: DocumentState; readonly changes: readonly Uint8Array[] }
  /** Makes one change. */
  | {
      readonly type: 'edit';
      readonly state: DocumentState;
      /** Hexadecimal. */
      readonly actor: string;
      /** Unix seconds. */
      readonly time: number;
      readonly puts: readonly (readonly [string, Uint8Array])[];
      readonly deletes: readonly string[];
    }
  /** One step of the sync protocol: takes the neighbour's message, if there is one, and makes the next of ours. */
  | { readonly type: 'sync'; readonly state: DocumentState; readonly sync: SyncState | undefined; readonly message: Uint8Array | undefined }
  /** What each change did. */
  | { readonly type: 'history'; readonly state: DocumentState };

export type EngineResult =
  | { readonly type: 'applied'; readonly heads: readonly string[]; readonly entries: RawEntries }
  | { readonly type: 'edited'; readonly change: Uint8Array; readonly entries: RawEntries }
  | {
      readonly type: 'synced';
      readonly sync: SyncState;
      /** Without changes; absent when there is nothing to say. */
      readonly message: Uint8Array | undefined;
      /** Hashes of the changes that go with it. */
      readonly send: readonly string[];
      /** The neighbour was last heard to have what we have. */
      readonly isInStep: boolean;
    }
  | { readonly type: 'history'; readonly changes: readonly ChangeEffect[] }
  /**
   * `invalid`: the bytes are no work for this engine, and never will be. `overrun`: it took too long. `unavailable`: the engine could not be
   * loaded, which says nothing about the bytes.
   */
  | { readonly type: 'failed'; readonly reason: 'invalid' | 'overrun' | 'unavailable'; readonly detail: string };

export type ChangeEffect = {
  readonly hash: string;
  readonly puts: readonly (readonly [string, Uint8Array])[];
  readonly deletes: readonly string[];
};
