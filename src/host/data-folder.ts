import { chmod, mkdir, open, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { asParleyError, ParleyError } from '../base/errors.ts';
import { isRunning, processStart } from './processes.ts';

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;

/** Where a host keeps its keys and state: its owner's alone. One host at a time. */
export type DataFolder = {
  readonly path: string;
  readonly keys: string;
  readonly records: string;
  /** The process groups of mounted servers, so that the next start finds what a killed host left behind. */
  readonly children: string;
  /** The bearer token for MCP clients over HTTP. */
  readonly tokenFile: string;
  /** Over which `parley host approve` speaks with the running host. */
  readonly controlSocket: string;
  release(): Promise<void>;
};

export const DEFAULT_DATA_FOLDER = join(homedir(), '.parley-host');

/** What `approve` needs to know of a folder that a running host has open. */
export function controlSocketIn(path: string): string {
  // Windows has no sockets in folders, but pipes with names.
  return process.platform === 'win32' ? `\\\\.\\pipe\\parley-host-${Buffer.from(path).toString('hex').slice(-80)}` : join(path, 'control.sock');
}

/** Makes the folder if it is not there, and claims it. @throws ParleyError `storage-denied`, or `fenced` while another host has it. */
export async function openDataFolder(path: string): Promise<DataFolder> {
  const keys = join(path, 'keys');
  const records = join(path, 'records');
  const pidFile = join(path, 'host.pid');
  try {
    for (const folder of [path, keys, records]) await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
    await chmod(path, PRIVATE_FOLDER);
    await claim(pidFile);
  } catch (thrown) {
    if (thrown instanceof ParleyError) throw thrown;
    throw new ParleyError('storage-denied', `The data folder ${path} cannot be used: ${asParleyError(thrown).message}`, { cause: thrown });
  }
  const release = async (): Promise<void> => {
    if ((await readPid(pidFile))?.pid === process.pid) await rm(pidFile, { force: true });
  };
  return {
    path,
    keys,
    records,
    children: join(path, 'children.json'),
    tokenFile: join(keys, 'mcp-http.token'),
    controlSocket: controlSocketIn(path),
    release,
  };
}

type Holder = { readonly pid: number; readonly startedAt: string };

async function claim(pidFile: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = await open(pidFile, 'wx', PRIVATE_FILE);
      await file.writeFile(JSON.stringify({ pid: process.pid, startedAt: processStart(process.pid) } satisfies Holder));
      await file.sync();
      return await file.close();
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    }
    const holder = await readPid(pidFile);
    // A number that was given to another program since then holds nothing.
    if (holder && holder.pid !== process.pid && isRunning(holder.pid) && processStart(holder.pid) === holder.startedAt)
      throw new ParleyError('fenced', `Another host (process ${holder.pid}) uses this data folder. Stop it, or choose another folder with --data.`);
    await rm(pidFile, { force: true });
  }
  throw new ParleyError('fenced', 'Another host is starting with this data folder.');
}

async function readPid(pidFile: string): Promise<Holder | undefined> {
  try {
    const { pid, startedAt } = JSON.parse(await readFile(pidFile, 'utf8')) as Partial<Holder>;
    return typeof pid === 'number' && typeof startedAt === 'string' ? { pid, startedAt } : undefined;
  } catch {
    return undefined;
  }
}
