import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport, type ClientOptions } from '@modelcontextprotocol/client';
import { afterAll } from 'vitest';
import type { ReadyLine } from '../../src/host/host.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const LAUNCHER = join(root, 'src/host/launch.mjs');

const started = new Set<ChildProcess>();
/** A test that fails in the middle leaves none of its hosts behind. */
afterAll(() => {
  for (const child of started) child.kill('SIGTERM');
});

/** The command of a reference server, as a config file names it. */
export function referenceServer(
  name: 'everything' | 'filesystem' | 'memory',
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
) {
  return { command: process.execPath, args: [join(root, `node_modules/@modelcontextprotocol/server-${name}/dist/index.js`), ...args], env };
}

/** A server of the tests' own (hostile-server.mjs), in one of its moods. */
export function ownServer(mood: string, ...args: readonly string[]) {
  return { command: process.execPath, args: [join(root, 'test/host/hostile-server.mjs'), mood, ...args] };
}

/** What ran: its exit code and everything that it wrote. */
export type RunResult = { readonly code: number | null; readonly out: string; readonly err: string };

/** Runs `parley host` to its end. */
export async function run(...args: readonly string[]): Promise<RunResult> {
  const child = spawn(process.execPath, [LAUNCHER, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out: out(), err: err() };
}

export type RunningHost = {
  readonly ready: ReadyLine & { readonly mcpHttp: string };
  readonly data: string;
  readonly token: string;
  readonly process: ChildProcess;
  /** What it logged so far. */
  log(): string;
  /** Resolves when the log has the words. */
  logged(words: string): Promise<void>;
  /** Ends it in order, or with a signal; answers its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
};

export type HostFiles = { readonly config?: object; readonly policy?: object; readonly data?: string };

/** Starts a host with an HTTP endpoint for MCP clients on a free port, and a data folder of its own unless one is given. */
export async function startHost(signal: string, { config, policy, data }: HostFiles, ...args: readonly string[]): Promise<RunningHost> {
  const folder = data ?? (await mkdtemp(join(tmpdir(), 'parley-host-')));
  const files: string[] = [];
  for (const [name, content] of Object.entries({ config, policy })) {
    if (!content) continue;
    const file = join(folder, `test-${name}.json`);
    await writeFile(file, JSON.stringify(content));
    files.push(`--${name}`, file);
  }
  const words = ['--signal', signal, '--data', folder, '--mcp-http', '127.0.0.1:0', '--json', '--log-level', 'debug', ...files, ...args];
  const child = spawn(process.execPath, [LAUNCHER, ...words], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  started.add(child);
  child.once('exit', () => started.delete(child));
  const log = collect(child.stderr);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const ready = await new Promise<RunningHost['ready']>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
    child.once('exit', (code) => reject(new Error(`The host ended (${code}): ${log()}`)));
  });
  return {
    ready,
    data: folder,
    token: (await readFile(join(folder, 'keys/mcp-http.token'), 'utf8')).trim(),
    process: child,
    log,
    logged: (wanted) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!log().includes(wanted)) return;
          child.stderr.off('data', look);
          resolve();
        };
        child.stderr.on('data', look);
        child.once('exit', () => reject(new Error(`The host ended before it logged “${wanted}”: ${log()}`)));
        look();
      }),
    async stop(how = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(how);
      const code = await exited;
      if (data === undefined && how === 'SIGTERM') await rm(folder, { recursive: true, force: true });
      return code;
    },
  };
}

export type Era = 'legacy' | 'modern';

/** A client of the official SDK at a host's endpoint: `/mcp`, or one agent's. */
export async function connectClient(host: RunningHost, address: string | undefined, era: Era, options: ClientOptions = {}): Promise<Client> {
  const url = new URL(host.ready.mcpHttp);
  if (address !== undefined) url.pathname += `/${address.replace(':', '/')}`;
  const client = new Client(
    { name: 'test', version: '1' },
    { ...options, versionNegotiation: { mode: era === 'legacy' ? 'legacy' : { pin: '2026-07-28' } } },
  );
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers: { authorization: `Bearer ${host.token}` } } }));
  return client;
}

/** The names of the aggregate's tools, once they are as wanted: a host hears of other nodes' agents some time after it has started. */
export async function toolsOnce(host: RunningHost, areWanted: (names: readonly string[]) => boolean): Promise<readonly string[]> {
  const told: (() => void)[] = [];
  const listChanged = { tools: { autoRefresh: false, onChanged: () => told.splice(0).forEach((tell) => tell()) } };
  const client = await connectClient(host, undefined, 'legacy', { listChanged });
  try {
    for (;;) {
      const next = new Promise<void>((resolve) => told.push(resolve));
      const names = (await client.listTools(undefined, { cacheMode: 'refresh' })).tools.map(({ name }) => name);
      if (areWanted(names)) return names;
      await next;
    }
  } finally {
    await goodbye(client);
  }
}

/** Ends the client, and its session where it has one. */
export async function goodbye(client: Client): Promise<void> {
  const { transport } = client;
  if (transport instanceof StreamableHTTPClientTransport) await transport.terminateSession();
  await client.close();
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: string[] = [];
  stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  return () => chunks.join('');
}
