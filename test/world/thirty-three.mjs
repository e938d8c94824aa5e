/**
 * Thirty headless nodes with real WebRTC and three browser tabs, on one machine: `node test/world/thirty-three.mjs [--json]`.
 * All meet over the signaling server; then the server is switched off, and everything has to go on.
 */
import { availableParallelism, loadavg } from 'node:os';
import { findChromium } from '../support/browsers.mjs';
import { bundleHeadless, startHeadless } from './headless.mjs';
import { startServer } from './server.mjs';
import { lookAtTab, startChromium } from './tabs.mjs';
import { Cleanup, leaveOut, ms, withDeadline } from './world.mjs';

/** One for each of two cores: every process warms the same code up. */
const PROCESSES = 2;
const NODES_EACH = 15;
const TABS = 3;
const HEADLESS = PROCESSES * NODES_EACH;
const NODES = HEADLESS + TABS;
/** Each headless node hosts one, each tab two. */
const AGENTS = HEADLESS + 2 * TABS;
/** All agents known to all, from the last join: the aim. Two cores are busy with 33 nodes and a browser all the while; a miss is told, and bounded by the deadline. */
const KNOWN_WITHIN_MS = 15_000;
/** On a machine that is busy with other things everything still has to come about, but times are told and not judged. */
const isBusy = loadavg()[0] > 3 * availableParallelism();
/** What does not come about at all ends here, with the state of things. */
const DEADLINE_MS = isBusy ? 180_000 : 60_000;
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

  const tabsKnow = tabs.map((tab) => tab.waitForFunction((count) => globalThis.parley.agents().length >= count, AGENTS, { timeout: 0 }));
  const known = await withDeadline(
    Promise.all([ask('knowAll', NODES, AGENTS), Promise.all(tabsKnow).then(() => Date.now())]),
    DEADLINE_MS,
    async () => `${summary(await look())}\n${JSON.stringify([await Promise.all(tabs.map(lookAtTab)), await ask('cost')])}`,
  );
  const times = known[0].flat().toSorted((a, b) => a - b);
  const [headlessKnow, allTabsKnow] = [times.at(-1), known[1]];
  figures.knownByHalfMs = Math.max(0, Math.round(times[HEADLESS / 2] - joined));
  figures.knownAllMs = Math.max(0, Math.round(Math.max(headlessKnow, allTabsKnow) - joined));
  say(`${NODES} nodes, ${AGENTS} agents: all known to all ${ms(figures.knownAllMs)} after the last join`);
  say(
    `  to the headless nodes after ${ms(headlessKnow - joined)}, to the tabs after ${ms(allTabsKnow - joined)}; joining took ${ms(figures.joinMs)}`,
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
  figures.cost = await ask('cost');
  say(`without the server: call without a link over ${figures.call.path}, ${ms(figures.call.firstCallMs)} with the search for a path`);

  if (isBusy) say(`the machine was busy (load ${loadavg()[0].toFixed(1)}): these times say little`);
  figures.isBusy = isBusy;

  if (figures.knownAllMs > KNOWN_WITHIN_MS)
    say(`MISSED: all agents were known only after ${ms(figures.knownAllMs)}, not within ${ms(KNOWN_WITHIN_MS)}.`);

  const broken = [
    ...(figures.linksOfNodes.max > 20 ? [`A node has ${figures.linksOfNodes.max} links.`] : []),
    ...(figures.call.path !== 'relayed' ? [`The call went over a path that is ${figures.call.path}.`] : []),
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

/** An agent call between two nodes that have no session and get no link: it has to go over others. */
async function callWithoutLink(processes, nodes) {
  for (const from of nodes) {
    const known = new Set(from.sessions.map(({ node }) => node));
    const to = nodes.find(({ id }) => id !== from.id && !known.has(id));
    if (!to) continue;
    const home = processes[Math.floor(nodes.indexOf(from) / NODES_EACH)];
    await home.ask('wallIn', from.id);
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
