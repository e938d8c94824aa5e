import type { ErrorCode } from '../base/errors.ts';
import type {
  AgentKindView,
  ConnectionCheckView,
  ConnectionFinding,
  MessageStateView,
  NetworkStatusView,
  NoticeView,
  PathView,
  NodeView,
  ProblemView,
  PublicationView,
  ServedCallView,
} from '../view/types.ts';
import { milliseconds } from './format.ts';

/**
 * Every word that the app says, in one place. The names that automation and assistive technology rely on are listed in
 * `src/ui/README.md`; changing one of those is a breaking change.
 */
export const strings = {
  appName: 'Parley',
  main: 'Main',
  skipToContent: 'Skip to content',
  conversations: 'Conversations',
  agents: 'Agents',
  network: 'Network',
  settings: 'Settings',
  cannotStart: 'Parley cannot start here',
  back: 'Back',
  close: 'Close',
  copy: 'Copy',
  you: 'You',
  verified: 'verified',
  away: 'away',
  here: 'here',

  networkStatus: 'Network status',
  invite: 'Invite',
  invitePeople: 'Invite people',
  inviteLink: 'Invite link',
  inviteQrCode: 'Invite QR code',
  inviteText: 'Whoever opens this link is in the network: no account, nothing to install.',
  invitePrivateText: 'This link holds the network’s secret. Give it only to people who may join; the server never sees it.',
  share: 'Share',

  newConversation: 'New conversation',
  newConversationText: 'People who are here now, or whom you have met',
  nobodyHere: 'Nobody else is here yet. Invite somebody: opening the link is all they do.',
  searchConversations: 'Search conversations',
  searchTools: 'Search agents, tools and people',
  toolsFound: 'Tools found',
  allToolsOf: (tools: number) => `List all ${count(tools, 'tool')}`,
  foundCount: (agents: number, tools: number) => `${count(agents, 'agent')}, ${count(tools, 'tool')}`,
  askingAgents: (agents: number) => `Asking ${count(agents, 'agent')} what their tools do…`,
  filters: 'Filters',
  node: 'Node',
  kind: 'Kind',
  everything: 'All',
  nodeOf: (person: string, end: string) => `${person} …${end}`,
  moreConversations: 'Show more',
  nothingFound: 'Nothing matches.',
  noConversations: 'No conversations yet',
  noConversationsText: 'Invite somebody, or write to a person who is here.',
  welcome: 'You are in.',
  welcomeText: (network: string) => `This tab is now part of ${network}: no account, no password. Write to somebody who is here, or send an invite.`,
  yourName: 'Others see you as',
  change: 'Change',
  hereNow: 'Here now',
  writeTo: (name: string) => `Write to ${name}`,
  conversationGone: 'There is no such conversation on this device.',

  messages: 'Messages',
  message: 'Message',
  messageTo: (name: string) => `Message ${name}`,
  send: 'Send',
  encrypted: 'End-to-end encrypted',
  notVerified: 'not verified yet',
  conversationDetails: 'Conversation details',
  members: 'Members',
  howYouReach: 'How you reach them',
  notReachedNow: 'Not connected now. What you write is kept on this device and sent when you meet again.',
  safetyNumber: 'Safety number',
  compareSafetyNumber: 'Compare safety number',
  safetyNumberText: (name: string) =>
    `Read it to ${name} over the phone or in person. If both of you see the same digits, nobody stands between you.`,
  safetyNumberIsSame: 'It is the same',
  notVerifiedAnyMore: 'Not verified any more',
  agentsOf: (name: string) => `Agents of ${name}`,
  firstMessage: (name: string) => `This is the beginning of your conversation with ${name}. Only the two of you can read it.`,
  unreadFrom: 'New since you were here',
  olderMessages: 'Show older messages',
  tryAgain: 'Try again',
  unread: (count: number) => `${count} unread`,

  noAgents: 'No agents here yet. As soon as somebody with agents is connected, theirs appear here.',
  pickAgent: 'Agents are tools that people here share',
  pickAgentText: 'Pick one to see what it can do. A call runs in its owner’s tab, and only after the owner said yes.',
  agentOf: (name: string) => `agent of ${name}`,
  yourAgent: 'your agent',
  tools: 'Tools',
  resources: 'Resources',
  prompts: 'Prompts',
  noTools: 'This agent has no tools.',
  arguments: 'Arguments',
  noArguments: 'This tool takes no arguments.',
  callTool: 'Call tool',
  cancel: 'Cancel',
  result: 'Result',
  optional: 'optional',
  asJson: 'as JSON',
  emptyIsNull: 'empty means null',
  editAsJson: 'Write as JSON',
  editAsForm: 'Back to the form',
  notInForm: 'The form cannot show all of this, so it stays as JSON.',
  argumentsAsJson: 'All arguments as JSON',
  kindOf: (label: string) => (label === '' ? 'Kind' : `Kind of ${label}`),
  itemOf: (label: string, place: number) => (label === '' ? `Item ${place}` : `${label} ${place}`),
  addItem: (label: string) => `Add to ${label === '' ? 'the list' : label}`,
  removeItem: (item: string) => `Remove ${item}`,
  moveUp: (item: string) => `Move ${item} up`,
  moveDown: (item: string) => `Move ${item} down`,
  leaveOut: (label: string) => `Leave out ${label}`,
  addPart: (label: string) => `Add ${label}`,
  addProperty: (label: string) => (label === '' ? 'Add a property' : `Add a property to ${label}`),
  propertyName: (place: number) => `Name of property ${place}`,
  propertyValue: (name: string) => (name === '' ? 'Value' : name),
  sendNull: (label: string) => `Send null as ${label}`,
  sendEmptyText: (label: string) => `Send empty text as ${label}`,
  backToField: (label: string) => `Ask for ${label} again`,
  pickDate: (label: string) => `Pick a date for ${label}`,
  fileSize: (name: string, size: string) => (name === '' ? size : `${name} · ${size}`),
  toCorrect: (count: number) => (count === 1 ? 'One thing to correct' : `${count} things to correct`),
  bySchema: 'The tool’s own description says so. If you know better, call it anyway.',
  callAnyway: 'Call anyway',
  fieldProblems: {
    needed: 'This is needed.',
    choose: 'Choose one.',
    number: 'Give a number.',
    integer: 'Give a whole number.',
    inexact: 'A number here is too long to be sent exactly. Where the tool takes text, put it in "quotes".',
    atLeast: (min: number) => `Give at least ${min}.`,
    atMost: (max: number) => `Give at most ${max}.`,
    moreThan: (min: number) => `Give more than ${min}.`,
    lessThan: (max: number) => `Give less than ${max}.`,
    longer: (min: number) => `Give at least ${count(min, 'character')}.`,
    shorter: (max: number) => `Give at most ${count(max, 'character')}.`,
    moreItems: (min: number) => `Give at least ${count(min, 'item')}.`,
    fewerItems: (max: number) => `Give at most ${count(max, 'item')}.`,
    json: 'Give valid JSON: text in "quotes", lists in [brackets], objects in {braces}.',
    object: 'Arguments are an object: {"name": value}.',
    file: 'Choose a file.',
    fileTooLarge: (max: string) => `A call carries at most ${max} of a file.`,
    fileUnreadable: 'The browser could not read this file. Choose it again.',
    propertyName: 'Give it a name.',
    propertyTwice: 'There is another one of this name.',
    unfit: 'This fits none of the shapes that the tool takes.',
    type: (types: string) => `The tool wants something else here: ${types}.`,
    pattern: (pattern: string) => `This does not have the form that the tool asks for: ${pattern}`,
    format: (example: string) => `This is not written as the tool asks for. It looks like this: ${example}`,
    multipleOf: (step: string) => `Give a multiple of ${step}.`,
    unique: 'No two of these may be the same.',
    unknown: 'The tool takes nothing of this name.',
    constant: (value: string) => `The tool takes only ${value} here.`,
    otherwise: (rule: string) => `The tool’s rule “${rule}” does not hold here.`,
  },
  allTools: 'All tools',
  loadingAgent: 'Asking the agent what it can do…',
  agentGone: 'This agent is not reachable now.',
  changesThings: 'May change things',
  readsOnly: 'Reads only',
  agentOn: 'Others may ask to call it',
  noResult: 'The result appears here.',
  toolError: 'The tool reported an error',
  emptyResult: 'The tool answered with nothing.',
  unknownContent: (type: string) => `The agent sent content of a kind that this version cannot show: ${type}`,
  contentTooLarge: (type: string) => `The agent sent content that is too large for this page: ${type}`,
  resultNotKept: 'The result was too large to be kept. Run the tool again to see it.',
  imageOfTool: 'Picture from the tool',
  soundOfTool: 'Sound from the tool',
  shownOf: (shown: number, all: number) => `${shown.toLocaleString()} of ${all.toLocaleString()} characters`,
  cutOff: 'What came after that was cut off.',
  showMore: 'Show more',
  saveAs: 'Save',
  saveFile: (name: string) => `Save ${name}`,
  read: 'Read',
  getPrompt: 'Get prompt',
  callsServed: 'Calls into your agents',
  noCallsServed: 'Nobody has called your agents since this page was opened.',
  waitingForOwner: (name: string) => `Waiting for ${name}. If the owner has to say yes first, this takes a moment.`,
  askedByYou: 'asked by you',
  askedAndAllowed: (owner: string) => `asked by you, allowed by ${owner}`,
  askedAndRefused: (owner: string) => `asked by you, refused by ${owner}`,
  running: 'Running…',
  steps: (done: number, all: number) => `${done} of ${all}`,
  timeLeft: (ms: number) => `about ${milliseconds(ms)} left`,
  runAgain: 'Run again',
  editAndRun: 'Edit and run',
  argumentsNotKept: 'The arguments were too large to be kept.',
  inAnotherTab: 'runs in another tab',
  yourCalls: 'Your calls',
  noCalls: 'You have not called a tool yet.',
  earlierCalls: 'Earlier calls',
  forgetCalls: 'Forget all',
  forgetCallsText: 'They are kept on this device only. Those that still run stay.',
  callsAndLog: 'All calls',
  callOf: (tool: string, agent: string) => `${tool} of ${agent}`,
  callStates: { running: 'runs', done: 'done', error: 'ended with an error', failed: 'failed' },
  callATool: 'Call a tool',
  findTool: 'Find a tool',
  toolsFoundCount: (tools: number) => `${count(tools, 'tool')}`,
  moreTools: (tools: number) => `${tools} more: type on to find them.`,
  toolGone: 'The agent has no such tool any more.',
  onlyForYou: 'only you see this',
  took: (ms: number) => `took ${milliseconds(ms)}`,

  allowToolCall: 'Allow tool call?',
  wantsToCall: 'wants to call',
  ofYourAgent: (agent: string) => `of your agent ${agent}`,
  withArguments: 'With these arguments',
  withNoArguments: 'Without arguments',
  allowOnce: 'Allow once',
  allowForAnHour: 'Allow for an hour',
  alwaysAllow: 'Always allow',
  alwaysAllowText: 'Always: this person, this tool as it is now, for 30 days. It can be taken back at any time.',
  wantsToRead: 'wants to read',
  wantsPrompt: 'wants the prompt',
  wantsMethod: 'wants to use',
  readsAll: 'Allowed for longer, this person may read everything that the agent offers.',
  strangerCaller: 'You have never written to this person.',
  refuse: 'Refuse',
  moreWaiting: (count: number) => `${count} more waiting`,
  notVerifiedCaller: 'You have not verified this person. Allow only what you would let a stranger do.',

  currentNetworkIs: 'The network you are in',
  howConnected: 'How you are connected',
  peers: 'Peers',
  noPeers: 'No peers yet. Open the invite link in another browser, or send it to somebody.',
  networkPicture: 'The people here, and their links',
  networkPictureText: (people: number, links: number, agents: number) =>
    `${count(people, 'node')} · ${count(links, 'link')} · ${count(agents, 'agent')}`,
  person: 'Person',
  path: 'Path',
  data: 'Data',
  state: 'State',
  checkConnection: 'Check connection',
  connectionCheck: 'Connection check',
  throughTab: 'Through another tab of this browser.',
  myAddress: 'Address of this tab',
  copyAddress: 'Copy address',
  checking: 'Checking…',
  host: 'host',
  anotherTab: 'another tab',
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
  joinWithoutServer: 'Connect without a server',
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

  displayName: 'Display name',
  displayNameText: 'What people in this network see beside your messages.',
  save: 'Save',
  theme: 'Theme',
  themes: { system: 'System', light: 'Light', dark: 'Dark' },
  networkMode: 'Network mode',
  modes: { decentralised: 'Decentralised', hybrid: 'Hybrid', centralised: 'Centralised' },
  modeTexts: {
    decentralised: 'Tabs connect to each other directly. The server only introduces them.',
    hybrid: 'Direct where possible, through a host where not. Needs a host, and none is known.',
    centralised: 'Everything through a host, still end-to-end encrypted. Needs a host, and none is known.',
  },
  storage: 'Storage on this device',
  storageUsed: (used: string, quota: string | undefined) => (quota ? `${used} used of about ${quota}` : `${used} used`),
  storagePersisted: 'The browser keeps it until you delete it.',
  storageNotPersisted: 'The browser may delete it when space runs low.',
  keepStorage: 'Ask the browser to keep it',
  networks: 'Networks',
  openNetwork: 'open to everyone on this server',
  privateNetwork: 'private',
  currentNetwork: 'you are here',
  switchTo: 'Switch',
  newPrivateNetwork: 'New private network',
  networkName: 'Network name',
  create: 'Create and switch',
  newPrivateNetworkText: 'Only people with its invite link can join, or even find it.',
  about: 'About',
  version: (version: string) => `Parley ${version}`,

  updateNow: 'Update',
  dismiss: 'Dismiss',
  notices: 'Notices',
} as const;

