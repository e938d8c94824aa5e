/** Paths through other nodes, and what a relay does for others. */
export const ROUTING_LIMITS = {
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
} as const;
