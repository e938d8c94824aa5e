import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Counters } from './counters.ts';
import { FileStore } from './file-store.ts';
import { HttpHandler } from './http-handler.ts';
import { Hub } from './hub.ts';
import { LIMITS } from './limits.ts';
import type { Logger } from './logger.ts';
import { Nearby } from './nearby.ts';
import type { ServerOptions } from './options.ts';
import type { Help } from './protocol.ts';
import { SignalEndpoint } from './signal-endpoint.ts';
import { StunServer } from './stun-server.ts';
import { turnCredentials } from './turn-credentials.ts';

/** Why the server could not start: a sentence for the person who started it. */
export class StartError extends Error {}

export interface RunningServer {
  readonly port: number;
  /** 0 when there is no STUN. */
  readonly stunPort: number;
  readonly counters: Counters;
  /** Reads the TLS files again; connections that are open keep the old certificate. @throws StartError */
  reloadTls(): Promise<void>;
  /** Refuses newcomers, tells everybody, waits for them within a bound, closes all ports. */
  stop(): Promise<void>;
}

const TICK_MS = 1000;

/** Puts the parts together and opens the ports. @throws StartError */
export async function startServer(options: ServerOptions, version: string, log: Logger): Promise<RunningServer> {
  const now = (): number => Math.floor(performance.now());
  const counters = new Counters();
  const stun =
    options.stunPort === undefined
      ? undefined
      : new StunServer({ host: options.stunHost, port: options.stunPort, requestsPerSecond: options.stunRequestsPerSecond, now }, counters);
  let nearby: Nearby | undefined;
  const help = (): Help | undefined => {
    const servers = [...options.peerServers, ...(nearby?.urls('server') ?? [])].slice(0, LIMITS.maxPeerServers);
    const turn = options.turn && turnCredentials(options.turn, Date.now() / 1000, LIMITS.turnLifetimeSeconds);
    const hosts = [...options.hosts, ...(nearby?.urls('host') ?? [])].slice(0, LIMITS.maxHosts);
    return servers.length > 0 || turn || hosts.length > 0 ? { servers, turn, hosts } : undefined;
  };
  const hub = new Hub({ ...options, stunPort: () => stun?.port ?? 0, help, now }, log, counters);
  const files = new FileStore(options.app);
  const handler = new HttpHandler({ ...options, isTls: options.tls !== undefined, version }, files, counters, log);
  const server = options.tls ? createHttpsServer(await readTls(options.tls)) : createHttpServer();
  configure(server, options);
  server.on('request', handler.handle);
  new SignalEndpoint(options, hub).attach(server);

  await listen(server, options);
  try {
    await stun?.listen();
  } catch (error) {
    server.close();
    throw portError(error, 'UDP', '--stun-port');
  }
  const { port } = server.address() as AddressInfo;
  if (options.hasMdns) {
    nearby = new Nearby({
      own: { kind: 'server', port, isTls: options.tls !== undefined, listensOn: options.host },
      ...(options.mdnsInterface === undefined ? {} : { interfaceAddress: options.mdnsInterface }),
      onChange: () => {
        log.info('nearby', { servers: nearby?.urls('server').length ?? 0, hosts: nearby?.urls('host').length ?? 0 });
        hub.tellHelp();
      },
      onTrouble: (error) => log.warn('mdns-failed', { why: error.message }),
    });
    if (!nearby.isAnnounced) log.info('not-announced', { why: 'nobody on the local network reaches the address of --host' });
  }
  const timer = setInterval(() => {
    hub.tick();
    stun?.tick();
  }, TICK_MS);
  files.warm().catch(() => log.warn('warm-failed'));

  return {
    port,
    stunPort: stun?.port ?? 0,
    counters,
    async reloadTls() {
      if (options.tls && server instanceof HttpsServer) server.setSecureContext(await readTls(options.tls));
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await Promise.all([hub.stop(), stun?.close(), nearby?.stop()]);
      clearInterval(timer);
      server.closeAllConnections();
      await closed;
    },
  };
}

function configure(server: Server, options: ServerOptions): void {
  server.headersTimeout = LIMITS.httpHeadersTimeoutMs;
  server.requestTimeout = LIMITS.httpRequestTimeoutMs;
  server.keepAliveTimeout = LIMITS.httpKeepAliveTimeoutMs;
  // The sockets of the introductions, and as many again for fetching the app.
  server.maxConnections = 2 * options.maxSockets + LIMITS.maxSocketsBeingRefused;
}

async function readTls(files: NonNullable<ServerOptions['tls']>): Promise<{ cert: Buffer; key: Buffer }> {
  const read = (file: string, option: string): Promise<Buffer> =>
    readFile(file).catch((error: NodeJS.ErrnoException) => {
      throw new StartError(`The file of ${option} cannot be read (${error.code ?? 'unknown'}).`);
    });
  return { cert: await read(files.certFile, '--tls-cert'), key: await read(files.keyFile, '--tls-key') };
}

async function listen(server: Server, options: ServerOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portError(error, 'TCP', '--port')));
    // A long queue: after a restart everybody comes back at once.
    server.listen({ port: options.port, ...(options.host === undefined ? {} : { host: options.host }), backlog: 4096 }, resolve);
  });
  server.removeAllListeners('error');
  server.on('error', () => undefined);
}

function portError(error: unknown, protocol: string, option: string): StartError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  if (code === 'EADDRINUSE') return new StartError(`The ${protocol} port is in use; choose another with ${option}, or 0 for a free one.`);
  if (code === 'EACCES') return new StartError(`The ${protocol} port needs more rights; choose one above 1023 with ${option}.`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new StartError(`The address of ${option.replace('port', 'host')} is none of this machine.`);
  return new StartError(`The ${protocol} port cannot be opened (${code}).`);
}
