import { LIMITS } from '../base/limits.ts';

/** Browsers differ in what they let pass: Chromium takes a name with spaces. */
const HOST_NAME = /^[a-z0-9._-]+$|^\[[0-9a-f:.]+\]$/;

/**
 * Whether a text can be the address of a host's sockets: a WebSocket URL without credentials or a fragment, in the form in which URLs are compared. Whether a page
 * can open it is another question (`transport/host-dialer.ts`).
 */
export function isHostUrl(text: string): boolean {
  if (text.length > LIMITS.maxHostUrlLength || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash, href } = new URL(text);
  return (
    HOST_NAME.test(hostname) && (protocol === 'wss:' || protocol === 'ws:') && username === '' && password === '' && hash === '' && href === text
  );
}
