import { outcomes } from './agent-strings.ts';
import type { AgentKindView, AuditLineView, CallKindView, ConsentView, RelationView, RuleView } from '../view/trust-types.ts';
import type { ToolEffect } from '../view/types.ts';

/** The words of the screens about consent, which come after the first ones: a second part of the catalogue in `strings.ts`. */
export const trustStrings = {
  // Questions of agents.
  agentAsks: 'The agent asks you',
  agentAsksText: (agent: string, owner: string) =>
    `${agent} of ${owner}, which you called, wants to know this. Give it only what it may have; never a password.`,
  answer: 'Send answer',
  decline: 'Decline',
  cancelQuestion: 'Cancel',
  openPage: 'Open page',
  donePage: 'I am done there',
  opensAt: 'The page is at',
  wholeAddress: 'Whole address',
  notSecure: 'This page is not encrypted: others can read along.',
  pageText: 'Nothing was loaded yet. Open it only if you know who is at that address.',
  samplingText: 'It wants a text as a language model would write it. There is no model here: write the answer yourself, or decline.',
  samplingSystem: 'How to answer',
  yourAnswer: 'Your answer',
  rootsText: 'It wants to know which folders it may work on, as addresses that begin with file://, one in a line. Decline, and it learns of none.',
  folders: 'Folders',
  optional: 'optional',
  choose: 'Choose…',
  required: 'This has to be answered.',
  notANumber: 'This has to be a number.',
  outOfRange: (minimum: number | undefined, maximum: number | undefined) =>
    minimum === undefined ? `At most ${maximum}.` : maximum === undefined ? `At least ${minimum}.` : `From ${minimum} to ${maximum}.`,
  wrongLength: (minimum: number | undefined, maximum: number | undefined) => `${trustStrings.outOfRange(minimum, maximum).slice(0, -1)} characters.`,
  wrongFormat: 'This is not written as it has to be.',

  // What one may call.
  notForYou: 'Not open to you',
  notForYouYet: (owner: string) =>
    `${owner} lets people call this to whom they have written. Write to ${owner}: once they have answered, you can call it.`,
  notForYouAtAll: (owner: string) => `${owner} has not opened this to you.`,
  itsTools: 'What it would offer',
  runsAtOnce: 'runs at once',
  asksOwner: (owner: string) => `${owner} is asked first`,

  // Permissions.
  permissions: 'Who may call it',
  permissionsText: 'What is taken back ends calls at once, also those that run.',
  forAll: 'Everything of this agent',
  asAgent: 'as the agent',
  ruleOf: (what: string, who: string) => `${what}: ${who}`,
  callsPerMinute: 'Calls of one person per minute',
  parallelCalls: 'Calls of one person at once',
  limits: 'Limits for others than your devices',
  rulesByTool: 'Tool by tool',

  // A call of mine before it is sent.
  sendCall: 'Send this call?',
  argumentsToSend: 'Arguments to send',
  send: 'Send call',
  edit: 'Edit arguments',
  doNotSend: 'Do not send',

  // Answers to a call.
  allowInConversation: 'Allow for this conversation',
  fromConversation: (caller: string) =>
    `The call comes from your conversation with ${caller}. Allowed for it, such calls run for a day when they come from there.`,

  // How agents are doing.
  yourAgents: 'Your agents in this tab',
  health: 'How it is doing',
  healthStates: { unknown: 'not asked yet', works: 'works', fails: 'does not work' },
  switchedOff: 'switched off for others',
  checkAgain: 'Check again',
  beingChecked: 'is being asked…',
  noCallsYet: 'No calls since this page was opened',
  callersNow: (count: number) => (count === 1 ? 'one session of others' : `${count} sessions of others`),
  runningNow: (count: number) => (count === 1 ? 'one call waits or runs' : `${count} calls wait or run`),
  callsRan: (count: number) => (count === 1 ? 'one call ran' : `${count} calls ran`),
  callsWithErrors: (count: number) => `${count} with an error`,
  callsDeclined: (count: number) => `${count} declined or broken off`,
  usually: (time: string) => `usually ${time}`,
  lastCall: (time: string) => `last at ${time}`,

  // What agents say of themselves and their tools.
  aboutAgent: 'About this agent',
  agentAddress: 'Address',
  copyAgentAddress: 'Copy the address of this agent',
  server: 'Server',
  revision: 'Revision of MCP',
  roundTrip: 'Round trip',
  ping: 'Ping',
  pingAgent: 'Ping this agent',
  pinging: 'Waiting for its answer…',
  notPinged: 'not measured yet',
  instructions: 'What it tells programs that use it',
  hints: 'What the agent says of this tool',
  onlyAdds: 'Adds, but deletes nothing',
  sameTwice: 'Twice is as once',
  reachesOut: 'Reaches out to others',
  staysInside: 'Stays within the agent',
  definition: 'How it is defined',
  definitionText: (tool: string) => `As the agent defines ${tool}. Nobody vouches for it.`,
  inputSchema: 'Arguments (JSON Schema)',
  outputSchema: 'Result (JSON Schema)',
  asJson: 'As JSON',
  requestJson: 'The call as it was sent',
  answerJson: 'The answer as it came',
  templates: 'Resources by address',
  fillIn: (name: string) => `Fill in ${name}`,

  // What agents log, and what is watched.
  agentLog: (count: number) => `What this agent logged (${count})`,
  agentLogName: 'Log of this agent',
  agentLogText: 'Its own words, while you used it. The last lines are kept until this page is closed.',
  graveOnly: 'Only warnings and errors',
  nothingGrave: 'No warnings and no errors.',
  clearAgentLog: 'Clear',
  callLog: 'What the agent logged meanwhile',
  watch: 'Watch',
  stopWatching: 'Stop watching',
  watchedResources: 'Watched',
  watchStates: { starting: 'Asking the agent to tell of changes…', watching: 'No change since you watch it.', ended: 'Not watched any more.' },
  changedTimes: (count: number, time: string) => `Changed ${count === 1 ? 'once' : `${count} times`}, last at ${time}`,

  // Grants.
  grants: 'What you allowed for longer',
  noGrants: 'Nothing. “Always allow”, “Allow for an hour” and “Allow for this conversation” are listed here, and can be taken back.',
  grantLine: (person: string, what: string, agent: string) => `${person} may call ${what} of ${agent}`,
  inConversation: 'from your conversation',
  grantedRead: 'everything to read',
  until: (time: string) => `until ${time}`,
  takeBack: 'Take back',

  // The log.
  log: 'Log of calls',
  logText: 'Calls by you and into your agents, as they are kept on this device.',
  noLog: 'No calls yet.',
  clearLog: 'Clear the log',
  when: 'When',
  who: 'Who',
  what: 'What',
  outcome: 'Outcome',
  proof: 'Proof',
  you: 'You',
  times: (count: number) => `${count} times`,
  called: (agent: string, what: string) => `${agent} · ${what}`,
  bothSigned: 'signed by both',
  callSigned: 'call signed',
  answerSigned: 'answer signed',
  notSigned: 'none',
  details: 'Details',
  argumentsSent: 'Arguments',
  answerGot: 'Answer',
  showMore: 'Show more',

  // Definitions.
  changed: 'This agent describes itself differently',
  changedText:
    'What you see here cannot be called until you accept it. Somebody who takes an agent over may change what a tool does, and say so only here.',
  isNew: (what: string) => `${what} is new`,
  isChanged: (what: string) => `${what} is described differently`,
  accept: 'Accept these changes',
  removedLine: 'removed',
  addedLine: 'added',

  // My agents.
  addAgent: 'Add an agent',
  addAgentText: 'It is yours, in this browser. Others see its name, and may call what you let them.',
  kind: 'Kind',
  title: 'Title',
  description: 'Description',
  address: 'Address of the server',
  addressText: 'An MCP server that speaks Streamable HTTP. Whoever calls this agent calls that server, with your token.',
  token: 'Token',
  tokenText: 'Sent to that server only, and kept encrypted on this device.',
  tokenLost: 'A token was kept, but cannot be read any more. Write it again.',
  tokenKept: 'A token is kept. Write another one to replace it.',
  code: 'Code',
  codeText: 'A JavaScript module that exports “tools”. It runs in a sandbox without network, page or timers, each call anew.',
  openFolder: 'Open a folder and add',
  openAgain: 'Open the folder again',
  needsOpening: 'The browser closed this folder when the page was left. Nobody can read it until you open it again.',
  add: 'Add',
  save: 'Save',
  settings: 'Settings of this agent',
  remove: 'Remove this agent',
  removeText: 'Calls that run end at once. What it keeps in this browser stays.',
  reallyRemove: 'Remove it',
  keep: 'Keep it',
} as const;

