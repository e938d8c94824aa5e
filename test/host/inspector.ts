import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, type Era, type RunResult } from './host-process.ts';

/**
 * The MCP inspector's command line, as `npx` gives it to people. It is not among this package's dependencies: it brings a hundred others, 110 MB, for
 * its pages. The first test that needs it installs it beside the other caches.
 */
const VERSION = '2.12.0';
const FOLDER = join(root, 'node_modules/.cache', `mcp-inspector-${VERSION}`);
const PROGRAM = join(FOLDER, 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js');

/** Why it cannot be used here, in words; `undefined` once it is installed. */
export function whyNoInspector(): string | undefined {
  if (existsSync(PROGRAM)) return undefined;
  const args = [
    'install',
    '--prefix',
    FOLDER,
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    `@modelcontextprotocol/inspector@${VERSION}`,
  ];
  const { status, stderr } = spawnSync('npm', args, { encoding: 'utf8', shell: process.platform === 'win32' });
  return status === 0 && existsSync(PROGRAM) ? undefined : `the MCP inspector cannot be installed: ${stderr.trim().split('\n')[0] ?? ''}`;
}

export type Inspection = { readonly url: string; readonly token: string; readonly era: Era };

/** Runs one method, and answers what the program wrote and its exit code. */
export async function inspect({ url, token, era }: Inspection, method: string, ...args: readonly string[]): Promise<RunResult> {
  // It keeps a list of servers in the person's folder.
  const home = await mkdtemp(join(tmpdir(), 'parley-inspector-'));
  const target = [
    '--server-url',
    url,
    '--transport',
    'http',
    '--header',
    `Authorization: Bearer ${token}`,
    '--protocol-era',
    era,
    '--stored-auth-only',
  ];
  const child = spawn(process.execPath, [PROGRAM, '--cli', ...target, '--format', 'json', '--quiet', '--method', method, ...args], {
    env: { ...process.env, HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  await rm(home, { recursive: true, force: true });
  return { code, out: out(), err: err() };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: string[] = [];
  stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  return () => chunks.join('');
}
