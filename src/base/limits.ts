/**
 * Every bound of the node, in one place, each with its reason. Units are last in the name.
 * `limits.test.ts` asserts the relations between them.
 */
export const LIMITS = {
  // ── frames and codecs ──────────────────────────────────────────────────────────────────────────────────────────
  /** What Chromium takes in one message of a data channel. A quarter of the messages of 64 KiB costs both ends a tenth less. */
  maxFrameBytes: 256 * 1024,
  /** The smallest maximum message size among WebRTC stacks: links whose other end named none carry this. */
  portableFrameBytes: 64 * 1024,
  /** One decoded value; what is larger travels as the bytes of a stream. */
  maxCborBytes: 64 * 1024,
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
  /**
   * Above this size, WebCrypto's AES-256-GCM beats ChaCha20-Poly1305 in script. Chromium's works in place, yet one call of it now and then costs
   * 30 µs, which is what ChaCha20 takes for 1 KiB; other browsers' work in another thread, 75 µs away.
   */
  bulkFrameBytes: 4 * 1024,
  /** Frames that may wait for WebCrypto at once in one direction: enough to keep it busy, few enough not to delay small frames. */
  maxPendingBulkFrames: 8,
  maxIdentityPayloadBytes: 4 * 1024,

  // ── clocks and replays ─────────────────────────────────────────────────────────────────────────────────────────
  maxClockSkewMs: 120_000,
  /** Longer than twice the skew plus the lifetime of an introduction: nothing leaves the cache and still passes the clock test. */
  seenIntroductionMs: 360_000,
  /** All that `introductionsPerSecond` lets in during that time: nobody can push an introduction out of the cache and have it replayed. */
  maxSeenIntroductions: 16_384,

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
  /** Payloads of one direction that wait in order behind the bulk cipher: more than the session's window can hold in frames of `bulkFrameBytes`. */
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
  /** Servers that a node keeps a connection with: its own, those that it was told of, those of invites. */
  maxSignalingServers: 8,
  /** Introductions that may wait until the socket is open and joined: every peer of a welcome, with its answers and candidates. */
  maxWaitingSignalingMessages: 64,
  /** A server that has not said anything this long after dialling is taken as unreachable: browsers themselves wait minutes. */
  signalingConnectTimeoutMs: 10_000,

  // ── streams ────────────────────────────────────────────────────────────────────────────────────────────────────
  /** The largest message of a stream: a tool's result with an image in base64 fits, a file goes in pieces. */
  maxStreamMessageBytes: 2 * 2 ** 20,
  /** What a stream may send before its receiver consumed anything; a message is only begun when all of it fits, so the
   * largest must fit with its overhead while as much as a credit step was consumed and not told yet. */
  streamWindowBytes: 2 * 2 ** 20 + 64 + 512 * 1024,
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
  /** The same for bulk streams with a whole window: each credit is a message of its own on the link, and a transfer has seconds. */
  bulkCreditStepBytes: 512 * 1024,
  /** The same for all streams of a session together. */
  sessionCreditStepBytes: 2 ** 20,
  /** Opens, resets, pings and credits of a peer, per second and at once: MCP opens one stream per agent, chat one per session. */
  controlFramesPerSecond: 2_000,
  controlFramesBurst: 8_000,
  /** Answers that wait because the peer reads nothing: more only come from a peer that asks on purpose. */
  maxQueuedControlFrames: 16_384,

  /** Small messages of one moment travel together up to this size: a frame of its own for each costs a link twenty times what its bytes do. */
  packedFrameBytes: 32 * 1024,
  /** What one frame carries of a large message that is not bulk: more urgent ones pass between its frames. */
  maxUrgentPayloadBytes: 64 * 1024 - 64,

  // ── connections ────────────────────────────────────────────────────────────────────────────────────────────────
  /** Bulk frames in the link's buffer, at most: about 10 ms of a fast link, so that a chat line behind them hardly waits. */
  bulkLinkBufferBytes: 512 * 1024,
  /** The same on a slow link: as much as leaves in this time, */
  bulkAheadMs: 50,
  /** but enough to keep it busy between two turns of the event loop, */
  minBulkLinkBufferBytes: 32 * 1024,
  /** and before anything is known of it. */
  firstBulkLinkBufferBytes: 128 * 1024,
  /** All frames in the link's buffer. */
  linkBufferBytes: 2 * 2 ** 20,
  /** Frames before anything is parsed: three times what the fastest link carries in small frames. */
  framesPerSecond: 30_000,
  framesBurst: 60_000,

  // ── mesh ───────────────────────────────────────────────────────────────────────────────────────────────────────
  /** What may wait for a neighbour that reads slowly; more is dropped (protocols.md §8.2). */
  maxWaitingLaneBytes: 2 * 2 ** 20,

  // ── health ─────────────────────────────────────────────────────────────────────────────────────────────────────
  /** A peer that said nothing for this long is asked. */
  pingAfterSilenceMs: 15_000,
  /** An unanswered ping is repeated; after the third the peer is gone: 15 + 3 × 8 = 39 s, below the 45 s in which dead peers are dropped. */
  pingTimeoutMs: 8_000,
  maxUnansweredPings: 3,
  /** After the platform said that something happened (wake, network change), an answer must come quickly. */
  urgentPingTimeoutMs: 2_000,
  /**
   * A relay may fall silent while its links stay open. What was sent over a circuit and not answered in three round trips, within these bounds, is asked about;
   * without an answer in `urgentPingTimeoutMs` another path is tried beside it. Longer than two retransmissions of a packet that was lost.
   */
  minAnswerWaitMs: 1_000,
  maxAnswerWaitMs: 4_000,
  /** A wake-up that comes this much late means that our own tab slept: nobody else is blamed for the silence. */
  stallMs: 5_000,
  /** A wake-up this late, and what was waited for may lie unread before us: it is no sign that it was not sent. */
  lateWakeMs: 1_000,
  /** A wake-up this late means that our own turns come late, which is held of the node for so long. Timers of a page with nothing else to do are some ms late. */
  lateTurnMs: 250,
  lateTurnsMs: 5_000,

  // ── dialling and membership ────────────────────────────────────────────────────────────────────────────────────
  /** From the first introduction to an open link; ICE needs a few seconds where only a slow pair of addresses works. */
  dialTimeoutMs: 15_000,
  maxDials: 16,
  /**
   * An attempt that was answered and has no link by now rarely gets one, for checks of addresses that work take two or three round trips: others are tried
   * beside it, and in its place where there are as many as there may be.
   */
  slowDialMs: 3_000,
  /** A description and candidates found this shortly after each other travel together. */
  candidateBatchMs: 15,
  /** Introductions per second and at once, of all peers together: twenty newcomers, each with a few candidates. */
  introductionsPerSecond: 40,
  introductionsBurst: 120,
  /** Links of a desktop's node. */
  maxConnections: 20,
  /** With this many links a node stops handing its card to newcomers: it is reached through the mesh. */
  announceBelowConnections: 6,
  /** Peers that a node remembers while it runs: four times the largest network in which everybody knows everybody. */
  maxKnownPeers: 4_096,
  /** Up to here a node looks for links with random others; they halve the steps between any two with each four more. */
  targetLinks: 8,
  /** Neighbours on each side of the ring: the network holds together unless two next to each other vanish at once before the ring closes again. */
  nearLinksEachSide: 2,
  /** No news of others for so long, and the neighbours on the ring are the right ones. */
  nearSettleMs: 300,
  /** Above this a link that nothing speaks for is given up, one each `pruneLinksMs`, so that there is room for newcomers. */
  comfortableLinks: 14,
  pruneLinksMs: 30_000,
  /** How often a node looks for parts of the network that it does not know: a split heals within this time. */
  bridgeProbeMs: 45_000,
  /** Without a link after this time, when most have one, a newcomer asks the server for others, and again, ever more seldom. */
  lonelyListFirstMs: 1_500,
  lonelyListMaxMs: 30_000,
  /** So often at first; each answer names eight. */
  lonelyListsSoon: 4,
  /** From how many nodes this one learns how it can be reached: more than it has links, few enough to follow a change. */
  reachEvidenceNodes: 32,
  /** A node calls itself confined when so many attempts failed, and twice as many as did not: one or two others may just have left. */
  confinedAfterFailures: 3,
  /** Whoever has fewer links with others than this may have no other way into the network. */
  fewLinks: 3,
  maxBridgeDials: 2,
  /** Questions to the signaling server for one node's card. */
  lookUpsPerSecond: 1,
  lookUpsBurst: 8,
  /** After a refusal for lack of room, or a link that was given up. */
  dialAgainMs: 60_000,
  /** The side that waits when two nodes hear of each other at the same time: more than an introduction takes to cross the network. */
  politeDialMs: 1_500,
  /** Nodes that stay announced whatever links they have: a few, in case some are dead. */
  beacons: 3,
  maxPreferredPeers: 16,
  redialFirstMs: 500,
  redialMaxMs: 30_000,
  /** After this many failed attempts in a row nobody is dialled unasked any more. */
  maxRedials: 8,
  signalingRetryFirstMs: 500,
  signalingRetryMaxMs: 30_000,
  /** `open` without a deadline of its own. */
  openTimeoutMs: 10_000,
  maxWaitingOpens: 256,

  // ── hosts ──────────────────────────────────────────────────────────────────────────────────────────────────────
  /** Characters of the address of a host's sockets: two of them leave a card well below `maxPeerCardBytes`. */
  maxHostUrlLength: 200,
  /** Hosts are few; in an open network anybody may say to be one. */
  maxKnownHosts: 32,
  /** From dialling to the host's first word. */
  hostDialTimeoutMs: 10_000,
  /** Two hosts speak for newcomers with two voices, and one may stop. */
  hostLinks: 2,
  hostRetryFirstMs: 500,
  hostRetryMaxMs: 30_000,
  /** Of those that a person adds. */
  maxOwnHosts: 8,
  /** Attempts at direct links that failed in a row, and none that opened: the network lets none through. */
  hopelessDials: 3,
  /** An attempt that both sides took part in and that did not open in this time would not have: browsers give up much later. */
  hopelessDialMs: 10_000,
  /** One for the world, one for the local network. */
  maxHostUrlsPerCard: 2,

  // ── gossip ─────────────────────────────────────────────────────────────────────────────────────────────────────
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

  // ── routing and relays ─────────────────────────────────────────────────────────────────────────────────────────
  /** As many as `maxConnections`: whoever lists more has them from nowhere. */
  maxListedLinks: 20,
  /** Links that come and go together are told together. */
  linkListDelayMs: 1_000,
  /** Lists of one neighbour, per second and at once: one for each `linkListDelayMs`, and what waited while we slept. */
  linkListsPerSecond: 2,
  linkListsBurst: 20,
  /** A call over three relays at 75 ms one way still takes less than a second; longer paths are found only in networks that need more links. */
  maxRelays: 3,
  /** Questions of one neighbour for paths: its own and those that it passes on. */
  findsPerSecond: 5,
  findsBurst: 40,
  /** Of that, what a node asks for itself: the rest is for those that it passes on. */
  ownFindsPerSecond: 2,
  ownFindsBurst: 20,
  /** With the asker's own fan-out, twelve nodes and their four hundred neighbours hear of a question. */
  findForwardFanOut: 3,
  /** Searches of this node at once: a few per waiting `open`. */
  maxFinds: 64,
  /** Alternatives that are worth trying before giving up. */
  maxFoundPaths: 4,
  /** How long relays remember a path that nobody uses. */
  pathLifetimeMs: 60_000,
  maxPaths: 2_048,
  maxPathsPerNeighbour: 512,
  /** Introductions of one neighbour that are passed on, per second and at once: a few dials, each with its candidates. */
  carriedIntroductionsPerSecond: 10,
  carriedIntroductionsBurst: 60,
  /** Our own that wait for a path. */
  maxWaitingIntroductions: 64,
  /** What a link's frame leaves for a frame inside a circuit, so that it need not be cut: the inner frame travels as one message of a stream. */
  maxCircuitFrameBytes: 64 * 1024 - 64,
  /** What a circuit's end sends ahead of its relay's credit: far below the stream's window, because several slow circuits share one session with their relay. */
  circuitWindowBytes: 512 * 1024,
  /** protocols.md §8.2: circuits that one peer may have through us, and all together. */
  maxRelayedCircuitsPerPeer: 16,
  maxRelayedCircuits: 128,
  /** Circuits that one peer may open per second and at once. */
  relayedCircuitsPerSecond: 2,
  relayedCircuitsBurst: 16,
  /** From a circuit's request to the next node's answer, per relay. */
  circuitOpenTimeoutMs: 5_000,
  /** Both ends ask each other for a sign of life long before. */
  circuitIdleMs: 90_000,
  /** A relay that did not bring a session about by now may never; another is tried beside it. */
  nextRelayAfterMs: 2_000,
  /** Relays that are tried at once, and altogether, to reach a node. */
  maxCircuitsAtOnce: 3,
  maxRelaysTried: 6,
  /** Circuits of strangers, as in libp2p's circuit relay v2: enough to open a direct link or for a short talk. */
  strangerCircuitMs: 120_000,
  strangerCircuitBytes: 128 * 1024,
  strangerCircuitBytesPerSecond: 256 * 1024,
  /** All strangers together. */
  strangersBytesPerSecond: 2 ** 20,

  /** Frames behind one that a circuit carries, if nothing else follows: what SCTP needs to miss a packet (RFC 9260 §7.2.4). */
  followingFrames: 3,
  /** After this time, in which an answer or the next part of a message would have come along anyway; little against the round trip that a repair takes. */
  followAfterMs: 10,
  /** Later than this the retransmission timeout is sooner. */
  followWithinMs: 200,
  /** On links that are nearer, packets are hardly ever lost, and much is called over them in a second. */
  followFromRoundTripMs: 20,
  /** So many messages in a second are followed, and at once: more are each other's followers. A relay sends for a stranger at most 8 kB/s more. */
  followedFramesPerSecond: 20,
  followedFramesBurst: 40,

  // ── sessions that move to another link ─────────────────────────────────────────────────────────────────────────
  /** From a link's opening to both proofs: one round trip. */
  sessionClaimTimeoutMs: 5_000,
  /** From the proofs to the last frame on the old link, which may have a transfer's buffer before it. */
  sessionMoveTimeoutMs: 20_000,
  /** What may be sent on the new link before the peer has all of the old one: it must be held there. */
  maxAheadBytes: 512 * 1024,
  /** Claims of one session that were answered, and are not again; a session moves a few times in its life. */
  maxAnsweredClaims: 64,
  /** A session on a link of a kind that the node gives up looks for another way so often, */
  leaveLinkRetryMs: 1_000,
  /** and ends after so long without one: a search, a circuit and a move, or a direct dial, several times over. */
  leaveLinkMs: 20_000,

  // ── sessions that lost their circuit ───────────────────────────────────────────────────────────────────────────
  /** Frames of a session over a circuit are kept until the peer has them: all that its window lets out, and what waits for the next acknowledgement. */
  maxKeptBytes: 12 * 2 ** 20,
  maxKeptFrames: 32_768,
  /** What comes over a circuit is acknowledged after so many bytes or frames: one small frame for a hundredth of the traffic, and little to send again. */
  acknowledgeBytes: 64 * 1024,
  acknowledgeFrames: 64,
  /** How long a session without a path waits for one: several relays one after the other, or one direct dial. */
  sessionResumeTimeoutMs: 15_000,
  /** The session's responder leaves the first attempt to the initiator: a search and a circuit over two relays are open by then. */
  politeResumeMs: 1_500,
  /** When no path was found, it is looked for again: neighbours come and tell of others. */
  resumeRetryMs: 1_000,
  /** When a session over relays that is in use looks for a faster path: soon, because the first relay was chosen by its own distance only, then now and then. */
  comparePathsFirstMs: 2_000,
  comparePathsMs: 30_000,
  /** Moves that came to nothing and of which the peer's last words may still come. */
  maxAbandonedMoves: 8,

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
  /** Rows of the list of conversations that are read at once: some screens full, so that the start costs the same for thousands. */
  chatListPage: 100,
  /** Conversations that are kept open for a quick return; the longest unseen of more are read again when looked at. */
  maxOpenConversations: 20,

  // ── directory ──────────────────────────────────────────────────────────────────────────────────────────────────
  /** UTF-16 units. */
  maxDisplayNameLength: 48,
  /** A host that mounts all servers of a long `mcpServers` file; a page has a handful. */
  maxAgentsPerNode: 64,
  maxAgentTitleLength: 80,
  maxAgentDescriptionLength: 500,
  maxDirectoryBytes: 48 * 1024,

  // ── registry ───────────────────────────────────────────────────────────────────────────────────────────────────────
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

  // ── join codes, remembered neighbours ──────────────────────────────────────────────────────────────────────────
  /** Characters: a QR code of version 40 holds 2 331 bytes with the error correction that screens need. */
  maxJoinCodeLength: 2_300,
  /** Sixteen of the longest addresses, the card, the hello and the signatures stay below `maxJoinCodeLength`. */
  maxJoinCandidates: 16,
  /** People pass codes on by messengers and by hand. */
  joinCodeLifetimeMs: 600_000,
  /** STUN answers within a second or never; where there is none, browsers go on looking for ten. */
  joinGatherMs: 2_500,
  /** How often the side that answered tries the other's addresses, which keeps its NAT open until the answer is there. */
  joinRetryMs: 5_000,
  /** From the answer's being pasted to the open link. */
  joinConnectMs: 30_000,
  /** Neighbours of which the card is kept for the next start. */
  maxAnchors: 8,

  // ── agents ─────────────────────────────────────────────────────────────────────────────────────────────────────
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