function count(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? '' : 's'}`;
}

/** How the status region's text begins, which is a name that stays; the mode follows. */
export function statusText(status: NetworkStatusView): string {
  const state = { offline: 'Offline', connecting: 'Connecting', connected: 'Connected' }[status.state];
  return `${state} · ${count(status.peers, 'peer')}`;
}

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

/** By which way, without how long it takes. */
export function pathKindText(path: PathView): string {
  return {
    direct: 'direct',
    tab: 'in this browser',
    host: 'through a host',
    relayed: path.via.length > 0 ? `through ${(path.viaNames ?? path.via).join(', ')}` : 'relayed',
    memory: 'this tab',
  }[path.kind];
}

export function pathText(path: PathView): string {
  const kind = pathKindText(path);
  return path.rttMs === undefined ? kind : `${kind} · ${milliseconds(path.rttMs)}`;
}

export const messageStates: Record<MessageStateView, string> = {
  queued: 'waiting for the other to be here',
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  failed: 'not sent',
};

export const agentKinds: Record<AgentKindView, string> = {
  'built-in': 'built in',
  remote: 'remote server',
  mounted: 'server on a host',
  folder: 'folder',
  assistant: 'assistant',
};

export const nodeStates: Record<NodeView['state'], string> = {
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

/** How one is connected, in a sentence. */
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

export function reachText(nodes: readonly NodeView[]): string {
  const connected = nodes.filter((node) => node.state === 'connected');
  const relayed = connected.filter((node) => node.path?.kind === 'relayed');
  const via = [...new Set(relayed.flatMap((node) => node.path?.viaNames ?? []))];
  if (connected.length === 0) return 'You are connected to nobody at present.';
  if (relayed.length === 0) return connected.length === 1 ? 'You have a link of your own.' : 'You have links of your own with everybody you talk to.';
  return `${count(relayed.length, 'peer')} cannot be linked with directly; you reach them through ${via.join(' and ')}.`;
}

export const outcomes: Record<ServedCallView['outcome'], string> = {
  ran: 'ran',
  'tool-error': 'ran, with an error',
  refused: 'refused',
  expired: 'not answered in time',
  cancelled: 'cancelled',
  revoked: 'stopped: the permission was taken back',
  'timed-out': 'stopped: it took too long',
  'rate-limited': 'refused: too many calls',
  overloaded: 'refused: too many calls at once',
};

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
  'no-webrtc': 'This browser has no WebRTC. Use a current Chromium, Firefox or Safari.',
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
  'direct-failed': 'A link could not be opened.',
  'nobody-tried': 'Nobody was linked with yet. Invite somebody.',
  'storage-kept': 'The browser keeps what is stored until you delete it.',
  'storage-not-kept': 'It works, but the browser may delete it when space runs low. Ask it to keep it, in the settings.',
  'storage-trouble': 'Nothing is kept when this tab closes.',
};

export function findingText(check: ConnectionCheckView): string {
  return FINDINGS[check.finding];
}

/** What happened, why, what to do. */
const PROBLEMS: Partial<Record<ErrorCode, string>> = {
  malformed: 'Something arrived that could not be read. It was ignored.',
  'too-large': 'That is larger than the limit. Try something shorter.',
  'bad-signature': 'Something arrived with a wrong signature and was ignored.',
  'bad-certificate': 'This device’s certificate is not valid. Its owner should open the app again.',
  'device-list-conflict': 'This person’s list of devices contradicts what was seen before. Compare safety numbers before you trust it.',
  'wrong-node': 'Somebody else answered than the one who was called. Nothing was sent.',
  'wrong-network-secret': 'The other side has a different secret for this network. One of you has an old or altered invite link: ask for a new one.',
  'handshake-failed': 'The secure connection could not be agreed on. It is tried again.',
  'version-unsupported': 'The other side runs an incompatible version of the app. Reload both pages.',
  'decrypt-failed': 'A part of the connection was damaged on the way. It is made again.',
  'clock-skew': 'The clocks of the two devices differ too much. Check date and time on both.',
  'protocol-violation': 'The other side broke the protocol and was disconnected.',
  'rate-limited': 'Too much in too short a time. Wait a moment, and try again.',
  overloaded: 'There is too much to do right now. Try again in a moment.',
  'timed-out': 'There was no answer in time. Try again.',
  cancelled: 'Cancelled.',
  unreachable: 'Not reachable now: away, or no path leads there. It is tried again when they are back.',
  'ice-failed': 'No direct path was found. A firewall, or a network that blocks UDP, stands between you. Try another network.',
  'link-lost': 'The connection broke. It is made again by itself.',
  'relay-lost': 'The person whose tab passed this on is gone, or could not go on. Another way is looked for.',
  'peer-closed': 'The other side closed the page.',
  'peer-silent': 'The other side stopped answering: asleep, or offline.',
  replaced: 'A newer connection took over.',
  'not-needed': 'The other side has connections enough and gave this one up.',
  'protocol-unknown': 'The other side’s version of the app cannot do this. Reload both pages.',
  'agent-unknown': 'The agent is no longer there.',
  'definition-changed': 'The agent describes this differently from when you accepted it. Look at the difference, and accept it or leave it.',
  refused: 'The owner said no.',
  'signaling-unreachable': 'The server does not answer. Existing connections go on; it is tried again by itself.',
  'signaling-refused': 'The server refused this tab.',
  'invite-broken': 'This invite link is damaged or incomplete. Ask for it again, and copy all of it.',
  'code-broken': 'This code is damaged or incomplete. Copy all of it, and paste it again.',
  'code-expired': 'This code is too old: codes hold for ten minutes. Begin again with a new one.',
  'code-foreign': 'This code is of another network. Open the other person’s invite link first, then exchange codes.',
  'code-own': 'This is your own code. Give it to the other person, and paste theirs here.',
  'code-unexpected': 'This is the answer to another code than the one that you show. Give the other person the present one.',
  'platform-missing': 'This browser lacks something that Parley needs. Use a current Chromium, Firefox or Safari over HTTPS.',
  'storage-full': 'The storage of this browser is full. Free some space; until then nothing new can be kept.',
  'storage-broken': 'The storage of this browser cannot be read. This tab works, but forgets everything when closed.',
  'storage-too-new': 'The stored data was written by a newer version of the app. Reload the page to get that version.',
  'storage-denied': 'This browser does not let the page store anything (private mode?). This tab works, but forgets everything when closed.',
  'bad-argument': 'That cannot be used as it is.',
  'closed-here': 'This page was closed before it ended.',
};

/** A problem in words, with the detail that its source gave. */
export function problemText(problem: ProblemView): string {
  const known = PROBLEMS[problem.code];
  if (problem.code === 'bad-argument' && problem.detail) return problem.detail;
  return known ?? `Something went wrong here (${problem.code}${problem.detail ? `: ${problem.detail}` : ''}).`;
}

const NOTICES: Record<NoticeView['text'], string> = {
  copied: 'Copied.',
  'update-ready': 'A new version is ready. Updating reloads the page; calls that run are finished first.',
  'offline-ready': 'Parley now also opens without a network.',
  'not-persisted': 'The browser did not agree to keep it. It often does once the app is installed, or used for some days.',
  problem: 'Something went wrong.',
  'name-saved': 'Your name is saved, and others see it now.',
  'storage-trouble': 'Storage trouble.',
  'invite-broken': 'This invite link is damaged or incomplete. Ask for it again, and copy all of it.',
  'joined-network': 'You joined the network.',
};

export function noticeText(notice: NoticeView): string {
  return notice.problem ? problemText(notice.problem) : NOTICES[notice.text];
}
