import 'simple-peer/simplepeer.min.js';
import { testLinkContract } from '../../test/contracts/link-contract.ts';
import type { Link } from '../ports/link.ts';
import type { RtcDial } from '../ports/rtc.ts';
import { WebRtcDialer, type SimplePeerClass } from './webrtc-dialer.ts';

// Outside a bundler simple-peer's file makes a global.
const { SimplePeer } = globalThis as unknown as { SimplePeer: SimplePeerClass };

function dialPair(): Promise<readonly [Link, Link]> {
  const dialer = new WebRtcDialer(() => Promise.resolve(SimplePeer));
  const dials: RtcDial[] = [];
  const side = (initiator: boolean, other: number) =>
    new Promise<Link>((resolve, reject) => {
      dials.push(
        dialer.dial({
          initiator,
          iceServers: [],
          onSignal: (signal) => queueMicrotask(() => dials[other]?.signal(signal)),
          onLink: resolve,
          onFailed: (end) => reject(new Error(end.code)),
        }),
      );
    });
  return Promise.all([side(true, 1), side(false, 0)]);
}

describe('WebRTC', () => {
  testLinkContract('data channel', async () => ({ links: await dialPair() }), it);
});
