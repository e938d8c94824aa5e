import { RTCIceCandidate, RTCPeerConnection, RTCSessionDescription } from 'node-datachannel/polyfill';
import SimplePeer from 'simple-peer';
import type { SimplePeerClass } from '../transport/webrtc-dialer.ts';

/** simple-peer takes descriptions apart as plain objects; the library's own keep their fields behind getters. */
class PlainPeerConnection extends RTCPeerConnection {
  override async createOffer(): Promise<RTCSessionDescriptionInit> {
    return plain(await super.createOffer());
  }

  override async createAnswer(): Promise<RTCSessionDescriptionInit> {
    return plain(await super.createAnswer());
  }
}

function plain({ type, sdp }: RTCSessionDescriptionInit): RTCSessionDescriptionInit {
  return { type, ...(sdp === undefined ? {} : { sdp }) };
}

/** What simple-peer needs of it; the library's types differ from the DOM's in what nobody uses here. */
const wrtc = { RTCPeerConnection: PlainPeerConnection, RTCSessionDescription, RTCIceCandidate } as unknown as NonNullable<SimplePeer.Options['wrtc']>;

/** simple-peer with the WebRTC of node-datachannel, as `WebRtcDialer` makes it in a page with the browser's. */
class NodePeer extends SimplePeer {
  constructor(options?: SimplePeer.Options) {
    super({ ...options, wrtc });
  }
}

export const NodeSimplePeer: SimplePeerClass = NodePeer;
