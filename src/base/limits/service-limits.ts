/** What people do with each other: conversations, the directory. */
export const SERVICE_LIMITS = {
  // ── conversations ───────────────────────────────────────────────────────────────────────────────────────────────
  /** A message without an answer for so long is sent once more; the receiver knows it by its id. */
  chatAnswerTimeoutMs: 10_000,
  /** UTF-8 bytes of one message: a long letter; longer things are files. */
  maxChatTextBytes: 32 * 1024,
  /** A signed event: its text, its parents, its keys. */
  maxChatEventBytes: 36 * 1024,
  maxChatParents: 16,
  /** How far an event may be ahead of all that is known here: its parents may have gone to another device of mine. */
  maxChatDepthJump: 10_000,
  /** Events of one person per second and at once; above it the sender waits. */
  chatEventsPerSecond: 20,
  chatEventsBurst: 1_000,
  /** What the screen asks for at once. */
  chatPageEvents: 100,
  /** Rows of the list of conversations that are read at once: some screens full, so that the start costs the same for thousands. */
  chatListPage: 100,
  /** Conversations that are kept open for a quick return; the longest unseen of more are read again when looked at. */
  maxOpenConversations: 20,

  // ── directory ───────────────────────────────────────────────────────────────────────────────────────────────────
  /** UTF-16 units. */
  maxDisplayNameLength: 48,
  /** A host that mounts all servers of a long `mcpServers` file; a page has a handful. */
  maxAgentsPerNode: 64,
  maxAgentTitleLength: 80,
  maxAgentDescriptionLength: 500,
  maxDirectoryBytes: 48 * 1024,
} as const;
