/**
 * Every bound of the server, each with its reason. Those that a self-hoster may have to change are options
 * (`options.ts`) whose defaults stand here.
 */
export const LIMITS = {
  // ── messages ───────────────────────────────────────────────────────────────────────────────────────────────────
  /** An introduction is a sealed session description of 2–4 KiB; four times that is room enough. */
  maxMessageBytes: 16 * 1024,
  /** What the WebSocket reader accepts at all: enough above the message limit to answer `too-large` in words. */
  maxWebSocketPayloadBytes: 32 * 1024,
  maxRelayBodyBytes: 12 * 1024,
  maxCardBytes: 1024,
  /** A newcomer wants a few live peers; the rest it learns from them. */
  maxCardsPerWelcome: 8,
  /** A message in 64 pieces is somebody's experiment, not a client. */
  maxFragments: 64,
  /** Chunks of unfinished frames that the reader may hold: 32 KiB in TCP segments of the smallest usual size, and some. */
  maxBufferedChunks: 256,

  // ── other servers ──────────────────────────────────────────────────────────────────────────────────────────────
  /** Hosts that pages are told of. */
  maxHosts: 4,
  /** Servers that clients are told of; each costs them a socket. */
  maxPeerServers: 8,
  maxTurnUrls: 4,
  /** A TURN allocation outlives its credentials; a client that stays longer than this gets fresh ones with its next join. */
  turnLifetimeSeconds: 24 * 3600,

  // ── the local network ──────────────────────────────────────────────────────────────────────────────────────────
  /** Of each kind: as many servers as clients may be told of. Anybody on the network can invent them. */
  maxNearbyPlaces: 8,
  /** Announced from one address: a machine runs a server, and perhaps a host for each of its people. */
  maxNearbyPerAddress: 4,
  /** Ours have one in each packet. */
  maxNearbyPerPacket: 8,
  /** Ours have three. */
  maxNearbyTextItems: 8,
  /** How long an announcement holds, whatever it says (RFC 6762 §10 has it for what depends on an address). */
  nearbyTtlSeconds: 120,
  /** Two questions may get lost within an announcement's life. */
  nearbyQueryMs: 45_000,
  nearbySweepMs: 10_000,
  /** Everybody is told of each change: somebody who comes and goes all the time may not keep the server busy. */
  nearbyChangeMs: 2_000,

  // ── pace of one socket ─────────────────────────────────────────────────────────────────────────────────────────
  /** A node that dials eight peers sends about forty messages in a burst, then nearly nothing. */
  messagesPerSecond: 20,
  messageBurst: 60,
  /** A reader that lets this much pile up is gone or hostile. */
  maxBufferedBytes: 1024 * 1024,

  // ── time ───────────────────────────────────────────────────────────────────────────────────────────────────────
  /** The HTTP request of a handshake is one packet: a peer that trickles it holds a socket for nothing. */
  httpHeadersTimeoutMs: 5_000,
  httpRequestTimeoutMs: 10_000,
  httpKeepAliveTimeoutMs: 5_000,
  /** From the challenge to the join: a browser may still be making its first keys when the socket opens. */
  joinTimeoutMs: 10_000,
  /** Below the idle timeouts of common proxies and home routers (30–60 s). */
  pingIntervalMs: 25_000,
  /** Two pings unanswered. */
  idleTimeoutMs: 60_000,
  /** How long a refused or closing socket may take to say goodbye. */
  closeTimeoutMs: 2_000,
  /** How long the server waits for all goodbyes when it stops. */
  shutdownTimeoutMs: 5_000,

  // ── addresses ──────────────────────────────────────────────────────────────────────────────────────────────────
  /** One person's tabs and devices behind one address (IPv6: one /64). */
  maxSocketsPerAddress: 10,
  /** A neighbourhood: IPv4 /24, IPv6 /48. */
  maxSocketsPerPrefix: 50,
  /** Tests and several browsers of one machine use it; only that machine can. */
  maxSocketsPerLoopbackAddress: 100_000,
  /** Reloading a page now and then stays below this; opening and closing in a loop does not. */
  joinsPerMinutePerAddress: 5,
  /** All tabs of an address may come back at once, after a restart of the server. */
  joinBurstPerAddress: 10,
  /** Addresses that are remembered while their join bucket fills up again. */
  maxAddressRecords: 100_000,
  /** 10 000 idle connections are about 150 MiB; this is the most that a small machine should hold. */
  maxSockets: 20_000,
  /** Sockets over the limit that are told so in words; beyond these the handshake itself is refused. */
  maxSocketsBeingRefused: 256,

  // ── STUN ───────────────────────────────────────────────────────────────────────────────────────────────────────
  /** A browser sends a Binding request per interface and repeats the lost ones. */
  stunRequestsPerSecondPerAddress: 10,
  stunBurstPerAddress: 20,
  /** On loopback there is nobody to protect and many tabs to serve. */
  stunRequestsPerSecondOnLoopback: 10_000,
  maxStunAddressRecords: 50_000,
  /** A Binding request is 20 bytes and a few attributes (RFC 8489 §6.1 wants it below the path MTU). */
  maxStunRequestBytes: 548,
  /** Unknown attributes that the 420 response lists. */
  maxUnknownAttributes: 8,
  /** Responses are never larger than this many times the request, so nobody gains by forging a source. */
  maxStunAmplification: 3,

  // ── files ──────────────────────────────────────────────────────────────────────────────────────────────────────
  /** Larger files are streamed and not kept. */
  maxCachedFileBytes: 16 * 1024 * 1024,
  /** The built app with its compressed forms takes about a tenth of it. */
  maxFileCacheBytes: 96 * 1024 * 1024,
  maxWarmedFiles: 200,
  maxPathLength: 1024,
} as const;
