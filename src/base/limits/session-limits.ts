/** A session with one peer: its streams, its links, its health, and how it goes to another link. */
export const SESSION_LIMITS = {
  // ── streams ─────────────────────────────────────────────────────────────────────────────────────────────────────
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

  // ── connections ─────────────────────────────────────────────────────────────────────────────────────────────────
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

  // ── health ──────────────────────────────────────────────────────────────────────────────────────────────────────
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

  // ── sessions that move to another link ──────────────────────────────────────────────────────────────────────────
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

  // ── sessions that lost their circuit ────────────────────────────────────────────────────────────────────────────
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
} as const;
