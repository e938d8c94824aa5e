const LOOPBACK = /^(localhost|(.*\.)localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

/** Whether a host name, as URLs have it, or a literal address is this machine's own: what goes there crosses no network. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Whether what is sent to the URL crosses a network unencrypted. */
export function isPlaintextUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (protocol === 'http:' || protocol === 'ws:') && !isLoopback(hostname);
}
