/**
 * What the way through hosts costs a tool call of 1 KiB: an MCP client asks one host's HTTP endpoint for an agent in a tab, or for one that is mounted on
 * another host, with WebRTC between the two; beside the SDK's own HTTP round trip. Everything is a process of its own.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startServer } from '../world/server.mjs';
import { openTab } from './pages.mjs';
import { inTurns } from './rounds.mjs';

const CALLS_A_ROUND = 100;
const RATE_CALLS = 1_000;
const IN_FLIGHT = 32;
const call = { name: 'echo', arguments: { text: 'x'.repeat(1024) } };

const started = new Set();
// A run that fails in the middle leaves nothing behind.
process.once('exit', () => started.forEach((child) => child.kill('SIGTERM')));

async function start(root, args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  started.add(child);
  child.once('exit', () => started.delete(child));
  const ready = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
    child.once('exit', (code) => reject(new Error(`${args[0]} ended (${code}).`)));
  });
  return { ready, child };
}

async function connect(url, era, token) {
  const client = new Client({ name: 'bench', version: '1' }, { versionNegotiation: { mode: era === 'legacy' ? 'legacy' : { pin: '2026-07-28' } } });
  const requestInit = { headers: token ? { authorization: `Bearer ${token}` } : {} };
  // The SDK gives one signal to all fetches of a client, each of which listens to it until it is collected.
  const ownSignal = (target, init) => fetch(target, { ...init, signal: AbortSignal.any([init.signal].filter(Boolean)) });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit, fetch: ownSignal }));
  return client;
}

async function times(client) {
  const found = [];
  for (let index = 0; index < CALLS_A_ROUND; index++) {
    const before = performance.now();
    await client.callTool(call);
    found.push(performance.now() - before);
  }
  return found;
}

async function rate(client) {
  let left = RATE_CALLS;
  const before = performance.now();
  const one = async () => {
    while (left-- > 0) await client.callTool(call);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
  return RATE_CALLS / ((performance.now() - before) / 1000);
}

export async function measureHost(browser, root, report) {
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'));
  const signaling = await startServer([], ['--app', join(root, 'docs'), '--allow-origin', '*']);
  const file = (name, content) => {
    writeFileSync(join(folder, name), JSON.stringify(content));
    return join(folder, name);
  };
  const config = file('config.json', { mcpServers: { echo: { command: process.execPath, args: [join(root, 'test/bench/stdio-agent.mjs')] } } });
  const limits = { callsPerMinute: 600_000, parallelCalls: 64, strangerCallsPerMinute: 600_000 };
  const policy = file('policy.json', { everyone: 'run', limits });
  const common = ['src/host/launch.mjs', '--signal', signaling.url, '--mcp-http', '127.0.0.1:0', '--json', '--log-level', 'error'];
  const owner = await start(root, [...common, '--data', join(folder, 'owner'), '--config', config, '--policy', policy]);
  const caller = await start(root, [...common, '--data', join(folder, 'caller')]);
  const baseline = await start(root, ['test/bench/http-agent-process.mjs']);
  const token = readFileSync(join(folder, 'caller/keys/mcp-http.token'), 'utf8');
  const tab = await openTab(browser, root, signaling.url, caller.ready.nodeId);
  const targets = { 'an endpoint to a tab': `${tab.node}/echo`, 'two hosts': owner.ready.agents[0].replace(':', '/') };
  for (const [way, path] of Object.entries(targets)) {
    for (const era of ['legacy', 'modern'])
      await measureWay(report, way, era, [`${caller.ready.mcpHttp}/${path}`, era, token], [baseline.ready.url, era]);
  }
  await tab.close();
  for (const { child } of [owner, caller, baseline]) child.kill('SIGTERM');
  await signaling.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function measureWay(report, way, era, throughArgs, sdkArgs) {
  const [through, sdk] = await Promise.all([connect(...throughArgs), connect(...sdkArgs)]);
  const subjects = { through: () => times(through), sdk: () => times(sdk) };
  await inTurns(2, subjects);
  const found = await inTurns(10, subjects);
  const name = 'SDK over Streamable HTTP, same machine';
  report.add(`tool call 1 KiB through ${way}, ${era}`, 'ms', found.median('through'), {
    p99: found.p99('through'),
    baseline: { name, value: found.median('sdk') },
    ratio: found.ratio('through', 'sdk'),
  });
  report.add(`beyond the SDK's own HTTP round trip through ${way}, ${era}`, 'ms', found.median('through') - found.median('sdk'));
  const rates = await inTurns(4, { through: () => rate(through), sdk: () => rate(sdk) });
  report.add(`tool calls through ${way}, ${IN_FLIGHT} in flight, ${era}`, 'calls/s', rates.median('through'), {
    baseline: { name, value: rates.median('sdk') },
    ratio: rates.ratio('through', 'sdk'),
  });
  await Promise.all([through.close(), sdk.close()]);
}
