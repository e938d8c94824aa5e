import { LIMITS } from '../base/limits.ts';

/**
 * Whether a text can be the address of a host's sockets: a WebSocket URL without credentials or a fragment, in the form in which URLs are compared. Whether a page
 * can open it is another question (`transport/host-dialer.ts`).
 */
export function isHostUrl(text: string): boolean {
  if (text.length > LIMITS.maxHostUrlLength || !URL.canParse(text)) return false;
  const { protocol, username, password, hash, href } = new URL(text);
  return (protocol === 'wss:' || protocol === 'ws:') && username === '' && password === '' && hash === '' && href === text;
}