export const effects: Record<ToolEffect, string> = {
  destructive: 'This tool says that it may change or delete things. Look at what you send.',
  'open-world': 'This tool says that it reaches out to others: services, people, the web. Look at what you send.',
};

/** How a call of mine stands with its owner, or why it ran. */
export const consents: Record<ConsentView, (owner: string) => string> = {
  asked: (owner) => `asked by you, ${owner} is being asked`,
  rule: (owner) => `asked by you, ${owner} lets you`,
  granted: (owner) => `asked by you, allowed by ${owner} before`,
  once: (owner) => `asked by you, allowed once by ${owner}`,
  hour: (owner) => `asked by you, allowed for an hour by ${owner}`,
  conversation: (owner) => `asked by you, allowed for this conversation by ${owner}`,
  always: (owner) => `asked by you, always allowed by ${owner}`,
};

export const rules: Record<RuleView, string> = { run: 'runs', ask: 'asks me', never: 'never' };
export const relations: Record<RelationView, string> = { devices: 'My devices', contacts: 'People I wrote to', everyone: 'Everyone else' };

export const agentKinds: Record<AgentKindView, { readonly name: string; readonly text: string }> = {
  notes: { name: 'Notes', text: 'Notes that are kept in this browser.' },
  calculator: { name: 'Calculator', text: 'Computes by JavaScript in a sandbox.' },
  memory: { name: 'Memory', text: 'Remembers things, facts, and how they belong together.' },
  folder: { name: 'Files of a folder', text: 'Lists, reads and searches a folder that you open. It changes nothing.' },
  device: { name: 'This device', text: 'Tells about the device, and where it is when the browser is let.' },
  network: { name: 'The network', text: 'Finds agents and people of this network.' },
  remote: { name: 'A server on the web', text: 'An MCP server that web pages may use.' },
  module: { name: 'My own code', text: 'Tools that you write in JavaScript.' },
};

const KIND_WORDS: Record<CallKindView, (name: string) => string> = {
  tool: (name) => name,
  resource: (name) => `reading ${name}`,
  prompt: (name) => `the prompt ${name}`,
  method: (name) => `the method ${name}`,
};

/** What is called, in words. */
export function calledText(kind: CallKindView, name: string): string {
  return KIND_WORDS[kind](name);
}

export function outcomeText(outcome: AuditLineView['outcome']): string {
  return outcome === 'failed' ? 'failed' : outcomes[outcome];
}

/** What a tool of one's own looks like, to begin with. */
export const CODE_EXAMPLE = `export const tools = [
  {
    name: 'roll',
    description: 'Rolls dice.',
    inputSchema: { type: 'object', properties: { sides: { type: 'integer', minimum: 2, maximum: 100 } }, required: ['sides'] },
    run: ({ sides }) => \`You rolled \${1 + Math.floor(Math.random() * sides)}.\`,
  },
];
`;
