import type { HostUrlProblemView, HostView, ModeName, ModeView } from '../view/types.ts';

/** The words about modes and hosts, which come after the first screen: a part of the catalogue in `strings.ts`. */
export const modeStrings = {
  networkMode: 'Network mode',
  hosts: 'Hosts',
  hostsText: 'A host is a Parley node that runs without a page, on a server or at somebody’s home. It passes on what it cannot read.',
  hostAddress: 'Address of a host',
  hostAddressText: 'Whoever runs the host knows it: wss:// and a name, often with /link behind it.',
  addHost: 'Add host',
  removeHost: (url: string) => `Remove host ${url}`,
  remove: 'Remove',
  hostOf: (name: string) => `host of ${name}`,
  behindHosts: 'through hosts only',
  plaintextClients: 'unencrypted clients',
  plaintextCaller:
    'The caller’s node has unencrypted clients: whoever runs the network behind it can read this call and its answer, and change them.',
  plaintext: 'not encrypted behind its node',
  plaintextAgent: 'Behind its node, calls to this agent go on unencrypted: whoever runs the network there can read and change them.',
} as const;

export const modeNames: Record<ModeName, string> = { decentralised: 'Decentralised', hybrid: 'Hybrid', centralised: 'Centralised' };

export const modeTexts: Record<ModeName, string> = {
  decentralised: 'Tabs connect to each other directly. The server only introduces them.',
  hybrid: 'Direct where possible, through a host where not.',
  centralised:
    'Everything goes through hosts, still end-to-end encrypted. They see who talks with whom and how much, never what. Others do not learn your address.',
};

const REASONS: Record<NonNullable<ModeView['reason']>, string> = {
  'no-webrtc': 'This browser cannot open direct links, so everything goes through a host.',
  'no-direct-links': 'No direct link opens from here, so a host helps until one does.',
  'no-host': 'The change waits for a host. Until one answers, everything stays as it was.',
};

const NEEDS: Record<NonNullable<ModeView['need']>, string | undefined> = {
  met: undefined,
  looking: 'No host has answered yet. They are asked again and again.',
  'none-known': 'No host is known. Add the address of one below, or open an invite link of somebody who uses one.',
};

/** What has to be said about the present mode, if anything. */
export function modeTrouble({ reason, need }: ModeView): readonly string[] {
  return [reason && REASONS[reason], need && NEEDS[need]].filter((text) => text !== undefined);
}

export const hostStates: Record<HostView['state'], string> = {
  unused: 'not used now',
  connecting: 'connecting',
  linked: 'linked',
  waiting: 'does not answer',
};

export const hostSources: Record<HostView['source'], string> = {
  own: 'added by you',
  invite: 'from your invite',
  server: 'named by the server',
  before: 'used before',
  network: 'in the network',
};

export const hostUrlProblems: Record<HostUrlProblemView, string> = {
  'no-url': 'This is no address of a host. It looks like wss://chat.example/link.',
  insecure: 'This page came over HTTPS, and from such pages browsers open encrypted sockets only. The address has to begin with wss://.',
  elsewhere: 'This address means the device itself on which it is opened, and this page came from another one.',
};
