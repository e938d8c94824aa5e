/**
 * Every bound of the node, in one place, each with its reason. Units are last in the name.
 * `limits.test.ts` asserts the relations between them.
 */
export const LIMITS = {
  // ── frames and codecs ──────────────────────────────────────────────────────────────────────────────────────────
  /** The smallest maximum message size among WebRTC stacks (64 KiB); larger frames gain no throughput. */
  maxFrameBytes: 64 * 1024,
  /** Nothing on the wire nests deeper than a certificate chain inside a payload. */
  maxCborDepth: 8,
  /** The most items in one decoded value: a batch of chat heads is the largest. */
  maxCborItems: 4096,

  // ── handshake and session ──────────────────────────────────────────────────────────────────────────────────────
  /** A half-open handshake costs memory, so it gets little time. */
  handshakeTimeoutMs: 5_000,
  maxPendingHandshakes: 8,
  /** WireGuard's REKEY_AFTER_TIME: how long a key is used before a fresh handshake. */
  rekeyAfterMs: 120_000,
  rekeyAfterMessages: 2 ** 20,
  rekeyAfterBytes: 2 ** 30,
  /** A key this old is refused, even if the fresh handshake never came. */
  rejectAfterMs: 180_000,
  /** Frames sealed under the previous key and still under way. */
  previousEpochMs: 10_000,
  /** RFC 6479 style window, in frames. */
  replayWindowFrames: 2048,
  /** From this size on, WebCrypto's AES-256-GCM beats ChaCha20-Poly1305 in script despite its asynchronous call. */
  bulkFrameBytes: 4 * 1024,
  /** Frames that may wait for WebCrypto at once in one direction: enough to keep it busy, few enough not to delay small frames. */
  maxPendingBulkFrames: 8,
  maxIdentityPayloadBytes: 4 * 1024,

  // ── clocks and replays ─────────────────────────────────────────────────────────────────────────────────────────
  maxClockSkewMs: 120_000,
  /** Longer than twice the skew plus the lifetime of an introduction: nothing leaves the cache and still passes the clock test. */
  seenIntroductionMs: 360_000,
  maxSeenIntroductions: 4096,

  // ── identity and introductions ─────────────────────────────────────────────────────────────────────────────────
  /** 16 devices of 34 bytes leave a chain well below `maxIdentityPayloadBytes`; nobody has more browsers in use. */
  maxDevicesPerPerson: 16,
  /** What the signaling server takes (signaling-server/PROTOCOL.md). */
  maxPeerCardBytes: 1024,
  maxIntroductionBytes: 12_288,
  /** One description and the candidates that were found with it; a machine with many interfaces finds about twenty. */
  maxSignalsPerIntroduction: 32,
  /** A card is made anew on every join; its sealing key dies with the tab. */
  peerCardLifetimeMs: 86_400_000,

  // ── channel ────────────────────────────────────────────────────────────────────────────────────────────────────
  /** Frames that may arrive behind the initiator's last handshake message while its signatures are checked (a few ms). */
  maxEarlyFrames: 256,
  maxEarlyBytes: 2 ** 20,
  /** Payloads of one direction that wait in order behind the bulk cipher: more than the streams' windows can hold in frames of `bulkFrameBytes`. */
  maxQueuedFrames: 4096,
  maxQueuedBytes: 16 * 2 ** 20,
  /** A link that garbles this many frames in a row is broken or hostile. */
  maxBadFramesInRow: 64,
  /** A counter that gets here without a fresh key ends the channel: 16 × `rekeyAfterMessages`, far below what AES-GCM bears (2^32). */
  rejectAfterMessages: 2 ** 24,
  /** A peer may not make us compute fresh handshakes more often. */
  minRekeyIntervalMs: 1_000,

  // ── signaling client ───────────────────────────────────────────────────────────────────────────────────────────
  /** What the protocol allows one message to be, in either direction (signaling-server/PROTOCOL.md). */
  maxSignalingMessageBytes: 16 * 1024,
  /** Cards in one welcome. */
  maxSignalingCards: 8,
  /** Introductions that may wait until the socket is open and joined: every peer of a welcome, with its answers and candidates. */
  maxWaitingSignalingMessages: 64,
  /** A server that has not said anything this long after dialling is taken as unreachable: browsers themselves wait minutes. */
  signalingConnectTimeoutMs: 10_000,

  // ── streams ────────────────────────────────────────────────────────────────────────────────────────────────────
  /** The largest message of a stream: a tool's result with an image in base64 fits, a file goes in pieces. */
  maxStreamMessageBytes: 2 * 2 ** 20,
  /** What a stream may send before its receiver consumed anything; a message is only begun when all of it fits. */
  streamWindowBytes: 2 * 2 ** 20 + 64 * 1024,
  /** The same for all streams of a session together: what one peer can make us hold. */
  sessionWindowBytes: 8 * 2 ** 20,
  /** The part of the session's window that bulk streams leave to the others. */
  interactiveReserveBytes: 3 * 2 ** 20,
  /** Every message costs this much credit more than its bytes, so that empty ones are not free. */
  messageOverheadBytes: 64,
  /** Streams that each side may have open in a session. */
  maxStreamsPerSide: 256,
  maxProtocolNameBytes: 64,
  maxStreamHeaderBytes: 1024,
  /** What a local program may queue on one stream without waiting for `send`. */
  maxQueuedStreamBytes: 8 * 2 ** 20,
  maxQueuedStreamMessages: 4096,
  /** Credit is given back in steps: often enough to keep the sender going, seldom enough not to answer each small message. */
  creditStepBytes: 64 * 1024,
  /** Opens, resets, pings and credits of a peer, per second and at once: MCP opens one stream per agent, chat one per session. */
  controlFramesPerSecond: 2_000,
  controlFramesBurst: 8_000,
  /** Answers that wait because the peer reads nothing: more only come from a peer that asks on purpose. */
  maxQueuedControlFrames: 16_384,

  // ── connections ────────────────────────────────────────────────────────────────────────────────────────────────
  /** Bulk frames in the link's buffer: about 10 ms of a fast link, so that a chat line behind them hardly waits. */
  bulkLinkBufferBytes: 512 * 1024,
  /** All frames in the link's buffer. */
  linkBufferBytes: 2 * 2 ** 20,
  /** Frames before anything is parsed: three times what the fastest link carries in small frames. */
  framesPerSecond: 30_000,
  framesBurst: 60_000,

  // ── health ─────────────────────────────────────────────────────────────────────────────────────────────────────
  /** A peer that said nothing for this long is asked. */
  pingAfterSilenceMs: 15_000,
  /** An unanswered ping is repeated; after the third the peer is gone: 15 + 3 × 8 = 39 s, below the 45 s in which dead peers are dropped. */
  pingTimeoutMs: 8_000,
  maxUnansweredPings: 3,
  /** After the platform said that something happened (wake, network change), an answer must come quickly. */
  urgentPingTimeoutMs: 2_000,
  /** A wake-up that comes this much late means that our own tab slept: nobody else is blamed for the silence. */
  stallMs: 5_000,

  // ── dialling and membership ────────────────────────────────────────────────────────────────────────────────────
  /** From the first introduction to an open link; ICE needs a few seconds where only a slow pair of addresses works. */
  dialTimeoutMs: 15_000,
  maxDials: 16,
  /** Candidates found this shortly after each other travel together. */
  candidateBatchMs: 15,
  /** Introductions per second and at once, of all peers together: twenty newcomers, each with a few candidates. */
  introductionsPerSecond: 40,
  introductionsBurst: 120,
  /** Links of a desktop's node. */
  maxConnections: 20,
  /** With this many links a node stops handing its card to newcomers: the rest is for people whom it dials itself. */
  announceBelowConnections: 16,
  /** Peers that a node remembers while it runs. */
  maxKnownPeers: 512,
  redialFirstMs: 500,
  redialMaxMs: 30_000,
  /** After this many failed attempts in a row nobody is dialled unasked any more. */
  maxRedials: 8,
  signalingRetryFirstMs: 500,
  signalingRetryMaxMs: 30_000,
  /** `open` without a deadline of its own. */
  openTimeoutMs: 10_000,
  maxWaitingOpens: 256,

  // ── gossip ─────────────────────────────────────────────────────────────────────────────────────────────────────
  maxGossipItemBytes: 16 * 1024,
  /** UTF-16 units. */
  maxTopicLength: 64,
  maxTopics: 256,
  /** The links of a node and the tabs behind it; also the bits of one integer, in which an item keeps who has it. */
  maxGossipLinks: 32,
  /** GossipSub's D and D_lo: links on which we push or announce at once, and links on which a publication of our own starts. */
  gossipCloseLinks: 6,
  gossipFirstPushes: 4,
  /** A publication of our own this small starts on all close links (GossipSub 1.1, flood publishing). */
  gossipFloodBytes: 1024,
  /** Twice the clock skew and the lifetime of an item: nothing leaves the cache and still passes a clock test. */
  gossipSeenMs: 360_000,
  maxGossipSeen: 10_000,
  /** How long an item can be fetched: a link that comes up within two minutes after the item brings it. */
  gossipHoldMs: 120_000,
  maxGossipHeldBytes: 8 * 2 ** 20,
  /** Announcements on close links: soon when the link was quiet, then in batches; on the other links, which only matter when those fail, later. */
  gossipAnnounceFirstMs: 100,
  gossipAnnounceMs: 1_000,
  gossipAnnounceFarMs: 3_000,
  /** Ids of one announcement or request: 10 kB. */
  maxGossipIdsPerMessage: 500,
  /** GossipSub's 5 000 ids in each of its heartbeats, thinned to what 20 links can mean. */
  /** What a new link is told of the items that can still be had: the latest. */
  maxGossipBacklogIds: 256,
  gossipIdsPerSecond: 1_000,
  gossipIdsBurst: 5_000,
  gossipAnnouncementsPerSecond: 10,
  gossipAnnouncementsBurst: 40,
  /** An announced item usually comes along the tree in this time; else it is asked for. About ten hops of 75 ms. */
  gossipMissingMs: 700,
  /** The next one who announced it is asked after this long; the silent one broke its promise after `gossipPromiseMs` (GossipSub's IWANT follow-up). */
  gossipAskNextMs: 1_000,
  gossipPromiseMs: 3_000,
  /** Items that we know of and lack; and who announced one of them. */
  maxGossipMissing: 4_096,
  maxGossipAnnouncers: 6,
  /** Items asked of one neighbour at once. */
  maxGossipAskedPerLink: 256,
  /** Unasked items that one neighbour may push; we push slower than that and announce the rest. */
  gossipPushesPerSecond: 50,
  gossipPushesBurst: 300,
  gossipOwnPushesPerSecond: 40,
  gossipOwnPushesBurst: 200,
  /** What a neighbour may fetch: all that is held at once. */
  gossipServedBytesPerSecond: 256 * 1024,
  gossipServedBytesBurst: 8 * 2 ** 20,
  /** Items of one neighbour, and of all, that wait for the verdict of their topic. */
  maxGossipValidatingPerLink: 256,
  maxGossipValidating: 1_024,
  /** After a prune nobody is asked to push again unless an item was missing (GossipSub's prune back-off). */
  gossipPruneBackoffMs: 60_000,
  /** Pushes that come this long after a prune were not under way when it was sent; so many are no accident. */
  gossipPruneTakesMs: 5_000,
  maxGossipPushesAfterPrune: 16,
  maxGossipPayloadBytes: 15 * 1024,
  /** Authors whose numbers are remembered, and numbers of one author. */
  maxGossipAuthors: 2_048,
  gossipReplayWindow: 64,

  // ── presence ───────────────────────────────────────────────────────────────────────────────────────────────────
  /** Four times the largest network that is planned for; 1 kB each. */
  maxPresenceNodes: 4_096,
  /** What refreshing all cards may cost a node, and what one card of anybody costs it: 200 bytes once, its announcements, framing. */
  presenceRefreshBytesPerSecond: 150,
  presenceBytesPerRefresh: 500,
  /** A card lives three refreshes: five minutes to a day (`peerCardLifetimeMs`). */
  presenceRefreshMinMs: 100_000,
  presenceRefreshMaxMs: 28_800_000,
  presenceLifetimeRefreshes: 3,
  /** A newcomer waits so long for a neighbour to tell how large the network is: that decides how long its card lives. */
  presenceFirstCardMs: 300,
  /** When many join at once, each of them sees a small network; all the same their first cards must not be due a minute later. */
  presenceFirstCardNodes: 500,
  /** Between two cards of one node; others take a few at once and then one in `presenceCardEveryMs`. */
  presenceReissueMs: 2_000,
  presenceCardEveryMs: 5_000,
  presenceCardsAtOnce: 8,
  /** A broken session has this long to come back before its end is told; the witnesses spread over the next second, so that two speak and not twenty. */
  presenceGraceMs: 1_000,
  presenceWitnessSpreadMs: 1_000,
  presenceGoodbyeSpreadMs: 300,
  /** How long a suspect may take to speak up: with two witnesses against it (one, where it has one neighbour only), and with one. */
  presenceConfirmMs: 1_500,
  presenceSuspectMs: 4_000,
  /** After a sleep of our own, lost sessions say nothing about the others. */
  presenceBlamelessMs: 15_000,
  /** A card or notice this young is passed on though it is known: it came by anti-entropy before it came by gossip. */
  presenceNewsMs: 120_000,
  /** Far out of date: no honest node passes such a card on. */
  presenceStaleMs: 600_000,
  /** The least time for which a goodbye is remembered, longer where the card that it ends would still be valid. */
  presenceGoodbyeMs: 600_000,
  presenceSweepMs: 30_000,
  /** Somebody whose notices were refuted on this many occasions within `presenceDistrustMs` is not believed for as long. */
  presenceRefutedNotices: 3,
  /** All that is refuted within this time is one occasion: longer than a large network needs to heal from a split. */
  presenceRefutedGapMs: 60_000,
  presenceDistrustMs: 600_000,
  maxPresenceWitnesses: 1_024,
  /** Signatures of one neighbour's cards and notices, and nodes unknown to us that it may introduce: a whole network at once, then few. */
  presenceChecksPerSecond: 200,
  presenceChecksBurst: 3_000,
  presenceNewcomersPerSecond: 10,
  presenceNewcomersBurst: 1_500,
  maxPresenceJobs: 4_096,
  /** Anti-entropy: how often a random neighbour is compared with, comparisons of one neighbour, and how long one may take. */
  presenceCompareMs: 60_000,
  presenceComparesPerSecond: 2,
  presenceComparesBurst: 40,
  presenceRoundMs: 10_000,
  /** Between what one comparison brought and the next: its signatures are being checked. */
  presenceSpreadMs: 500,
  presenceRoundBytes: 256 * 1024,
  presenceItemsMessageBytes: 16 * 1024,
  maxPresenceItemsPerMessage: 128,
  presenceServedBytesPerSecond: 128 * 1024,
  presenceServedBytesBurst: 2 ** 20,
  /** Items outside a comparison: a newer card for somebody who passed on an outdated notice. */
  presenceAsidesPerSecond: 8,
  presenceAsidesBurst: 60,
  presenceOwnAsidesPerSecond: 4,
  presenceOwnAsidesBurst: 30,
  /** The table's digest has 2^10 buckets: about four nodes each when it is full. */
  presenceBucketBits: 10,

  // ── peer scores ────────────────────────────────────────────────────────────────────────────────────────────────
  /** Nodes and persons whose offences are remembered; the one that offended longest ago is forgotten first. */
  maxScoredPeers: 2_048,
  /** Below these (GossipSub 1.1's gossip, publish and graylist thresholds). */
  scoreIgnoresGossip: -10,
  scoreDisconnects: -50,
  scoreRefuses: -80,
  /** A refusal lasts this long, twice as long each time, and six hours at most; a peer that was refused this long ago begins anew. */
  scoreRefuseMs: 600_000,
  scoreRefuseMaxMs: 21_600_000,
  scoreForgetsMs: 86_400_000,

  // ── conversations ──────────────────────────────────────────────────────────────────────────────────────────────
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

  // ── directory ──────────────────────────────────────────────────────────────────────────────────────────────────
  /** UTF-16 units. */
  maxDisplayNameLength: 48,
  maxAgentsPerNode: 32,
  maxAgentTitleLength: 80,
  maxAgentDescriptionLength: 500,
  maxDirectoryBytes: 48 * 1024,

  // ── agents ─────────────────────────────────────────────────────────────────────────────────────────────────────
  /** MCP sessions that others may have open with agents of this node. */
  maxServedSessions: 64,
  /** Calls that wait for the owner's answer; more are refused. */
  maxWaitingApprovals: 16,
  approvalTimeoutMs: 120_000,
  callTimeoutMs: 60_000,
  maxKeptCalls: 200,
  maxNotes: 2_000,
  maxNoteBytes: 64 * 1024,
  runnerTimeoutMs: 5_000,
  runnerMemoryBytes: 64 * 2 ** 20,
  runnerMaxOutputBytes: 256 * 1024,
} as const;
