/** What a leaf shows of its hub's connections. */
export type HubStatus = {
  readonly state: 'offline' | 'connecting' | 'connected';
  readonly peers: number;
  readonly mode: 'decentralised' | 'hybrid' | 'centralised';
  readonly server: 'off' | 'connecting' | 'connected' | 'unreachable' | 'refused';
};

/** What the tabs of one browser and their service worker say to each other. */
export type TabMessage =
  | { readonly type: 'where-is-the-hub' }
  | { readonly type: 'hub-is'; readonly node: string; readonly client: string }
  | ({ readonly type: 'hub-status' } & HubStatus)
  /** To the service worker, which knows under which id it finds a page. */
  | { readonly type: 'who-am-i' }
  | { readonly type: 'you-are'; readonly client: string }
  /** With a port: to the service worker, which hands it to the page of that id. `node` is who will be at the port's other end. */
  | { readonly type: 'meet'; readonly client: string; readonly node: string };

const STATES: readonly unknown[] = ['offline', 'connecting', 'connected'] satisfies readonly HubStatus['state'][];
const MODES: readonly unknown[] = ['decentralised', 'hybrid', 'centralised'] satisfies readonly HubStatus['mode'][];
const SERVER_STATES: readonly unknown[] = ['off', 'connecting', 'connected', 'unreachable', 'refused'] satisfies readonly HubStatus['server'][];

/** The pages of an origin may be of different versions of the app: what is not one of these is left alone. */
export function isTabMessage(data: unknown): data is TabMessage {
  if (typeof data !== 'object' || data === null) return false;
  const { type, node, client, state, peers, server, mode } = data as Partial<Record<'type' | 'node' | 'client' | keyof HubStatus, unknown>>;
  switch (type) {
    case 'where-is-the-hub':
    case 'who-am-i':
      return true;
    case 'you-are':
      return typeof client === 'string';
    case 'hub-is':
    case 'meet':
      return typeof node === 'string' && typeof client === 'string';
    case 'hub-status':
      return STATES.includes(state) && Number.isSafeInteger(peers) && SERVER_STATES.includes(server) && MODES.includes(mode);
    default:
      return false;
  }
}
