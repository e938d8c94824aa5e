import type { ConnectionCheckView, ConnectionFinding, NetworkStatusView, NodeView, PublicationView } from '../view/types.ts';
import { count } from './format.ts';
import { pathText, strings } from './strings.ts';

/** The words of the network page, which comes after the first screen: a part of the catalogue in `strings.ts`. */
export const networkStrings = {
  currentNetworkIs: 'The network you are in',
  howConnected: 'How you are connected',
  peers: 'Peers',
  noPeers: 'No peers yet. Open the invite link in another browser, or send it to somebody.',
  networkPicture: 'The people here, and their links',
  networkPictureText: (people: number, links: number, agents: number) =>
    `${count(people, 'node')} · ${count(links, 'link')} · ${count(agents, 'agent')}`,
  data: 'Data',
  checkConnection: 'Check connection',
  connectionCheck: 'Connection check',
  myAddress: 'Address of this tab',
  copyAddress: 'Copy address',
  ids: 'Your ids',
  idsText: 'Public keys, which may be given to anybody: with them others check that what comes in your name is from you.',
  idNames: { person: 'You', device: 'This device', node: 'This tab' },
  copyIds: { person: 'Copy your id', device: 'Copy the id of this device', node: 'Copy the address of this tab' },
  checking: 'Checking…',
  moreNodes: (more: number) => `${more} more`,
  howReached: 'How reached',
  roundTrip: 'Round trip',
  since: 'Since',
  lastSeen: (time: string) => `last seen ${time}`,
  servers: 'Servers',
  ownServer: 'this app’s own',
  toldServer: 'told by another',
  withStun: 'STUN',
  withTurn: 'TURN',
  throughput: 'Throughput',
  throughputText: (sent: string, received: string) => `↑ ${sent}/s · ↓ ${received}/s, the last minutes`,
  relayingNothing: 'You pass on nothing for others at present.',
  relaying: (circuits: number, passed: string) => `You pass on ${count(circuits, 'connection')} for others, unread (${passed} so far).`,
  relayed: (passed: string) => `You passed on ${passed} for others, unread.`,
  linkedWith: (names: string) => `Linked with ${names}`,
  publishedBy: (name: string) => `What ${name} published`,
  publishedNothing: 'Nothing that this tab has heard of.',
  publishedApart: 'without knowing of the one below',
  byDevice: 'device',
  joinText: 'Two people who have no server in common give each other a code, by any messenger or from screen to camera.',
  joinMake: 'Make a code',
  joinOr: 'Or did you get a code from the other person?',
  joinPreparing: 'Looking for the addresses under which you can be reached…',
  joinGive: 'Give this code to the other person, and paste theirs below. It holds for ten minutes; both pages stay open.',
  joinAnswer: (name: string) => `Give this answer back to ${name}. As soon as it is pasted there, you are linked.`,
  joinYours: 'Your code',
  joinQr: 'Your code as QR picture',
  joinTheirs: 'Code from the other person',
  joinUse: 'Use code',
  joinScan: 'Scan with the camera',
  joinStopScan: 'Stop the camera',
  joinNoCamera: 'The camera cannot be used here. Paste the code instead.',
  joinConnecting: 'Opening the link…',
  joinLinked: (name: string) => `You are linked with ${name}. From now on the network knows both of you.`,
  joinAgain: 'Begin again',
  theOther: 'the other person',
} as const;

const SERVER_TEXTS: Record<NetworkStatusView['server']['state'], (host: string) => string> = {
  off: () => 'No server is used.',
  connecting: (host) => `Looking for the server ${host}…`,
  connected: (host) => `The server ${host} introduces you to new people. It sees no messages and no calls.`,
  unreachable: (host) =>
    `The server ${host} does not answer. Everybody you are connected to stays connected; new people cannot find you until it is back.`,
  refused: (host) => `The server ${host} refused this tab. It will be asked again later.`,
};

export function serverText(status: NetworkStatusView): string {
  const text = SERVER_TEXTS[status.server.state](status.server.host);
  return status.isThroughTab ? `${strings.throughTab} ${text}` : text;
}

const nodeStates: Record<NodeView['state'], string> = {
  connecting: 'connecting',
  connected: 'connected',
  reachable: 'here, reachable through others',
  away: 'away',
};

export const serverStates: Record<NetworkStatusView['server']['state'], string> = {
  off: 'not used',
  connecting: 'connecting',
  connected: 'connected',
  unreachable: 'does not answer',
  refused: 'refused this tab',
};

/** A node in words, as its star in the picture is named. */
export function nodeText(node: NodeView): string {
  return [node.person?.name ?? '…', node.isHost ? strings.host : undefined, node.isLeaf ? strings.anotherTab : undefined, nodeReach(node)]
    .filter((part) => part !== undefined)
    .join(', ');
}

