/**
 * What the data channels of a real Chromium do with a lone packet that is lost, and with one that three small messages follow as `src/node/followers.ts` has
 * them follow: `node test/world/lost-packets.mjs [--json] [--calls N]`. Two pages in one browser; between them a relay of UDP that delays, and loses.
 */
import dgram from 'node:dgram';
import http from 'node:http';
import { networkInterfaces } from 'node:os';
import { chromium } from 'playwright-core';
import { findChromium } from '../support/browsers.mjs';
import { leaveOut } from './world.mjs';

const ONE_WAY_MS = 37;
const LOSS = 0.04;
const PAIRS_OF_EACH_KIND = 8;
const CALL_BYTES = 285;
/** As in `LIMITS`: `followingFrames`, `followAfterMs`; an acknowledgement's frame. */
const FOLLOWERS = { count: 3, afterMs: 10, bytes: 33 };
const isJson = process.argv.includes('--json');
const at = process.argv.indexOf('--calls');
const calls = at < 0 ? 60 : Number(process.argv[at + 1]);

const executablePath = findChromium();
if (!executablePath) leaveOut('lost packets', 'no Chromium was found');
const address = Object.values(networkInterfaces())
  .flat()
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
if (!address) leaveOut('lost packets', 'this machine has no network interface');

let loss = 0;
const server = http.createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>page</title>'));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}/`;
const browser = await chromium.launch({ executablePath, args: ['--disable-features=WebRtcHideLocalIpsWithMdns'] });
const [caller, callee] = [await browser.newPage(), await browser.newPage()];
for (const page of [caller, callee]) {
  await page.goto(url);
  await page.evaluate(() => Object.assign(globalThis, { connections: {}, channels: {} }));
}

const keys = ['alone', 'followed'].flatMap((kind) => Array.from({ length: PAIRS_OF_EACH_KIND }, (_, index) => `${kind} ${index}`));
for (const key of keys) await connect(key);
await callee.waitForFunction((wanted) => wanted.every((key) => globalThis.channels[key]), keys);
await callee.evaluate(answerCalls, [keys, FOLLOWERS]);
loss = LOSS;
const took = await caller.evaluate(call, [keys, calls, CALL_BYTES, FOLLOWERS]);
await browser.close();

const figures = Object.fromEntries(['alone', 'followed'].map((kind) => [kind, distributionOf(took.filter(([key]) => key.startsWith(kind)))]));
if (isJson) console.log(JSON.stringify({ scenario: 'lost-packets', roundTripMs: 2 * ONE_WAY_MS, loss: LOSS, figures }));
else
  for (const [kind, { calls: count, p50, p95, p99 }] of Object.entries(figures)) console.log(`${kind}: ${count} calls, ${p50} / ${p95} / ${p99} ms`);
const isRepaired = figures.followed.p95 < figures.alone.p95;
if (!isRepaired) console.log('BROKEN: three small messages behind a lost packet do not have it repaired sooner');
process.exit(isRepaired ? 0 : 1);

function distributionOf(runs) {
  const times = runs.flatMap(([, each]) => each).toSorted((a, b) => a - b);
  const quantile = (share) => Math.round(times[Math.min(times.length - 1, Math.ceil(share * times.length) - 1)]);
  return { calls: times.length, p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) };
}

/** Two ends that know each other only by the relay's ports. */
async function connect(key) {
  const [towardsCaller, towardsCallee] = [await bind(), await bind()];
  const offer = await caller.evaluate(describe, [key]);
  const callerPort = portIn(offer.sdp);
  const answer = await callee.evaluate(describe, [key, through(offer, towardsCallee)]);
  const calleePort = portIn(answer.sdp);
  towardsCaller.on('message', carry(towardsCallee, calleePort));
  towardsCallee.on('message', carry(towardsCaller, callerPort));
  await caller.evaluate(accept, [key, through(answer, towardsCaller)]);
}

function bind() {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4');
    socket.bind(0, address, () => resolve(socket));
  });
}

function carry(from, port) {
  return (packet) => {
    if (Math.random() >= loss) setTimeout(() => from.send(packet, port, address), ONE_WAY_MS);
  };
}

function portIn(sdp) {
  return Number(new RegExp(`^a=candidate:\\S+ 1 udp \\d+ ${address.replaceAll('.', '\\.')} (\\d+) `, 'im').exec(sdp)?.[1]);
}

/** The description with the relay's socket as its one candidate. */
function through({ type, sdp }, socket) {
  const lines = sdp.split('\r\n').filter((line) => line && !line.startsWith('a=candidate'));
  return { type, sdp: `${[...lines, `a=candidate:1 1 udp 2122260223 ${address} ${socket.address().port} typ host`].join('\r\n')}\r\n` };
}

// ── in the pages ───────────────────────────────────────────────────────────────────────────────────────────────────

async function describe([key, offer]) {
  const connection = (globalThis.connections[key] = new RTCPeerConnection());
  if (offer) {
    connection.addEventListener('datachannel', ({ channel }) => (globalThis.channels[key] = channel));
    await connection.setRemoteDescription(offer);
  } else globalThis.channels[key] = connection.createDataChannel('calls');
  await connection.setLocalDescription();
  if (connection.iceGatheringState !== 'complete') {
    await new Promise((resolve) => {
      connection.addEventListener('icegatheringstatechange', () => connection.iceGatheringState === 'complete' && resolve());
    });
  }
  return { type: connection.localDescription.type, sdp: connection.localDescription.sdp };
}

async function accept([key, answer]) {
  await globalThis.connections[key].setRemoteDescription(answer);
  const channel = globalThis.channels[key];
  if (channel.readyState !== 'open') await new Promise((resolve) => channel.addEventListener('open', resolve));
}

function answerCalls([wanted, { count, afterMs, bytes }]) {
  for (const key of wanted) {
    const channel = globalThis.channels[key];
    channel.binaryType = 'arraybuffer';
    channel.addEventListener('message', ({ data }) => {
      if (data.byteLength === bytes) return;
      channel.send(data);
      if (key.startsWith('followed')) setTimeout(() => Array.from({ length: count }).forEach(() => channel.send(new Uint8Array(bytes))), afterMs);
    });
  }
}

/** Lone calls, each pair by itself; answers how long each took. */
function call([wanted, times, callBytes, { count, afterMs, bytes }]) {
  const callOver = async (key) => {
    const channel = globalThis.channels[key];
    channel.binaryType = 'arraybuffer';
    const each = [];
    let answered = () => undefined;
    channel.addEventListener('message', ({ data }) => data.byteLength === callBytes && answered());
    for (let index = 0; index < times; index++) {
      const startedAt = performance.now();
      await new Promise((resolve) => {
        answered = resolve;
        channel.send(new Uint8Array(callBytes));
        if (key.startsWith('followed')) setTimeout(() => Array.from({ length: count }).forEach(() => channel.send(new Uint8Array(bytes))), afterMs);
      });
      each.push(performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, 700 + Math.random() * 300));
    }
    return [key, each];
  };
  return Promise.all(wanted.map(callOver));
}
