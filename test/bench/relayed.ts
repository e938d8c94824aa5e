import type { Node } from '../../src/node/node.ts';
import { ask, echo, meshOf } from '../doubles/relay-world.ts';

const ROUND_TRIPS = 400;
const MESSAGE_BYTES = 256 * 1024;
const TRANSFER_BYTES = 64 * 2 ** 20;

export type PathFigures = {
  readonly roundTripMs: { readonly p50: number; readonly p95: number };
  readonly mebibytesPerSecond: number;
  readonly cpuMsPerMebibyte: number;
};

/** Round trips of small messages, then a transfer, from the first node to the last; links are in memory, so only the nodes' own work counts. */
async function measure(relays: number): Promise<PathFigures> {
  const edges = Array.from({ length: relays + 1 }, (_, index) => [index, index + 1] as const);
  const { nodes } = await meshOf(relays + 2, edges);
  const [first, last] = [nodes[0] as Node, nodes.at(-1) as Node];
  echo(last);
  const figures = { roundTripMs: await roundTrips(first, last), ...(await transfer(first, last)) };
  await Promise.all(nodes.map((node) => node.close()));
  return figures;
}

async function roundTrips(first: Node, last: Node): Promise<PathFigures['roundTripMs']> {
  const stream = await first.open(last.id, 'echo/1');
  const times: number[] = [];
  for (let index = 0; index < ROUND_TRIPS; index++) {
    const before = performance.now();
    await ask(stream, new Uint8Array(100));
    times.push(performance.now() - before);
  }
  times.sort((a, b) => a - b);
  return { p50: times[Math.floor(ROUND_TRIPS * 0.5)] as number, p95: times[Math.floor(ROUND_TRIPS * 0.95)] as number };
}

async function transfer(first: Node, last: Node): Promise<Omit<PathFigures, 'roundTripMs'>> {
  let received = 0;
  let done: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  last.serve('sink/1', (stream) => {
    stream.onMessage((message) => {
      received += message.length;
      if (received >= TRANSFER_BYTES) done();
    });
  });
  const stream = await first.open(last.id, 'sink/1', { priority: 'bulk' });
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  for (let sent = 0; sent < TRANSFER_BYTES; sent += MESSAGE_BYTES) await stream.send(new Uint8Array(MESSAGE_BYTES));
  await all;
  const mebibytes = TRANSFER_BYTES / 2 ** 20;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { mebibytesPerSecond: mebibytes / ((performance.now() - before) / 1000), cpuMsPerMebibyte: (user + system) / 1000 / mebibytes };
}

/** Direct, over one relay and over three. */
export async function run(): Promise<Readonly<Record<string, PathFigures>>> {
  return { direct: await measure(0), 'one relay': await measure(1), 'three relays': await measure(3) };
}
