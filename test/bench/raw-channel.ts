import { listen, sendSignal } from './signals.ts';
import { MAX_ECHO_BYTES, MIB, TRANSFER_BYTES } from './timing.ts';

/** A bare data channel between the two pages: what the platform itself can do. */

let channel: RTCDataChannel;

type RawSignal = { readonly description?: RTCSessionDescriptionInit; readonly candidate?: RTCIceCandidateInit };

export async function openRaw(isInitiator: boolean): Promise<void> {
  const connection = new RTCPeerConnection();
  const describe = async () => {
    await connection.setLocalDescription();
    sendSignal('raw', { description: connection.localDescription?.toJSON() });
  };
  connection.addEventListener('icecandidate', ({ candidate }) => candidate && sendSignal('raw', { candidate: candidate.toJSON() }));
  listen('raw', async ({ description, candidate }: RawSignal) => {
    if (candidate) return connection.addIceCandidate(candidate);
    await connection.setRemoteDescription(description as RTCSessionDescriptionInit);
    if (!isInitiator) await describe();
  });
  channel = connection.createDataChannel('raw', { negotiated: true, id: 0 });
  channel.binaryType = 'arraybuffer';
  if (isInitiator) await describe();
  await new Promise((resolve) => channel.addEventListener('open', resolve, { once: true }));
  if (!isInitiator) answer();
}

function answer(): void {
  let received = 0;
  channel.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
    if (data.byteLength <= MAX_ECHO_BYTES) return channel.send(data);
    received += data.byteLength;
    if (received < TRANSFER_BYTES) return undefined;
    received = 0;
    return channel.send(new ArrayBuffer(1));
  });
}

export function rawEcho(size: number): Promise<unknown> {
  const echo = new Promise((resolve) => channel.addEventListener('message', resolve, { once: true }));
  channel.send(new ArrayBuffer(size));
  return echo;
}

export async function rawTransfer(messageBytes: number): Promise<void> {
  channel.bufferedAmountLowThreshold = MIB;
  const message = new ArrayBuffer(messageBytes);
  const end = new Promise((resolve) => channel.addEventListener('message', resolve, { once: true }));
  for (let sent = 0; sent < TRANSFER_BYTES; sent += messageBytes) {
    if (channel.bufferedAmount > 4 * MIB) await new Promise((resolve) => channel.addEventListener('bufferedamountlow', resolve, { once: true }));
    channel.send(message);
  }
  await end;
}