export function nodeReach(node: NodeView): string {
  return node.state === 'connected' && node.path ? pathText(node.path) : nodeStates[node.state];
}

const publicationWords: Record<PublicationView['entries'][number]['what'], (subject: string) => string> = {
  name: (name) => `is called ${name}`,
  node: (node) => `node …${node.slice(-10)}`,
  agent: (title) => `agent ${title}`,
  'node-removed': (node) => `node …${node.slice(-10)} removed`,
  'agent-removed': (agent) => `agent ${agent} removed`,
  compacted: () => 'earlier changes put together',
};

export function publicationText({ what, subject }: PublicationView['entries'][number]): string {
  return publicationWords[what](subject);
}

/** How one is connected, in a sentence. */
export function reachText(nodes: readonly NodeView[]): string {
  const connected = nodes.filter((node) => node.state === 'connected');
  const relayed = connected.filter((node) => node.path?.kind === 'relayed');
  const via = [...new Set(relayed.flatMap((node) => node.path?.viaNames ?? []))];
  if (connected.length === 0) return 'You are connected to nobody at present.';
  const hosts = connected.flatMap((node) => (node.path?.kind === 'host' ? [node.person?.name ?? strings.host] : []));
  if (hosts.length > 0 && !connected.some((node) => node.path?.kind === 'direct'))
    return `Everything goes, end-to-end encrypted, through ${[...new Set(hosts)].join(' and ')}.`;
  if (relayed.length === 0) return connected.length === 1 ? 'You have a link of your own.' : 'You have links of your own with everybody you talk to.';
  return `${count(relayed.length, 'peer')} cannot be linked with directly; you reach them through ${via.join(' and ')}.`;
}

export const checkNames: Record<ConnectionCheckView['what'], string> = {
  'secure-context': 'Secure connection (HTTPS or localhost)',
  server: 'Server',
  stun: 'UDP and STUN',
  nat: 'Router (NAT)',
  turn: 'TURN relay',
  'direct-links': 'Direct links',
  storage: 'Storage',
};

export const checkResults: Record<ConnectionCheckView['result'], string> = { ok: 'works', trouble: 'trouble', unknown: 'not known' };

/** What was found, and what to do about it. */
const FINDINGS: Record<ConnectionFinding, string> = {
  secure: 'The browser lets this page encrypt.',
  insecure: 'Open the page over HTTPS, or on localhost: elsewhere browsers do not let it encrypt.',
  'server-answers': 'It introduces new people to you.',
  'server-silent': 'It does not answer. Existing links go on. To meet somebody new meanwhile, connect without a server.',
  'server-refuses': 'It refused this tab; it is asked again later. Ask whoever runs it.',
  'no-webrtc': 'This browser has no WebRTC: everything goes through hosts.',
  'direct-unused': 'Not tried: the centralised mode uses neither.',
  'no-stun': 'No server offers STUN at present, so links work in your own network, and elsewhere only through others.',
  'stun-answers': 'UDP gets out, and your public address was found.',
  'no-nat': 'UDP gets out, and no router changes your address.',
  'udp-blocked': 'Nothing came back: your network seems to block UDP. You are relayed through others; another network would be faster.',
  'nat-unknown': 'Nothing can be said without an answer of STUN.',
  'nat-one-server': 'One STUN server answered. Whether your router is a strict one takes two to tell.',
  'nat-friendly': 'Your router keeps your address for everybody: direct links work.',
  'nat-symmetric': 'Your router shows each server another port. Some people are reached through others, or with a TURN relay.',
  'no-turn': 'None is configured, and few need one: people behind strict routers are relayed through other people’s tabs.',
  'turn-answers': 'It answers, and is used where nothing else works.',
  'turn-silent': 'It is configured, but does not answer. Tell whoever runs the server.',
  direct: 'You have links of your own; nobody stands between.',
  'some-relayed': 'You have links of your own; some people are relayed, still end-to-end encrypted:',
  'all-relayed': 'No link of your own could be opened. Everything goes, still end-to-end encrypted, through',
  'through-hosts': 'Everything goes, end-to-end encrypted, through',
  'direct-failed': 'A link could not be opened.',
  'nobody-tried': 'Nobody was linked with yet. Invite somebody.',
  'storage-kept': 'The browser keeps what is stored until you delete it.',
  'storage-not-kept': 'It works, but the browser may delete it when space runs low. Ask it to keep it, in the settings.',
  'storage-trouble': 'Nothing is kept when this tab closes.',
};

export function findingText(check: ConnectionCheckView): string {
  return FINDINGS[check.finding];
}
