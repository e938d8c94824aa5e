/** What neighbours tell each other: gossip, presence, and how they judge each other. */
export const GOSSIP_LIMITS = {
  // ── gossip ──────────────────────────────────────────────────────────────────────────────────────────────────────
  maxGossipItemBytes: 16 * 1024,
  /** UTF-16 units. */
  maxTopicLength: 64,
  maxTopics: 256,
  /** The links of a node and the tabs behind it; also the bits of one integer, in which an item keeps who has it. */
  maxGossipLinks: 32,
  /** Further links, which only a host has: of those it is not remembered who has what, and they hear of some items twice. */
  maxGossipNeighbours: 160,
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
  /** What a new link is told of the items that can still be had: the latest. */
  maxGossipBacklogIds: 256,
  /** GossipSub's 5 000 ids in each of its heartbeats, thinned to what 20 links can mean. */
  gossipIdsPerSecond: 1_000,
  gossipIdsBurst: 5_000,
  gossipAnnouncementsPerSecond: 10,
  gossipAnnouncementsBurst: 40,
  /** An announced item usually comes along the tree in this time; else it is asked for. About ten hops of 75 ms. */
  gossipMissingMs: 700,
  /** The next one who announced it is asked after this long; the silent one broke its promise after `gossipPromiseMs`. GossipSub's
   * IWANT follow-up of 3 s is for servers: a machine that starts thirty nodes, or a tab that is out of sight, is late by more and means no harm. */
  gossipAskNextMs: 1_000,
  gossipPromiseMs: 10_000,
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
  /** Items that wait for another neighbour than the one that brought them: their ids, with those who did. */
  maxGossipDeferred: 1_024,
  /** After a prune nobody is asked to push again unless an item was missing (GossipSub's prune back-off). */
  gossipPruneBackoffMs: 60_000,
  /** Pushes that come this long after a prune were not under way when it was sent; so many are no accident. */
  gossipPruneTakesMs: 5_000,
  maxGossipPushesAfterPrune: 16,
  maxGossipPayloadBytes: 15 * 1024,
  /** Authors whose numbers are remembered, and numbers of one author. */
  maxGossipAuthors: 2_048,
  gossipReplayWindow: 64,
  /** Publications of this node's programs that wait for their signature. */
  maxSigningPublications: 256,

  // ── presence ────────────────────────────────────────────────────────────────────────────────────────────────────
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
  /** A card with another sealing key that comes this long after a session began is of a later run of the neighbour. */
  presenceRestartMs: 10_000,
  presenceGoodbyeSpreadMs: 300,
  /** How long a suspect may take to speak up: with two witnesses against it (one, where it has one neighbour only), and with one. */
  presenceConfirmMs: 1_500,
  presenceSuspectMs: 4_000,
  /** After a sleep of our own, lost sessions say nothing about the others. */
  presenceBlamelessMs: 15_000,
  /** A card or notice this young is passed on though it is known: it came by anti-entropy before it came by gossip. */
  presenceNewsMs: 120_000,
  /**
   * Gossip brings a card to everybody within seconds. One of a node unknown to us that is older than this comes out of the store of somebody who does not
   * know whether the node is still there.
   */
  presenceFreshMs: 60_000,
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
  /** Signatures of one neighbour's cards and notices, and nodes unknown to us of which it may tell: a whole network at once, then few. */
  presenceChecksPerSecond: 200,
  presenceChecksBurst: 3_000,
  presenceNewcomersPerSecond: 10,
  presenceNewcomersBurst: 1_500,
  /**
   * Of those, the ones that are taken on one neighbour's word alone: tabs behind a neighbour, somebody who has that one link. Others have a second voice
   * within seconds, for which they wait; so what a neighbour makes up is bounded by this and not by its zeal.
   */
  presenceSoleVoiceBurst: 16,
  presenceSoleVoiceEveryMs: 20_000,
  /** The same for the only neighbour that a node has: as many as join a network of a thousand in times of change. */
  presenceOnlyVoicePerSecond: 1,
  /** Nodes that wait for a second voice, of one neighbour: more than wait at once when a thousand join within seconds. Far more is a flood. */
  presenceDoubtsPerSecond: 2,
  presenceDoubtsBurst: 256,
  maxPresenceHeard: 512,
  /** Neighbours that left and whose budgets are remembered, should they come back. */
  maxFormerPresenceNeighbours: 256,
  presenceHeardMs: 600_000,
  /** Somebody who is new, or slept, takes a neighbour's table as it is for this long; the other neighbours confirm it. */
  presenceSettleMs: 30_000,
  /** What one neighbour only told of, and this many others do not know so much later, is forgotten. */
  presenceUnconfirmedMs: 60_000,
  presenceDenials: 2,
  maxPresenceJobs: 4_096,
  /** Anti-entropy: how often a random neighbour is compared with, comparisons of one neighbour, and how long one may take. */
  presenceCompareMs: 60_000,
  presenceComparesPerSecond: 2,
  presenceComparesBurst: 40,
  presenceRoundMs: 10_000,
  /** Without an answer for so long, the next neighbour is asked: a round trip, and one packet of it lost. */
  presenceAnswerMs: 1_000,
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

  // ── peer scores ─────────────────────────────────────────────────────────────────────────────────────────────────
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
} as const;
