import { computed, signal, type Signal } from '@preact/signals-core';
import { Directory } from '../agents/directory.ts';
import { asParleyError, ParleyError } from '../base/errors.ts';
import { ChatService } from '../chat/chat-service.ts';
import { WebCryptoBulkCipher } from '../crypto/bulk-cipher.ts';
import { systemEntropy } from '../crypto/entropy.ts';
import { createVerifier } from '../crypto/signing.ts';
import type { AgentHost } from '../mcp/agent-host.ts';
import { createNode, type Node } from '../node/node.ts';
import { FencedRecords } from '../storage/fenced-records.ts';
import { isSignalingUrl, signalingUrlOf, WebSocketSignaling } from '../transport/signaling-websocket.ts';
import { WatchedDialer } from '../transport/watched-dialer.ts';
import { WebRtcDialer } from '../transport/webrtc-dialer.ts';
import '../ui/styles/fonts.css';
import '../ui/styles/tokens.css';
import { mountApp } from '../ui/mount.ts';
import { showFailure } from '../ui/failure-page.ts';
import { createAppModel, readTheme, type HubStatus } from '../view/app-model.ts';
import { generatedName } from '../view/generated-name.ts';
import type { AppModel } from '../view/types.ts';
import { decodeInvite, isInviteFragment, type Invite } from '../wire/invite.ts';
import { pskOf } from '../wire/networks.ts';
import { createAgents } from './agents.ts';
import { firstMode, readMode } from '../modes/chosen-mode.ts';
import { keepAnchors } from './anchors.ts';
import { pickFolder } from './folder-picker.ts';
import { probeIce } from './ice-probe.ts';
import { inviteLinkTo, networkIdText, networkView } from './known-networks.ts';
import { Modes } from './modes.ts';
import { readOwnState } from './own-state.ts';
import { systemClock } from './system-clock.ts';
import { checkArguments } from './schema-checker.ts';
import { claimTabSlot } from './tab-slot.ts';
import { Tabs } from './tabs.ts';
import { applyRememberedTheme, applyTheme } from './theme.ts';
import { hasServiceWorker, Updates } from './updates.ts';

/** The composition root: the one place where ports meet their adapters. */

const APP_VERSION = import.meta.env['VITE_APP_VERSION'] as string;
const place = document.querySelector('#app') as HTMLElement;

async function start(): Promise<void> {
  if (!isSecureContext || !globalThis.crypto?.subtle) throw new ParleyError('platform-missing', 'The page is not in a secure context.');
  applyRememberedTheme();
  const { invite, problem: inviteProblem } = takeInvite();
  const [slot, verifier] = await Promise.all([claimTabSlot(navigator.locks, sessionStorageOf()), createVerifier()]);
  if (!slot) throw new ParleyError('overloaded', 'Too many tabs of this app are open in this browser. Close some, and reload.');
  const own = await readOwnState({ invite, nodeName: slot.keyName, clock: systemClock, entropy: systemEntropy });
  const { storage, known, network, identity, name, theme, problem: storageProblem } = own;
  const { records } = storage;
  const tabs = tabsOf(storage.isShared, networkIdText(network));
  const isHub = await tabs.claim();
  const hasWebRtc = 'RTCPeerConnection' in globalThis;
  const dials = new WatchedDialer(new WebRtcDialer(async () => (await import('simple-peer/simplepeer.min.js')).default), systemClock);
  const chosen = readMode(own.mode);
  const node = createNode({
    mode: firstMode(chosen, hasWebRtc),
    role: isHub ? 'hub' : 'leaf',
    identity,
    networkId: network.networkId,
    ...(network.secret ? { psk: pskOf(network.secret) } : {}),
    clock: systemClock,
    entropy: systemEntropy,
    verifier,
    bulkCipher: new WebCryptoBulkCipher(),
    signaling: new WebSocketSignaling(signalingUrlOf(location.href), systemClock),
    signalingFor: (url) => (isSignalingUrl(url) ? new WebSocketSignaling(url, systemClock) : undefined),
    ...(hasWebRtc ? { rtc: dials } : {}),
  });
  const hubRecords = new FencedRecords(records, networkIdText(network));
  const directory = new Directory({
    node,
    records: hubRecords,
    clock: systemClock,
    load: async () => {
      const { createRegistry } = await import('./registry-source.ts');
      return createRegistry({ identity, networkId: network.networkId, entropy: systemEntropy, clock: systemClock });
    },
  });
  const chat = new ChatService({
    node,
    store: storage.chat,
    deviceSigner: identity.deviceSigner,
    device: identity.device,
    verifier,
    clock: systemClock,
    network: networkIdText(network),
    records,
    isDelivering: isHub,
    nodesOf: (person) => directory.nodesOf(person),
  });
  const modes = new Modes(() => {
    const invitedBy = invite?.host ?? network.host;
    return { node, records, network: networkIdText(network), chosen, hasWebRtc, dials, isHub: tabs.isHub, invitedBy };
  });
  if (node.mode !== 'decentralised') void modes.start();
  const hubStatus = followTabs(tabs, node, chat, hubRecords, modes);
  const { approvals, host, clients, published, ...agents } = await createAgents({ node, identity, verifier, storage, directory, chat });
  const updates = new Updates();
  const { model, programs } = createAppModel({
    node,
    chat,
    chatStore: storage.chat,
    directory,
    host,
    published,
    clients,
    approvals,
    ...agents,
    modes: (surroundings) => modes.model(surroundings),
    records,
    clock: systemClock,
    tabs: { hubStatus, publish: (status) => tabs.publish(status) },
    page: {
      version: APP_VERSION,
      serverHost: location.host,
      inviteLink: () => inviteLinkTo(network, modes.linkedHost),
      createPrivateNetwork: async (networkName) => {
        await known.create(networkName, systemEntropy);
        location.assign('/#/');
        location.reload();
      },
      switchNetwork: async (id) => {
        await known.switchTo(id);
        location.assign('/#/');
        location.reload();
      },
      applyTheme,
      pickFolder,
      probeIce,
      checkArguments,
      storage: storageFacts,
      persist: () => navigator.storage?.persist?.() ?? Promise.resolve(false),
      applyUpdate: () => whenIdle(model, host, () => updates.apply()),
    },
    network: networkView(network),
    networks: (await known.all()).map(networkView),
    name: name ?? generatedName(identity.person),
    theme: readTheme(theme),
    ...(storageProblem ? { storageProblem: { code: storageProblem.code, detail: storageProblem.message } } : {}),
  });
  void keepAnchors(node, records, networkIdText(network), systemClock);
  applyTheme(readTheme(theme));
  mountApp(place, model);
  if (inviteProblem) model.notify('invite-broken', { code: inviteProblem.code, detail: inviteProblem.message });
  else if (invite?.secret) model.notify('joined-network');
  followThePlatform(node, tabs, () => {
    dials.forget();
    modes.retryNow();
  });
  lookForUpdates(model, updates);
  updates.onReady = () => model.notify('update-ready');
  void updates.start().then((hasWorker) => hasWorker || tabs.standAlone());
  void directory.start().then(() => whenQuiet(() => void published.describe()));
  if (new URLSearchParams(location.search).has('api')) {
    const { publicApi } = await import('./public-api.ts');
    Object.assign(globalThis, { parley: publicApi(model, programs) });
  }
}

