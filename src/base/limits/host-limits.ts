/** The bounds of a host: no page has to load them. */
export const HOST_LIMITS = {
  /** Bytes of a config or policy file: fifty servers with long command lines are 50 kB. */
  maxConfigFileBytes: 2 ** 20,
  /** The highest rate of calls that a policy may allow: above it a machine is busy with nothing else, and a slip of the finger is likelier. */
  maxPolicyCallsPerMinute: 600_000,
  /** What a policy's `run` allows each person, and all unnamed people together, where it says nothing else: programs may work at full speed (2 000 calls a second), a flood may not take the machine. */
  runCallsPerMinute: 120_000,
  runParallelCalls: 64,
  /** How long an MCP client that starts its servers itself waits for a host that is not there yet, and how often it looks: clients give up after a minute. */
  connectWaitMs: 15_000,
  connectRetryMs: 500,
  /** For so long a router keeps a port open (RFC 6886 §3.3 recommends two hours at most); it is renewed at half of it. */
  portLeaseSeconds: 3_600,
  /** A router that did not open the port is asked again. */
  portRetryMs: 300_000,
  /** A router's answer, and how often it is asked for, since datagrams get lost: it is on the same wire, but takes a second before it answers a search (MX). */
  natPmpTimeoutMs: 1_000,
  upnpTimeoutMs: 3_000,
  routerAttempts: 2,
  /** Servers that a migration asks at once for what they offer: each may be a package runner that downloads. */
  migrateParallel: 4,
  /** Nearby signaling servers that are used at once: each takes one of `maxSignalingServers`, and anybody on the network can invent them. */
  maxNearbyServers: 4,
  /** URLs that are remembered as leading to a server that the host is at anyway. */
  maxServerAliases: 64,
  /** A nearby host that cannot be linked with is tried again: it may be of another network, and will stay so. */
  nearbyRetryFirstMs: 1_000,
  nearbyRetryMaxMs: 300_000,
  /** WebSockets of nodes without direct links: each is a session, and all that it says to others goes through the host. With the host's own links they stay below `maxGossipNeighbours`. */
  maxListenedLinks: 128,
  /** From a mounted server's start to its first answer: a package runner may have to download it. */
  mountStartTimeoutMs: 60_000,
  /** Sessions of callers with one mounted server at once, each a process of its own. */
  maxMountSessions: 32,
  /** Of these, one person's: some tabs, each with a session. */
  maxMountSessionsPerPerson: 16,
  /** A mounted server that ended is started again after this long, twice as long each time. */
  mountRetryFirstMs: 500,
  mountRetryMaxMs: 60_000,
  /** One that ran for so long begins anew with `mountRetryFirstMs`. */
  mountStableMs: 60_000,
  /** Between asking a mounted server to end (its standard input closes, SIGTERM) and SIGKILL for its whole group. */
  mountStopMs: 3_000,
  /** What is kept of a mounted server's standard error for whoever has to know why it ended. */
  stderrTailBytes: 4 * 1024,
  /** Requests to a mounted server that are remembered without an answer: all of its caller's, and as many that were cancelled. */
  maxNotedRequests: 128,
  /** One message of a mounted server: twice what can be passed on, so that what is too large for that can still be answered with its size. */
  maxMountMessageBytes: 32 * 2 ** 20,
  /** A call to an agent without progress for so long has timed out, as the SDK has it; with progress, ten times as long in all. */
  forwardTimeoutMs: 60_000,
  forwardMaxTimeoutMs: 600_000,
  /** Agents whose raw endpoints clients without sessions used last. */
  maxRawEndpoints: 256,
  /** Sessions of MCP clients over HTTP, and how long one may be silent: clients reconnect by themselves. */
  maxHttpSessions: 64,
  httpSessionIdleMs: 1_800_000,
  /** A client that had a stream open for what the server tells, and has none for so long, is gone: few say goodbye. */
  httpSessionLostMs: 60_000,
  /** A response without news says so to whoever waits, and to proxies between, which give up after half a minute or later. */
  httpKeepAliveMs: 15_000,
  /** Messages posted together (2025-03-26 only), as the SDK has it. */
  maxHttpBatch: 100,
  /** A posted MCP message, as the SDK has it. */
  maxHttpBodyBytes: 4 * 2 ** 20,
  /** Calls that wait for what their client has to ask its person, and for how long: as long as an approval and a bit more. */
  maxParkedCalls: 64,
  parkedCallMs: 300_000,
  /** How long the first list waits for agents that are still being asked; and when one that could not be asked is asked again. */
  catalogWaitMs: 5_000,
  catalogRetryMs: 30_000,
  /** Different lists for clients that can be asked different things: each holds a session with every agent. */
  maxCatalogs: 4,
  /** Pages and definitions of one agent's list of tools, resources or prompts. */
  maxListPages: 50,
  maxCatalogDefinitions: 2_000,
  /** Entries of one page of the aggregate's lists: some hundred kilobytes. */
  aggregatePageItems: 500,
  /** Resources that one subscription of a client names; more are not acknowledged. */
  maxWatchedResources: 100,
  /** Sessions with one agent that clients without sessions share: four times what may be under way in one. */
  maxSharedSessions: 4,
  /** Sessions with agents that are kept for the next call of clients without sessions; each serves one call at a time that may ask back. */
  maxIdleUpstreams: 16,
  /** Above so many tools a model chooses worse, and its context is full of definitions (mcp.md §9.1). */
  maxListedTools: 100,
  /** Results of one search for tools. */
  maxFoundTools: 20,
  /** Characters of a tool's name in the aggregate: some clients take 60, of which `mcp__parley__` is theirs. */
  maxAggregateNameLength: 46,
} as const;
