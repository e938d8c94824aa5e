import type { OutgoingHttpHeaders } from 'node:http';

/**
 * What the served app may do. `connect-src` is wide in hosts, because signaling servers, headless hosts and remote MCP servers are
 * whatever the person configures, and narrow in kind: nothing but connections.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  // WebAssembly (sandboxed agents) may be compiled; text may not become script.
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  // ws: and wss: by name as well: older Safari does not count a WebSocket of the same host as 'self'.
  // Unencrypted only to this computer itself: an MCP server that somebody runs there.
  "connect-src 'self' ws: wss: https: http://localhost:* http://127.0.0.1:*",
  "worker-src 'self'",
  "manifest-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  // 'lit-html' is the policy of the template library, 'parley' the app's own (worker and service-worker URLs).
  'trusted-types lit-html parley',
].join('; ');

/** Powerful features that the app uses (camera: scanning a code; microphone: voice messages; geolocation: the device agent) for itself only; all others off. */
const PERMISSIONS_POLICY = [
  'camera=(self)',
  'microphone=(self)',
  'clipboard-read=(self)',
  'clipboard-write=(self)',
  'accelerometer=()',
  'autoplay=()',
  'browsing-topics=()',
  'display-capture=()',
  'encrypted-media=()',
  'geolocation=(self)',
  'gyroscope=()',
  'hid=()',
  'magnetometer=()',
  'midi=()',
  'payment=()',
  'publickey-credentials-get=()',
  'serial=()',
  'usb=()',
].join(', ');

const ALWAYS: OutgoingHttpHeaders = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Permissions-Policy': PERMISSIONS_POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
};

const UNDER_TLS: OutgoingHttpHeaders = { ...ALWAYS, 'Strict-Transport-Security': 'max-age=31536000' };

/** The headers of every response; `isSecure` when the client's connection is under TLS, here or at a trusted proxy. */
export function securityHeaders(isSecure: boolean): OutgoingHttpHeaders {
  return isSecure ? UNDER_TLS : ALWAYS;
}
