/**
 * Thirty headless nodes with real WebRTC and three browser tabs, on one machine: `node test/world/thirty-three.mjs [--json]`.
 * All meet over the signaling server; then the server is switched off, and everything has to go on.
 */
import { findChromium } from '../support/chromium.mjs';
import { bundleHeadless, startHeadless } from './headless.mjs';
import { startServer } from './server.mjs';
import { lookAtTab, startChromium } from './tabs.mjs';
import { Cleanup, leaveOut, ms, withDeadline } from './world.mjs';

const PROCESSES = 3;
const NODES_EACH = 10;
const TABS = 3;
const HEADLESS = PROCESSES * NODES_EACH;
const NODES = HEADLESS + TABS;
/** Each headless node hosts one. */
const AGENTS = HEADLESS;
/** All agents known to all, from the last join. */
const KNOWN_WITHIN_MS = 15_000;
/** A slow machine still ends with a figure, not with silence. */
const DEADLINE_MS = 60_000;
const NETWORK = 'Commons';
const TOPIC = 'world';

const isJson = process.argv.includes('--json');
const say = isJson ? () => undefined : (line) => console.log(line);

const executablePath = findChromium();
if (!executablePath) leaveOut('thirty-three nodes', 'no Chromium was found');

const cleanup = new Cleanup();
let violations;
try {
  violations = await run();
} finally {
  await cleanup.run();
}
process.exit(violations.length === 0 ? 0 : 1);

async function run() {
  const figures = {};
  const server = cleanup.add(await startServer());
  const bundle = await bundleHeadless();
  cleanup.add({ stop: bundle.remove });
  const processes = await Promise.all(Array.from({ length: PROCESSES }, async () => cleanup.add(await startHeadless(bundle.file))));
  const ask = (command, ...args) => Promise.all(processes.map((each) => each.ask(command, ...args)));
  const look = async () => (await ask('look')).flat();
  const chromium = cleanup.add(await startChromium(executablePath));

  const joinBegan = Date.now();
  await Promise.all([
    ...processes.map((each, index) =>
      each.ask(
        'start',
        server.signalUrl,
        NETWORK,
        Array.from({ length: NODES_EACH }, (_, place) => `headless ${index * NODES_EACH + place + 1}`),
      ),
    ),
  ]);
  const tabs = await Promise.all(Array.from({ length: TABS }, () => chromium.openTab(server.url)));
  const joined = Date.now();
  figures.joinMs = joined - joinBegan;

  const known = await withDeadline(
    ask('knowAll', NODES, AGENTS),
    DEADLINE_MS,
    async () => `${summary(await look())}\n${JSON.stringify(await ask('cost'))}`,
  );
  figures.knownAllMs = Math.max(0, Math.round(Math.max(...known.flat()) - joined));
  say(`${NODES} nodes; ${AGENTS} agents known to all headless nodes ${ms(figures.knownAllMs)} after the last join`);
  await withDeadline(
    Promise.all(
      tabs.map((tab) =>
        tab.waitForFunction(() => globalThis.parley.node.peers.some(({ state }) => state === 'connected'), undefined, { timeout: 0 }),
      ),
    ),
    DEADLINE_MS,
    async () => JSON.stringify(await Promise.all(tabs.map(lookAtTab))),
  );

  const links = (await look()).map(({ sessions }) => sessions.length);
  const tabLinks = (await Promise.all(tabs.map(lookAtTab))).map(({ peers }) => peers.filter(({ state }) => state === 'connected').length);
  Object.assign(figures, { linksOfNodes: spread(links), linksOfTabs: tabLinks });
  say(`links: ${JSON.stringify(figures.linksOfNodes)}, of the tabs ${tabLinks.join(', ')}`);

  await ask('subscribe', TOPIC);
  await server.stop();
  await ask('signalingLost');
  figures.publicationsMs = await publish(ask);
  say(`without the server: a publication of every headless node at all others after ${ms(figures.publicationsMs)}`);
  figures.call = await callWithoutLink(processes, await look());
  say(`without the server: call without a link over ${figures.call.path}, ${ms(figures.call.firstCallMs)} with the search for a path`);

  const broken = [
    ...(figures.knownAllMs > KNOWN_WITHIN_MS ? [`All agents were known only after ${ms(figures.knownAllMs)}.`] : []),
    ...(figures.linksOfNodes.max > 20 ? [`A node has ${figures.linksOfNodes.max} links.`] : []),
    ...(figures.call.text !== 'over others' ? ['The call did not come back.'] : []),
  ];
  if (isJson) console.log(JSON.stringify({ scenario: 'thirty-three', nodes: NODES, violations: broken, figures }));
  for (const sentence of broken) say(`BROKEN: ${sentence}`);
  return broken;
}

async function publish(ask) {
  const heard = ask('hear', TOPIC, HEADLESS - 1);
  const before = Date.now();
  await ask('publish', TOPIC);
  await withDeadline(heard, DEADLINE_MS, async () => JSON.stringify(await ask('heard', TOPIC)));
  return Date.now() - before;
}

/** An agent call between two nodes that have no session: it goes over others until a link of its own is there. */
async function callWithoutLink(processes, nodes) {
  for (const from of nodes) {
    const known = new Set(from.sessions.map(({ node }) => node));
    const to = nodes.find(({ id }) => id !== from.id && !known.has(id));
    if (!to) continue;
    const home = processes[Math.floor(nodes.indexOf(from) / NODES_EACH)];
    const { answer, path, firstCallMs } = await withDeadline(home.ask('call', from.id, to.id, 'over others'), DEADLINE_MS, async () => 'no answer');
    return { path: path.kind, firstCallMs: Math.round(firstCallMs), text: answer[0]?.text };
  }
  throw new Error('Every node has a link to every other.');
}

function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return { min: sorted[0], median: sorted[Math.floor(sorted.length / 2)], max: sorted.at(-1) };
}

function summary(nodes) {
  const line = ({ nodes: count, agents, signaling, sessions, registry, troubles }) =>
    `${count} nodes, ${agents} agents, ${sessions.length} sessions, server ${signaling}, ${registry.documents} documents, ${JSON.stringify(troubles)}`;
  return nodes.map(line).join('\n');
}
