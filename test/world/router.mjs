/**
 * A host whose home router lets connections in for it, in network namespaces that this script makes and removes:
 * `node test/world/router.mjs [--json] [--kind nat-pmp|upnp-1|upnp-2|none]`. The router is Debian's miniupnpd.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './headless.mjs';
import { TwoHomes, whyNoNamespaces } from './namespaces.mjs';
import { startServer } from './server.mjs';
import { leaveOut, ms, withCleanup, withDeadline } from './world.mjs';

const DEADLINE_MS = 60_000;
/** Where routers open no port on an address that is reserved, documentation's among them. Nobody else is in these namespaces. */
const NETWORK = '128.66.0';
const LISTEN_PORT = 4124;
const KINDS = {
  'nat-pmp': { settings: ['enable_natpmp=yes', 'enable_upnp=no'], by: 'NAT-PMP' },
  'upnp-1': { settings: ['enable_natpmp=no', 'enable_upnp=yes'], flags: ['-1'], by: 'UPnP' },
  'upnp-2': { settings: ['enable_natpmp=no', 'enable_upnp=yes'], by: 'UPnP' },
  none: { by: undefined },
};

const isJson = process.argv.includes('--json');
const at = process.argv.indexOf('--kind');
const kinds = at < 0 ? Object.keys(KINDS) : [process.argv[at + 1]];
const say = isJson ? () => undefined : (line) => console.log(line);
const figures = {};
const violations = [];

const reason = whyNoNamespaces([{ program: 'miniupnpd', package: 'miniupnpd' }]);
if (reason) leaveOut('a host that has its router let connections in', reason);

for (const kind of kinds) await scenario(kind);
if (isJson) console.log(JSON.stringify({ scenario: 'router', violations, figures }));
for (const sentence of violations) say(`BROKEN: ${sentence}`);
process.exit(violations.length === 0 ? 0 : 1);

async function scenario(kind) {
  try {
    const late = async () => `“${kind}” hangs.`;
    figures[kind] = await withCleanup((cleanup) => withDeadline(letIn(kind, cleanup), DEADLINE_MS, late));
  } catch (thrown) {
    violations.push(`${kind}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

async function letIn(kind, cleanup) {
  const { by, settings, flags = [] } = KINDS[kind];
  const homes = cleanup.add(new TwoHomes(['cone'], { network: NETWORK, letsIn: 'ct status dnat accept' }));
  const server = cleanup.add(await startServer(homes.prefix('public'), ['--app', join(root, 'docs')]));
  if (settings) cleanup.add(await startRouter(homes, settings, flags));
  const began = Date.now();
  const host = cleanup.add(await startHost(homes, `http://${homes.publicAddress}:${server.port}`));
  const { upnp } = host.ready;
  const figure = { state: upnp.state, by: upnp.by, readyMs: Date.now() - began };
  if (!by) {
    if (upnp.state !== 'closed' || !/no router answered to NAT-PMP; no router answered to UPnP/.test(upnp.reason))
      violations.push(`${kind}: the host says ${JSON.stringify(upnp)}.`);
    if (!host.log().includes('The router does not let connections in')) violations.push(`${kind}: the host did not say so.`);
    say(`${kind}: told (“${upnp.reason}”), and the host runs; ready after ${ms(figure.readyMs)}`);
    return figure;
  }
  if (upnp.state !== 'open' || upnp.by !== by || upnp.host !== homes.routerAddress(1) || !upnp.isPublic)
    throw new Error(`the host says ${JSON.stringify(upnp)}.\n${host.log()}`);
  if (!comesIn(homes, upnp)) violations.push(`${kind}: nobody comes in at ${upnp.host}:${upnp.port}.`);
  if (!openPorts(homes).includes(String(LISTEN_PORT))) violations.push(`${kind}: the router has no rule for the port.`);
  const code = await host.stop();
  if (code !== 0) violations.push(`${kind}: the host ended with ${code}.`);
  if (openPorts(homes).includes(String(LISTEN_PORT))) violations.push(`${kind}: the port is open after the host has gone.`);
  if (comesIn(homes, upnp)) violations.push(`${kind}: somebody comes in after the host has gone.`);
  say(`${kind}: opened by ${upnp.by} at ${upnp.host}:${upnp.port}, come in from outside, closed at the end; ready after ${ms(figure.readyMs)}`);
  return figure;
}

/** Debian's router daemon beside the NAT of that home's router; it answers once it is ready. */
async function startRouter(homes, settings, flags) {
  const folder = mkdtempSync(join(tmpdir(), 'parley-router-'));
  const table = `
    table inet miniupnpd {
      chain forward { type filter hook forward priority 0; policy accept; jump mapped; }
      chain mapped { }
      chain prerouting { type nat hook prerouting priority -100; jump mapped_in; }
      chain mapped_in { }
      chain postrouting { type nat hook postrouting priority 90; jump mapped_out; }
      chain mapped_out { }
    }`;
  inRouter(homes, 'nft', ['-f', '-'], table);
  const config = join(folder, 'miniupnpd.conf');
  const lines = [
    'ext_ifname=wan',
    'listening_ip=lan',
    'port=0',
    'secure_mode=yes',
    'upnp_table_name=miniupnpd',
    'upnp_nat_table_name=miniupnpd',
    'upnp_forward_chain=mapped',
    'upnp_nat_chain=mapped_in',
    'upnp_nat_postrouting_chain=mapped_out',
    'uuid=d36c7ba0-0000-4000-8000-000000000001',
    ...settings,
    'allow 1024-65535 10.77.1.0/24 1024-65535',
    'deny 0-65535 0.0.0.0/0 0-65535',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const [program, ...args] = [...homes.prefix('router1'), 'miniupnpd', '-d', '-f', config, '-P', join(folder, 'pid'), ...flags];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve, reject) => {
    const look = (line) => (/HTTP listening on port|Listening for NAT-PMP/.test(line) ? resolve() : undefined);
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', look);
    child.once('exit', (code) => reject(new Error(`miniupnpd ended (${code}).`)));
  });
  return {
    async stop() {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startHost(homes, signal) {
  const data = mkdtempSync(join(tmpdir(), 'parley-router-host-'));
  const options = ['--signal', signal, '--data', data, '--listen', `0.0.0.0:${LISTEN_PORT}`, '--upnp', '--json'];
  const [program, ...args] = [...homes.prefix('home1'), process.execPath, join(root, 'src/host/launch.mjs'), ...options];
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => (log += chunk));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const ready = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
    child.once('exit', (code) => reject(new Error(`The host ended (${code}): ${log}`)));
  });
  return {
    ready,
    log: () => log,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const code = await ended;
      rmSync(data, { recursive: true, force: true });
      return code;
    },
  };
}

/** Whether a WebSocket from the public network opens there. */
function comesIn(homes, { host, port }) {
  const program = `
    import { WebSocket } from 'ws';
    const socket = new WebSocket('ws://${host}:${port}/');
    socket.once('open', () => process.exit(0)).once('error', () => process.exit(1));
    setTimeout(() => process.exit(1), 2_000);`;
  const [command, ...args] = [...homes.prefix('public'), process.execPath, '--input-type=module', '--eval', program];
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}

/** The router's rules for what was opened. */
function openPorts(homes) {
  return inRouter(homes, 'nft', ['list', 'chain', 'inet', 'miniupnpd', 'mapped_in']);
}

function inRouter(homes, program, args, input) {
  const [command, ...words] = [...homes.prefix('router1'), program, ...args];
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8', ...(input ? { input } : {}) });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
  return stdout;
}