/** The invite in the URL, which then leaves the address bar: a private one is a secret. */
function takeInvite(): { readonly invite: Invite | undefined; readonly problem?: ParleyError } {
  if (!isInviteFragment(location.hash)) return { invite: undefined };
  const fragment = location.hash;
  history.replaceState(history.state, '', `${location.pathname}${location.search}#/`);
  dispatchEvent(new HashChangeEvent('hashchange'));
  try {
    return { invite: decodeInvite(fragment) };
  } catch (thrown) {
    return { invite: undefined, problem: asParleyError(thrown, 'invite-broken') };
  }
}

/** Tabs share links only where they share what is stored, and where a service worker can bring them together. */
function tabsOf(isShared: boolean, network: string): Tabs {
  const worker = isShared && hasServiceWorker() ? navigator.serviceWorker : undefined;
  return new Tabs({ locks: isShared ? navigator.locks : undefined, worker, network, clock: systemClock });
}

/** This tab is the hub of its browser or one of its leaves, as the others come and go. Answers how the hub is connected. */
function followTabs(tabs: Tabs, node: Node, chat: ChatService, hubRecords: FencedRecords, modes: Modes): Signal<HubStatus | undefined> {
  const hubStatus = signal(tabs.hubStatus);
  const take = (isHub: boolean): void => (isHub ? hubRecords.take() : hubRecords.leave());
  take(tabs.isHub);
  hubRecords.onFenced = () => tabs.stepBack();
  tabs.onHubStatus = () => (hubStatus.value = tabs.hubStatus);
  tabs.onRole = (isHub) => {
    take(isHub);
    node.setRole(isHub ? 'hub' : 'leaf');
    chat.setDelivering(isHub);
    modes.setHub(isHub);
  };
  tabs.start(node);
  return hubStatus;
}

function followThePlatform(node: Node, tabs: Tabs, retry: () => void): void {
  const resume = (): void => {
    tabs.resume();
    retry();
    node.nudge('resume');
  };
  addEventListener('online', () => {
    retry();
    node.nudge('online');
  });
  addEventListener('offline', () => node.nudge('offline'));
  addEventListener('pageshow', (event) => event.persisted && resume());
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && resume());
  document.addEventListener('freeze', () => tabs.freeze());
  document.addEventListener('resume', resume);
  addEventListener('pagehide', (event) => {
    if (event.persisted) return tabs.freeze();
    void node.close();
    tabs.close();
  });
  // An invite that is pasted into the open tab's address bar.
  addEventListener('hashchange', () => isInviteFragment(location.hash) && location.reload());
}

/** A new version comes with a new start of the server, or while the tab was out of sight. */
function lookForUpdates(model: AppModel, updates: Updates): void {
  const isConnectedNow = computed(() => model.network.value.server.state === 'connected');
  isConnectedNow.subscribe((isConnected) => isConnected && updates.check());
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && updates.check());
}

/** Runs what is worth doing when there is nothing more urgent. */
function whenQuiet(then: () => void): void {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(then, { timeout: 10_000 });
  else setTimeout(then, 2_000);
}

/** Waits until no call runs here: neither one of mine, nor one of somebody else into my agents. */
function whenIdle(model: AppModel, host: AgentHost, then: () => void): void {
  const stops: (() => void)[] = [];
  const look = (): void => {
    if (host.activeCalls > 0 || model.calls.value.some(({ state, isElsewhere }) => state.kind === 'running' && !isElsewhere)) return;
    for (const stop of stops.splice(0)) stop();
    then();
  };
  stops.push(
    model.calls.subscribe(() => queueMicrotask(look)),
    host.on('active', () => queueMicrotask(look)),
  );
}

async function storageFacts() {
  const [estimate, persisted] = await Promise.all([navigator.storage?.estimate?.(), navigator.storage?.persisted?.()]).catch(() => []);
  return { usedBytes: estimate?.usage, quotaBytes: estimate?.quota, persisted: persisted ?? false };
}

function sessionStorageOf(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}

start().catch((thrown: unknown) => showFailure(place, asParleyError(thrown)));
