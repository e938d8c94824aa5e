import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Counters } from './counters.ts';
import type { Encoding, FileStore, StoredFile } from './file-store.ts';
import { isWorthCompressing } from './file-store.ts';
import type { Logger } from './logger.ts';
import { metricsText } from './metrics.ts';
import { securityHeaders } from './security-headers.ts';

export type HttpOptions = {
  readonly hasMetrics: boolean;
  /** Whether this server speaks TLS itself. */
  readonly isTls: boolean;
  readonly trustedProxies: number;
  readonly version: string;
};

/** A name that carries a hash of its content (`app-B1c2D3e4.js`): what is under it never changes. */
const HASHED_NAME = /-[\w-]{8,}\.\w+$/;

/** Everything over plain HTTP: the app's files, `/health`, `/metrics`. */
export class HttpHandler {
  readonly #options: HttpOptions;
  readonly #files: FileStore;
  readonly #counters: Counters;
  readonly #log: Logger;
  readonly #startedAt = performance.now();

  constructor(options: HttpOptions, files: FileStore, counters: Counters, log: Logger) {
    this.#options = options;
    this.#files = files;
    this.#counters = counters;
    this.#log = log;
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    this.#counters.httpRequests++;
    // A body is never wanted; what comes of one is thrown away, within the limits of the HTTP server.
    request.resume();
    response.on('error', () => undefined);
    this.#respond(request, response).catch((error: unknown) => {
      this.#log.error('http-failed', { why: error instanceof Error ? error.name : 'unknown' });
      if (!response.headersSent) this.#text(request, response, 500, 'Something went wrong here.\n');
      else response.destroy();
    });
  };

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return this.#text(request, response, 405, 'Only GET and HEAD are answered here.\n', { Allow: 'GET, HEAD' });
    }
    const path = (request.url ?? '/').split(/[?#]/, 1)[0] as string;
    if (path === '/health') return this.#health(request, response);
    if (path === '/metrics' && this.#options.hasMetrics) {
      return this.#text(request, response, 200, metricsText(this.#counters, this.#uptimeSeconds()), {
        'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
      });
    }
    if (path === '/signal') return this.#text(request, response, 426, 'This is a WebSocket.\n', { Upgrade: 'websocket' });
    await this.#file(request, response, path);
  }

  async #file(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const file = (await this.#files.find(path === '/' ? '/index.html' : path)) ?? (await this.#fallback(request, path));
    if (file) return this.#sendFile(request, response, file);
    if (path === '/') return this.#text(request, response, 503, 'The app is not built: run "npm run build", or tell where it is with --app.\n');
    this.#text(request, response, 404, 'There is nothing here.\n');
  }

  /** The app has addresses of its own: a navigation to one of them gets the app; a missing file stays missing. */
  async #fallback(request: IncomingMessage, path: string): Promise<StoredFile | undefined> {
    const lastSegment = path.slice(path.lastIndexOf('/') + 1);
    if (lastSegment.includes('.') || path.includes('..') || /%2e|%00|%5c|\\/i.test(path)) return undefined;
    const mode = request.headers['sec-fetch-mode'];
    const isNavigation = mode === undefined ? (request.headers.accept ?? '').includes('text/html') : mode === 'navigate';
    return isNavigation ? this.#files.find('/index.html') : undefined;
  }

  async #sendFile(request: IncomingMessage, response: ServerResponse, file: StoredFile): Promise<void> {
    const encoding = isWorthCompressing(file) ? acceptedEncoding(request.headers['accept-encoding']) : 'identity';
    const isImmutable = file.path.startsWith('/assets/') && HASHED_NAME.test(file.path);
    const etag = `"${file.etag}${encoding === 'identity' ? '' : `-${encoding}`}"`;
    const headers: OutgoingHttpHeaders = {
      'Content-Type': file.contentType,
      'Cache-Control': isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      ETag: etag,
      ...(file.isCompressible ? { Vary: 'Accept-Encoding' } : {}),
    };
    if (matches(request.headers['if-none-match'], etag)) return this.#send(request, response, 304, headers);
    const body = await this.#files.encoded(file, encoding);
    if (encoding !== 'identity') headers['Content-Encoding'] = encoding;
    this.#send(request, response, 200, headers, body);
  }

  #health(request: IncomingMessage, response: ServerResponse): void {
    const health = {
      status: 'ok',
      version: this.#options.version,
      uptimeSeconds: this.#uptimeSeconds(),
      connections: this.#counters.connections,
    };
    this.#text(request, response, 200, `${JSON.stringify(health)}\n`, { 'Content-Type': 'application/json; charset=utf-8' });
  }

  #uptimeSeconds(): number {
    return Math.floor((performance.now() - this.#startedAt) / 1000);
  }

  #text(request: IncomingMessage, response: ServerResponse, status: number, text: string, headers: OutgoingHttpHeaders = {}): void {
    this.#send(
      request,
      response,
      status,
      { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', ...headers },
      Buffer.from(text),
    );
  }

  #send(request: IncomingMessage, response: ServerResponse, status: number, headers: OutgoingHttpHeaders, body?: Buffer): void {
    const length = body ? { 'Content-Length': body.length } : {};
    response.writeHead(status, { ...securityHeaders(this.#isSecure(request)), ...headers, ...length });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  #isSecure(request: IncomingMessage): boolean {
    return this.#options.isTls || (this.#options.trustedProxies > 0 && request.headers['x-forwarded-proto'] === 'https');
  }
}

/** The best encoding that the client takes, RFC 9110 §12.5.3; weights other than 0 do not change our order. */
export function acceptedEncoding(header: string | string[] | undefined): Encoding {
  const accepted = new Set<string>();
  for (const part of String(header ?? '')
    .toLowerCase()
    .split(',')) {
    const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    if (!parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) accepted.add(name);
  }
  if (accepted.has('br')) return 'br';
  return accepted.has('gzip') ? 'gzip' : 'identity';
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((candidate) => candidate.trim() === '*' || candidate.trim().replace(/^W\//, '') === etag);
}
