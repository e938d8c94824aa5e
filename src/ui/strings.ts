import type { ErrorCode } from '../base/errors.ts';
import type { AgentKindView, MessageStateView, NetworkStatusView, NoticeView, PathView, ProblemView } from '../view/types.ts';
import { count, milliseconds } from './format.ts';

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

  agentOf: (name: string) => `agent of ${name}`,
  yourAgent: 'your agent',
  tools: 'Tools',
  loadingAgent: 'Asking the agent what it can do…',
  showMore: 'Show more',
  callStates: { running: 'runs', done: 'done', error: 'ended with an error', failed: 'failed' },
  callATool: 'Call a tool',
  findTool: 'Find a tool',
  toolsFoundCount: (tools: number) => `${count(tools, 'tool')}`,
  moreTools: (tools: number) => `${tools} more: type on to find them.`,
  toolGone: 'The agent has no such tool any more.',
  onlyForYou: 'only you see this',
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

  person: 'Person',
  path: 'Path',
  state: 'State',
  throughTab: 'Through another tab of this browser.',
  host: 'host',
  anotherTab: 'another tab',
  joinWithoutServer: 'Connect without a server',
  displayName: 'Display name',
  displayNameText: 'What people in this network see beside your messages.',
  save: 'Save',
  theme: 'Theme',
  themes: { system: 'System', light: 'Light', dark: 'Dark' },
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

/** How the status region's text begins, which is a name that stays; the mode follows. */
export function statusText(status: NetworkStatusView): string {
  const state = { offline: 'Offline', connecting: 'Connecting', connected: 'Connected' }[status.state];
  return `${state} · ${count(status.peers, 'peer')}`;
}

/** By which way, without how long it takes. */
export function pathKindText(path: PathView): string {
  return {
    direct: 'direct',
    tab: 'in this browser',
    host: 'over its socket',
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
  'not-for-you': 'This is not open to you. Its owner was not asked.',
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
