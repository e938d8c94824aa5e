/** What is on the wire: frames, handshakes, keys, introductions, and what the signaling client says. */
export const WIRE_LIMITS = {
  // ── frames and codecs ───────────────────────────────────────────────────────────────────────────────────────────
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

  // ── handshake and session ───────────────────────────────────────────────────────────────────────────────────────
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

  // ── clocks and replays ──────────────────────────────────────────────────────────────────────────────────────────
  maxClockSkewMs: 120_000,
  /** Longer than twice the skew plus the lifetime of an introduction: nothing leaves the cache and still passes the clock test. */
  seenIntroductionMs: 360_000,
  /** All that `introductionsPerSecond` lets in during that time: nobody can push an introduction out of the cache and have it replayed. */
  maxSeenIntroductions: 16_384,

  // ── identity and introductions ──────────────────────────────────────────────────────────────────────────────────
  /** 16 devices of 34 bytes leave a chain well below `maxIdentityPayloadBytes`; nobody has more browsers in use. */
  maxDevicesPerPerson: 16,
  /** What the signaling server takes (signaling-server/PROTOCOL.md). */
  maxPeerCardBytes: 1024,
  maxIntroductionBytes: 12_288,
  /** One description and the candidates that were found with it; a machine with many interfaces finds about twenty. */
  maxSignalsPerIntroduction: 32,
  /** A card is made anew on every join; its sealing key dies with the tab. */
  peerCardLifetimeMs: 86_400_000,

  // ── channel ─────────────────────────────────────────────────────────────────────────────────────────────────────
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

  // ── signaling client ────────────────────────────────────────────────────────────────────────────────────────────
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

  // ── join codes, remembered neighbours ───────────────────────────────────────────────────────────────────────────
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
} as const;
