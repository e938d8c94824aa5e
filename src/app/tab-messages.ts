/** What the tabs of one browser and their service worker say to each other. */
export type TabMessage =
  | { readonly type: 'where-is-the-hub' }
  | { readonly type: 'hub-is'; readonly node: string; readonly client: string }
  /** To the service worker, which knows under which id it finds a page. */
  | { readonly type: 'who-am-i' }
  | { readonly type: 'you-are'; readonly client: string }
  /** With a port: to the service worker, which hands it to the page of that id. `node` is who will be at the port's other end. */
  | { readonly type: 'meet'; readonly client: string; readonly node: string };

/** The pages of an origin may be of different versions of the app: what is not one of these is left alone. */
export function isTabMessage(data: unknown): data is TabMessage {
  if (typeof data !== 'object' || data === null) return false;
  const { type, node, client } = data as Partial<Record<'type' | 'node' | 'client', unknown>>;
  switch (type) {
    case 'where-is-the-hub':
    case 'who-am-i':
      return true;
    case 'you-are':
      return typeof client === 'string';
    case 'hub-is':
    case 'meet':
      return typeof node === 'string' && typeof client === 'string';
    default:
      return false;
  }
}
