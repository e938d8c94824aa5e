import { networkInterfaces } from 'node:os';
import { renderUnicodeCompact } from 'uqr';
import type { ServerOptions } from './options.ts';
import type { RunningServer } from './server.ts';

/** The URLs under which this server can be reached, the one to give away first. */
export function urlsOf(options: ServerOptions, port: number): readonly string[] {
  const scheme = options.tls ? 'https' : 'http';
  const hosts = options.host === undefined || options.host === '::' || options.host === '0.0.0.0' ? ['localhost', ...lanAddresses()] : [options.host];
  const urls = hosts.map((host) => new URL(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}/`).href);
  return options.publicUrl === undefined ? urls : [options.publicUrl, ...urls];
}

/** IPv4 addresses of this machine that others on its network can use. */
function lanAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === 'IPv4' && !address.internal)
    .map((address) => address.address);
}

/** What is printed when the ports are open: for people, or with `--json` one line for programs. Introductions work without the app, too. */
export function announcement(options: ServerOptions, server: Pick<RunningServer, 'port' | 'stunPort'>, hasApp: boolean): string {
  const urls = urlsOf(options, server.port);
  const [url = ''] = urls;
  if (options.json) {
    return JSON.stringify({
      type: 'listening',
      url,
      urls,
      port: server.port,
      stunPort: server.stunPort,
      signalUrl: new URL('/signal', url.replace(/^http/, 'ws')).href,
    });
  }
  const shareable = options.publicUrl ?? urls[1];
  const opening = hasApp
    ? 'Parley is running. Open it in a browser:'
    : 'The server is running without the app (--app names the folder of a built one):';
  const lines = ['', opening, '', ...urls.map((each) => `  ${each}`), ''];
  if (server.stunPort > 0) lines.push(`STUN answers on UDP port ${server.stunPort}.`, '');
  if (options.hasQr && hasApp && shareable !== undefined) lines.push(renderUnicodeCompact(shareable), '');
  if (shareable?.startsWith('http:') && !options.publicUrl) {
    lines.push('Other devices need https (docs/self-hosting.md): browsers allow encryption keys on localhost and over https only.', '');
  }
  return lines.join('\n');
}
