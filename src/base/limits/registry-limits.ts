/** The registry of agents. */
export const REGISTRY_LIMITS = {
  /** One signed change; compressed ones are refused, so this is also its size in memory. */
  maxRegistryChangeBytes: 64 * 1024,
  /** A person with 32 nodes of 32 agents writes 1 056 entries anew when a generation begins. */
  maxRegistryChangeOps: 2_000,
  maxRegistryChangeDeps: 64,
  /** All changes of one person's document. */
  maxRegistryDocumentBytes: 256 * 1024,
  maxRegistryDocumentChanges: 512,
  /** What a document says now, without its history: with one more edit it fits twice into the document. */
  maxRegistryEntriesBytes: 96 * 1024,
  /** One entry: an agent with all its definitions. */
  maxRegistryEntryBytes: 16 * 1024,
  /** Larger edits become several changes. */
  registryEditBytes: 32 * 1024,
  /** Half of the document's bounds: from here on the next edit begins a new generation. */
  compactAfterChanges: 256,
  compactAfterBytes: 128 * 1024,
  /** How long what a new generation replaced is kept: a device that was away may still hold edits on top of it. */
  replacedGenerationMs: 48 * 3_600_000,
  /** Generations that a document may be ahead of what is known of it: the number is never used up by one hostile device. */
  maxGeneration: 2 ** 31,
  maxNodesPerPerson: 32,
  maxAgentVersionLength: 40,
  /** An agent's notes may change with every call: its entry is written again after so long, not each time. */
  republishAgentMs: 5_000,
  /** Tools, resources and prompts of one agent whose digests are in the registry. */
  maxAgentDefinitions: 128,
  maxDefinitionNameLength: 128,
  /** Six times the 300 persons up to whom the registry is replicated in full. */
  maxResidentDocuments: 2_000,
  /** Changes of one document whose predecessors are still on their way, and for how long they may be. */
  maxPendingChanges: 64,
  pendingChangeMs: 60_000,
  /** A predecessor that gossip brings out of order is there within this time; then the sender is asked. */
  pendingAskMs: 1_000,
  /** Changes of one document per second and at once: somebody who renames agents by hand stays far below. */
  documentChangesPerSecond: 1,
  documentChangesBurst: 64,
  /** Hashes of changes that were well signed and still not applicable: not fetched again. */
  maxRejectedChanges: 1_024,
  /** Signature checks and engine work under way for strangers' changes. */
  maxRegistryJobs: 2_048,
  /** Edits of this node that wait for the document. */
  maxWaitingEdits: 256,
  /** One message between neighbours: a whole document with its signatures fits. */
  maxRegistryMessageBytes: 512 * 1024,
  /** Documents are packed into messages of about this size, so that other lanes get their turn. */
  registryPackBytes: 48 * 1024,
  /** What gossip carries (topics of 16 KiB); larger changes go from neighbour to neighbour. */
  maxRegistryItemBytes: 16 * 1024,
  /** With so few documents the list costs no more than a digest and a round trip. */
  inlineListDocuments: 32,
  registryBuckets: 64,
  /** Messages of one neighbour per second and at once: a newcomer's download is about 40. */
  registryMessagesPerSecond: 20,
  registryMessagesBurst: 200,
  /** Sync rounds of one document with one neighbour per minute (protocols.md §6: loops of Bloom filters end). */
  maxSyncRoundsPerMinute: 10,
  /** A neighbour that listed a document delivers it within this time. */
  wantedDocumentMs: 10_000,
  /** After this long another neighbour is asked as well: a packet that is lost twice in a row is there by then. */
  wantedAgainMs: 1_500,
  /** What came by reconciliation is told to the other neighbours after this time, several at once. */
  registrySpreadMs: 100,
  /** Anti-entropy with one random neighbour (protocols.md §4); the spread keeps neighbours out of step. */
  antiEntropyMs: 30_000,
  antiEntropySpread: 1 / 3,
  /** The certificate in a document is renewed when less than half of its 90 days is left. */
  renewCertificateMs: 45 * 86_400_000,
  /** Documents that the in-process engine keeps open; others are rebuilt from their changes when they are needed. */
  maxOpenDocuments: 64,
  /** What one piece of work on a stranger's document may take in the worker. */
  engineBudgetMs: 50,
  /** Loading the engine itself: the first piece of work waits for 1.1 MB of wasm. */
  engineStartMs: 20_000,
  /** Longer ago than this an unreachable node is away, not offline. */
  awayAfterMs: 7 * 86_400_000,
} as const;
