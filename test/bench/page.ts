import { handshakeMs, joinNetwork, nodeTransfer, openEcho, openEnd, openNode, openRelay, reachOver, type Kind } from './bench-node.ts';
import { openCalls, type Way } from './mcp-calls.ts';
import { openRaw, rawEcho, rawTransfer } from './raw-channel.ts';
import { receiveSignal } from './signals.ts';
import { ratePerSecond, timesOf, transferRate } from './timing.ts';

/** One side of the benchmark: a raw data channel and two nodes, each to the same other page. The driver calls these functions. */

/** A person's lines during a transfer: far apart for the machine. */
const LINE_PAUSE_MS = 20;

const once = new Map<string, Promise<() => Promise<unknown>>>();

/** What one round trip or call is, connected on first use. */
function runOf(name: string, open: () => Promise<() => Promise<unknown>>): Promise<() => Promise<unknown>> {
  let run = once.get(name);
  if (!run) once.set(name, (run = open()));
  return run;
}

async function echoTimes(kind: Kind | 'raw', size: number, count: number) {
  return timesOf(count, kind === 'raw' ? () => rawEcho(size) : await runOf(`echo ${kind} ${size}`, () => openEcho(kind, size)));
}

function callsOf(way: Way) {
  return runOf(`calls ${way}`, () => openCalls(way));
}

/** Round trips of lines of 1 KiB while a transfer runs, and how fast that was. */
async function linesBehindTransfer(kind: Kind) {
  const echo = await runOf(`echo ${kind} 1024`, () => openEcho(kind, 1024));
  let isRunning = true;
  const transfer = transferRate(() => nodeTransfer(kind)).finally(() => (isRunning = false));
  const times: number[] = [];
  while (isRunning) {
    await new Promise((resolve) => setTimeout(resolve, LINE_PAUSE_MS));
    const [time] = await timesOf(1, echo);
    if (isRunning) times.push(time as number);
  }
  return { times, rate: await transfer };
}

const api = {
  signal: receiveSignal,
  openRaw,
  openNode,
  openEnd,
  openRelay,
  reachOver,
  joinNetwork,
  handshakeMs,
  echoTimes,
  rawRate: (messageBytes: number) => transferRate(() => rawTransfer(messageBytes)),
  nodeRate: (kind: Kind) => transferRate(() => nodeTransfer(kind)),
  linesBehindTransfer,
  callTimes: async (way: Way, count: number) => timesOf(count, await callsOf(way)),
  callRate: async (way: Way, total: number) => ratePerSecond(total, 32, await callsOf(way)),
};
Object.assign(globalThis, { bench: api });
