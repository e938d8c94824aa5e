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
} as const;
