import { describe, expect, it } from 'vitest';
import { LIMITS } from './limits.ts';
import { AGENT_LIMITS } from './limits/agent-limits.ts';
import { GOSSIP_LIMITS } from './limits/gossip-limits.ts';
import { OVERLAY_LIMITS } from './limits/overlay-limits.ts';
import { REGISTRY_LIMITS } from './limits/registry-limits.ts';
import { ROUTING_LIMITS } from './limits/routing-limits.ts';
import { SERVICE_LIMITS } from './limits/service-limits.ts';
import { SESSION_LIMITS } from './limits/session-limits.ts';
import { WIRE_LIMITS } from './limits/wire-limits.ts';

/** Relations that must hold whatever the single numbers are: each says what would break. */
const RELATIONS: Readonly<Record<string, readonly [smaller: number, larger: number]>> = {
  // Sessions.
  'a key is renewed before it is refused, with time for the handshake': [LIMITS.rekeyAfterMs + 2 * LIMITS.handshakeTimeoutMs, LIMITS.rejectAfterMs],
  'a key is renewed long before its counter is refused': [LIMITS.rekeyAfterMessages, LIMITS.rejectAfterMessages],
  'a fresh handshake is allowed sooner than it is needed': [LIMITS.minRekeyIntervalMs, LIMITS.rekeyAfterMs],
  'frames under the previous keys are taken for longer than the change takes': [LIMITS.handshakeTimeoutMs, LIMITS.previousEpochMs],
  'the replay window covers what waits for the bulk cipher': [LIMITS.maxPendingBulkFrames, LIMITS.replayWindowFrames],
  'an identity fits into any frame': [LIMITS.maxIdentityPayloadBytes, LIMITS.portableFrameBytes],
  'what may come early fits into what may wait': [LIMITS.maxEarlyFrames, LIMITS.maxQueuedFrames],

  // Streams.
  'a stream’s window takes the largest message': [LIMITS.maxStreamMessageBytes + LIMITS.messageOverheadBytes, LIMITS.streamWindowBytes],
  'what bulk streams leave to the others takes the largest message': [
    LIMITS.maxStreamMessageBytes + LIMITS.messageOverheadBytes,
    LIMITS.interactiveReserveBytes,
  ],
  'bulk streams can send the largest message': [
    LIMITS.maxStreamMessageBytes + LIMITS.messageOverheadBytes,
    LIMITS.sessionWindowBytes - LIMITS.interactiveReserveBytes,
  ],
  'credit comes back well before the window is used up': [2 * LIMITS.bulkCreditStepBytes, LIMITS.streamWindowBytes],
  // Less than a step of credit may be kept back on each side's streams: together it must not use the session's window up.
  'a stream’s window exceeds the largest message by the credit that may be kept back': [
    LIMITS.maxStreamMessageBytes + LIMITS.messageOverheadBytes + LIMITS.bulkCreditStepBytes,
    LIMITS.streamWindowBytes,
  ],
  'a circuit’s window exceeds a frame by the credit that may be kept back': [
    LIMITS.maxCircuitFrameBytes + LIMITS.messageOverheadBytes + LIMITS.creditStepBytes,
    LIMITS.circuitWindowBytes,
  ],
  'a program may queue the largest message': [LIMITS.maxStreamMessageBytes, LIMITS.maxQueuedStreamBytes],
  'a burst of control frames fits into the queue of their answers': [LIMITS.controlFramesBurst, LIMITS.maxQueuedControlFrames],
  'the streams of a session can be opened at once': [LIMITS.maxStreamsPerSide, LIMITS.controlFramesBurst],
  'all that a session’s window holds in the smallest bulk frames may wait for the cipher': [
    Math.ceil(LIMITS.sessionWindowBytes / LIMITS.bulkFrameBytes),
    LIMITS.maxQueuedFrames,
  ],

  // Agents.
  'a part of an MCP message fits into a message of a stream': [LIMITS.mcpPartBytes + 1, LIMITS.maxStreamMessageBytes],
  'what one person’s questions take leaves room for others': [LIMITS.maxWaitingApprovalsPerCaller, LIMITS.maxWaitingApprovals],
  'what one person’s sessions take leaves room for others': [LIMITS.maxServedSessionsPerCaller, LIMITS.maxServedSessions],
  'a session’s calls fit into its requests': [LIMITS.maxCallsPerSession, LIMITS.maxRequestsPerSession],
  'a call outlasts the question whether it may run': [LIMITS.approvalTimeoutMs + LIMITS.callTimeoutMs, LIMITS.maxServedCallMs],

  // Connections.
  'bulk frames leave room in the link’s buffer': [LIMITS.bulkLinkBufferBytes, LIMITS.linkBufferBytes],
  'what travels together fits into any frame': [LIMITS.packedFrameBytes, LIMITS.portableFrameBytes],
  'a frame in a circuit fits into any frame': [LIMITS.maxCircuitFrameBytes, LIMITS.portableFrameBytes],
  'a frame fits into the link’s buffer for bulk': [LIMITS.maxFrameBytes, LIMITS.bulkLinkBufferBytes],
  'a burst of frames is more than a second’s': [LIMITS.framesPerSecond, LIMITS.framesBurst],

  // Health.
  'an urgent ping is answered sooner than another': [LIMITS.urgentPingTimeoutMs, LIMITS.pingTimeoutMs],
  'a silent peer is gone within 45 s': [LIMITS.pingAfterSilenceMs + LIMITS.maxUnansweredPings * LIMITS.pingTimeoutMs, 45_000],

  // Introductions and dialling.
  'nothing leaves the cache of introductions and still passes the clock test': [2 * LIMITS.maxClockSkewMs, LIMITS.seenIntroductionMs],
  'the cache holds all introductions that can come in its time': [
    LIMITS.introductionsBurst + (LIMITS.introductionsPerSecond * LIMITS.seenIntroductionMs) / 1000,
    LIMITS.maxSeenIntroductions,
  ],
  'an introduction fits into a message to the server': [LIMITS.maxIntroductionBytes + 64, LIMITS.maxSignalingMessageBytes],
  'a welcome’s cards fit into a message of the server': [LIMITS.maxSignalingCards * (LIMITS.maxPeerCardBytes + 8), LIMITS.maxSignalingMessageBytes],
  'an introduction’s card leaves room for its description': [2 * LIMITS.maxPeerCardBytes, LIMITS.maxIntroductionBytes],
  'a handshake fits into the time of a dial': [LIMITS.handshakeTimeoutMs, LIMITS.dialTimeoutMs],
  'candidates travel soon against the time of a dial': [10 * LIMITS.candidateBatchMs, LIMITS.dialTimeoutMs],
  'a node stays announced below its full number of links': [LIMITS.announceBelowConnections, LIMITS.maxConnections],
  'dials fit into the links': [LIMITS.maxDials, LIMITS.maxConnections],
  'everybody with a link is remembered': [LIMITS.maxConnections, LIMITS.maxKnownPeers],
  'the first wait is shorter than the longest': [LIMITS.redialFirstMs, LIMITS.redialMaxMs],
  'the first wait for the server is shorter than the longest': [LIMITS.signalingRetryFirstMs, LIMITS.signalingRetryMaxMs],

  // Services.
  'a message’s text fits into its event': [LIMITS.maxChatTextBytes + LIMITS.maxChatParents * 34 + 512, LIMITS.maxChatEventBytes],
  'an event fits into a message of a stream': [LIMITS.maxChatEventBytes, LIMITS.maxStreamMessageBytes],
  'a full directory entry fits into its bound': [
    LIMITS.maxAgentsPerNode * (LIMITS.maxAgentTitleLength + LIMITS.maxAgentDescriptionLength + 64),
    LIMITS.maxDirectoryBytes,
  ],
  'a file among a call’s arguments fits into a message of a stream': [
    (LIMITS.maxArgumentFileBytes * 4) / 3 + 64 * 1024,
    LIMITS.maxStreamMessageBytes,
  ],
  'a note fits into a message of a stream': [LIMITS.maxNoteBytes, LIMITS.maxStreamMessageBytes],
};

