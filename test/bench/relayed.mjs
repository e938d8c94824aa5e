/** What relays cost: `node test/bench/relayed.mjs`. All nodes are in this process, joined by links in memory, and share its one thread. */
import { createServer } from 'vite';

const server = await createServer({
  configFile: false,
  appType: 'custom',
  logLevel: 'error',
  server: { middlewareMode: true, hmr: false, ws: false },
});
const { run } = await server.ssrLoadModule('/test/bench/relayed.ts');
const figures = await run();
await server.close();

const { direct } = figures;
for (const [path, { roundTripMs, mebibytesPerSecond, cpuMsPerMebibyte }] of Object.entries(figures)) {
  const times = `${roundTripMs.p50.toFixed(2)} ms p50, ${roundTripMs.p95.toFixed(2)} ms p95`;
  const ratios = `× ${(roundTripMs.p50 / direct.roundTripMs.p50).toFixed(2)} and × ${(mebibytesPerSecond / direct.mebibytesPerSecond).toFixed(2)} of direct`;
  console.log(
    `${path.padEnd(14)} ${times}; ${mebibytesPerSecond.toFixed(1)} MiB/s, ${cpuMsPerMebibyte.toFixed(1)} ms of CPU per MiB of all nodes; ${ratios}`,
  );
}
process.exit(0);
