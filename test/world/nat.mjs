/**
 * Two browsers behind two NATs, in network namespaces that this script makes and removes: `node test/world/nat.mjs [--json] [--kind cone|symmetric]`.
 * Behind cones they connect directly, by what our STUN tells them; behind symmetric NATs a third node of the public network relays for them.
 */
import { findChromium } from '../support/browsers.mjs';
import { bundleHeadless, startHeadless } from './headless.mjs';
import { TwoHomes, whyNoNamespaces } from './namespaces.mjs';
import { startServer } from './server.mjs';
import { lookAtTab, startChromium } from './tabs.mjs';
import { leaveOut, ms, withCleanup, withDeadline } from './world.mjs';

const NETWORK = 'Commons';
const DEADLINE_MS = 30_000;
const isJson = process.argv.includes('--json');
const at = process.argv.indexOf('--kind');
const kinds = at < 0 ? ['cone', 'symmetric'] : [process.argv[at + 1]];
const say = isJson ? () => undefined : (line) => console.log(line);

const executablePath = findChromium();
if (!executablePath) leaveOut('two browsers behind two NATs', 'no Chromium was found');
const reason = whyNoNamespaces();
if (reason) leaveOut('two browsers behind two NATs', reason);

const bundle = await bundleHeadless();
const figures = {};
const violations = [];
try {
  for (const kind of kinds) figures[kind] = await withCleanup((cleanup) => meet(kind, cleanup));
} finally {
  bundle.remove();
}
if (isJson) console.log(JSON.stringify({ scenario: 'nat', violations, figures }));
for (const sentence of violations) say(`BROKEN: ${sentence}`);
process.exit(violations.length === 0 ? 0 : 1);

async function meet(kind, cleanup) {
  const homes = cleanup.add(new TwoHomes([kind, kind]));
  const server = cleanup.add(await startServer(homes.prefix('public')));
  const url = `http://${homes.publicAddress}:${server.port}`;
  const relay = await startRelay(homes, url, cleanup);
  const [ada, bo] = await Promise.all(['home1', 'home2'].map((home) => openHome(homes, home, url, cleanup)));
  const ids = [(await lookAtTab(ada)).id, (await lookAtTab(bo)).id];

  const began = Date.now();
  const path = await callAndTalk(ada, bo, ids);
  const figure = { path: path.kind, via: path.via.length, messageAndCallMs: Date.now() - began };
  say(`${kind}: message and call over ${path.kind}${path.via.includes(relay.id) ? ' via the third node' : ''}, ${ms(figure.messageAndCallMs)}`);

  const isAsExpected = kind === 'cone' ? path.kind === 'direct' : path.kind === 'relayed' && path.via.includes(relay.id);
  if (!isAsExpected) violations.push(`${kind}: the path is ${JSON.stringify(path)}.`);
  return figure;
}

async function startRelay(homes, url, cleanup) {
  const process_ = cleanup.add(await startHeadless(bundle.file, homes.prefix('public')));
  const [id] = await process_.ask('start', new URL('/signal', url.replace('http', 'ws')).href, NETWORK, ['relay']);
  return { id };
}

/** A browser in that home; pages of the server count as secure there, as they would over https. */
async function openHome(homes, home, url, cleanup) {
  const chromium = cleanup.add(await startChromium(homes.wrapper(home, executablePath), [`--unsafely-treat-insecure-origin-as-secure=${url}`]));
  return chromium.openTab(url);
}

/** A call from the first to the second, which its owner allows, and a chat message back; answers the path of the session at the end. */
async function callAndTalk(ada, bo, [adaId, boId]) {
  const facts = async () => JSON.stringify(await Promise.all([ada, bo].map(lookAtTab)), undefined, 1);
  const inTime = (promise) => withDeadline(promise, DEADLINE_MS, facts);
  const call = ada.evaluate((node) => globalThis.parley.callTool(`${node}:calculator`, 'evaluate', { expression: '6 * 7' }), boId);
  const allow = bo.getByRole('dialog', { name: 'Allow tool call?' }).getByRole('button', { name: 'Allow once' });
  const [{ content }] = await inTime(Promise.all([call, allow.click({ timeout: DEADLINE_MS })]));
  if (content[0]?.text !== '42') violations.push(`The call answered ${JSON.stringify(content)}.`);

  await inTime(waitForAgentsOf(bo, adaId));
  await bo.evaluate(async (node) => {
    const { parley } = globalThis;
    const { owner } = parley.agents().find(({ address }) => address.startsWith(node));
    await parley.send(await parley.startConversation(owner.id), 'through the wall');
  }, adaId);
  const hasCome = () => globalThis.parley.conversations.some(({ lastText }) => lastText === 'through the wall');
  await inTime(ada.waitForFunction(hasCome, undefined, { timeout: 0 }));
  return (await lookAtTab(ada)).peers.find(({ id }) => id === boId).path;
}

function waitForAgentsOf(page, node) {
  return page.waitForFunction((id) => globalThis.parley.agents().some(({ address }) => address.startsWith(id)), node, { timeout: 0 });
}