describe('the limits', () => {
  for (const [relation, [smaller, larger]] of Object.entries(RELATIONS)) {
    it(relation, () => expect(smaller).toBeLessThanOrEqual(larger));
  }

  it('are whole and positive, but for scores of shunned peers and fractions', () => {
    const SHUNNED = ['scoreIgnoresGossip', 'scoreDisconnects', 'scoreRefuses'];
    const FRACTIONS = ['antiEntropySpread'];
    for (const [name, value] of Object.entries(LIMITS)) {
      expect([name, value > 0]).toEqual([name, !SHUNNED.includes(name)]);
      expect([name, Number.isSafeInteger(value)]).toEqual([name, !FRACTIONS.includes(name)]);
    }
  });

  it('have a name each, in all areas', () => {
    const areas = [WIRE_LIMITS, SESSION_LIMITS, OVERLAY_LIMITS, GOSSIP_LIMITS, ROUTING_LIMITS, REGISTRY_LIMITS, SERVICE_LIMITS, AGENT_LIMITS];
    const names = areas.flatMap((area) => Object.keys(area));
    expect(names.toSorted()).toEqual(Object.keys(LIMITS).toSorted());
  });

  it('allow a replay window in whole words of its bitmap', () => {
    expect(LIMITS.replayWindowFrames % 32).toBe(0);
  });
});
