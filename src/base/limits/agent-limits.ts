/** Agents: who may call them, how long it takes, what they keep. */
export const AGENT_LIMITS = {
  /** MCP sessions that others may have open with agents of this node. */
  maxServedSessions: 64,
  /** Of one other person: a host of theirs has a session with each agent for each of its clients, and leaves room for others. */
  maxServedSessionsPerCaller: 48,
  /** What one MCP message may be for whoever holds it whole: a few photographs in base64. */
  maxMcpResultBytes: 16 * 2 ** 20,
  /** A result that nobody holds whole: an image of a disk goes elsewhere, a film of an hour fits. */
  maxStreamedAnswerBytes: 2 ** 30,
  /** From here on a result of a server elsewhere is passed on while it comes. */
  streamAnswersFromBytes: 2 ** 20,
  /** What is read ahead of whoever takes such a result: two parts, so that neither waits for the other. */
  answerAheadBytes: 512 * 1024,
  /** A page puts such a result aside in parts of this size, and shows so much of its beginning. */
  keptPartBytes: 4 * 2 ** 20,
  keptPreviewBytes: 4 * 1024,
  /** Such results of one node that wait or are under way, and for how long one may wait to be fetched, or for its next piece to be taken. */
  maxOfferedAnswers: 64,
  answerStallMs: 60_000,
  /** What a caller's message may be: all sessions together stay below 256 MiB. */
  maxMcpRequestBytes: 4 * 2 ** 20,
  /** Larger messages travel in parts of this size: one takes a slow link a fraction of a second. */
  mcpPartBytes: 256 * 1024,
  /** Calls that wait for the owner's answer; more are refused. */
  maxWaitingApprovals: 16,
  /** Of one person: whoever asks for more is no model at work but a nuisance. */
  maxWaitingApprovalsPerCaller: 4,
  approvalTimeoutMs: 120_000,
  callTimeoutMs: 60_000,
  /** The least patience that somebody may have with a call of theirs; the most is `maxServedCallMs`. A relayed path takes some of it. */
  minCallTimeoutMs: 1_000,
  /** What agents ask back while they are called: questions that wait, and how long each does. */
  maxWaitingQuestions: 8,
  maxQuestionsPerAgent: 3,
  questionTimeoutMs: 300_000,
  /** Schemas of results that are checked: large ones are seldom, and what refers to itself at each of many places takes exponential time. */
  maxCheckedSchemaLength: 64 * 1024,
  maxCheckedSchemaRefs: 24,
  /** What a person can still read. */
  maxQuestionUrlLength: 2_048,
  maxQuestionTextLength: 4_000,
  maxQuestionMessages: 20,
  /** Tool calls of one caller's session that may wait or run at once: a model asks for a few. */
  maxCallsPerSession: 32,
  /** Requests without an answer of one session: its calls, and lists, completions and subscriptions beside them. */
  maxRequestsPerSession: 128,
  /** The longest that a call may take at its owner's node, with questions to its caller: what never answers holds its place no longer. */
  maxServedCallMs: 900_000,
  /** For each other person and agent, until the owner says something else (protocols.md §8.5). */
  defaultCallsPerMinute: 60,
  defaultParallelCalls: 4,
  /** More is no limit to a person any more. */
  maxCallsPerMinute: 6_000,
  maxRememberedCallers: 1_024,
  /** Calls of all people together that the owner never talked with. */
  strangerCallsPerMinute: 60,
  /** "Always" for a tool as it is defined now. */
  grantLifetimeMs: 30 * 86_400_000,
  maxGrants: 500,
  /** "For this conversation": the caller says where a call comes from, so it is no stronger than a day of trust in that person. */
  conversationGrantMs: 86_400_000,
  /** What an owner's node tells a caller beside MCP: rules for some hundred tools with long names. */
  maxSessionNoteBytes: 64 * 1024,
  /** What a caller says of a call beside its arguments: the hash of a conversation, and a number. */
  maxCallOriginLength: 128,
  /** Definitions of one kind of one agent that are pinned: more tools than any model bears. The JSON is cut at what somebody may read, the hash covers all. */
  maxPinnedDefinitions: 1_024,
  maxPinnedAgentJsonLength: 512 * 1024,
  maxPinnedAgents: 500,
  maxPinnedJsonLength: 16 * 1024,
  /** The log of calls: 40 × 50 entries of at most about 10 kB. */
  maxAuditSegments: 40,
  auditSegmentEntries: 50,
  maxAuditJsonLength: 4 * 1024,
  maxAuditNameLength: 256,
  /** Refusals of one caller within this time are one line. */
  auditCountMs: 60_000,
  /** Calls that one signature covers: all that may wait or run in a session, and those that ended while it was made. */
  maxReceiptBatch: 128,
  maxReceiptIdLength: 128,
  /** Nesting of an MCP message: schemas of tools are the deepest, and seldom deeper than ten. */
  maxJsonDepth: 64,
  /** My calls and calls into my agents that a person may want to look up; each of mine is kept with arguments and result up to `maxKeptCallBytes`. */
  maxKeptCalls: 200,
  /** The memory agent's graph: a few thousand entities are searched in a moment. */
  maxMemoryEntities: 5_000,
  maxMemoryItemsPerEntity: 200,
  maxMemoryTextLength: 2_000,
  /** Entities of one answer. */
  maxMemoryAnswer: 200,
  /** The folder agent: what one call reads, as bytes of a file and entries of a folder, and how far a search goes. */
  maxFileReadBytes: 4 * 2 ** 20,
  maxFolderEntries: 2_000,
  maxSearchedEntries: 20_000,
  maxSearchedFileBytes: 2 * 2 ** 20,
  maxSearchMatches: 200,
  maxFolderDepth: 32,
  /** Own code of an agent, and tools that it may define. */
  maxModuleCodeLength: 200_000,
  maxModuleTools: 64,
  /** Agents and people that the network agent names in one answer. */
  maxNetworkAnswer: 200,
  maxKeptCallBytes: 64 * 1024,
  /** What another tab called this long ago, and never told the end of, ended with that tab: progress keeps calls alive, but hardly for hours. */
  longestCallMs: 2 * 3_600_000,
  /** Tools, resources or prompts of one agent that a screen lists: large gateways have some hundreds. */
  maxListedDefinitions: 1_000,
  /** Characters of an icon's `data:` URL, which is some 24 kB: an icon of 64 pixels has a few. Of all icons of one agent together, which stay in memory. */
  maxIconLength: 32 * 1024,
  maxIconsLengthPerAgent: 1024 * 1024,
  /** Sizes and themes of one icon. */
  maxIconsLookedAt: 16,
  /** Lines that agents logged and that are kept for the screen, of so many agents, each cut at what somebody may read. */
  maxLogLines: 200,
  maxLoggedAgents: 50,
  maxLogTextLength: 2_000,
  /** Values that an agent suggests while somebody types: a list that can be looked through. */
  maxSuggestions: 50,
  maxSuggestionLength: 500,
  /** Resources of all agents that are watched at once: each is a subscription at its agent, and is read again with every change. */
  maxWatchedResources: 32,
  /** Calls from which is told how long an agent's calls take. */
  maxTimedCalls: 100,
  /** Agents that are asked for their tools at the same time for a search: each may need a session of its own over relays. */
  maxAgentsAskedAtOnce: 4,
  /** A file in a call's arguments: as base64 it is a third larger, and fits into one message of a stream with what stands around it. */
  maxArgumentFileBytes: 1_400 * 1024,
  /** What judging arguments by a tool's schema may take; a pattern can be made to take for ever. */
  schemaCheckTimeoutMs: 1_000,
  maxNotes: 2_000,
  maxNoteBytes: 64 * 1024,
  runnerTimeoutMs: 5_000,
  runnerMemoryBytes: 64 * 2 ** 20,
  runnerMaxOutputBytes: 256 * 1024,
  /** Requests of one caller's session with a mounted server, or back, that have no answer yet: twice what its tool calls may be. */
  maxPipedRequests: 64,
} as const;
