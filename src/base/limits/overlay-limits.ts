/** Which links a node has: with whom it attempts them, and when it gives them up. */
export const OVERLAY_LIMITS = {
  // ── mesh ────────────────────────────────────────────────────────────────────────────────────────────────────────
  /** What may wait for a neighbour that reads slowly; more is dropped (protocols.md §8.2). */
  maxWaitingLaneBytes: 2 * 2 ** 20,

  // ── dialling and membership ─────────────────────────────────────────────────────────────────────────────────────
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

  // ── hosts ───────────────────────────────────────────────────────────────────────────────────────────────────────
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
} as const;
