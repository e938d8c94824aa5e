import type { Socket } from 'node:net';
import { systemClock } from '../../app/system-clock.ts';
import { asParleyError } from '../../base/errors.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import { controlSocketIn } from '../data-folder.ts';
import { openMcpSocket } from './control-socket.ts';

/**
 * `parley host connect`: an MCP client that starts its servers itself, joined with the host that runs, or is just being started. Ends when either does.
 * @throws ParleyError `unreachable` when no host runs with the data folder
 */
export async function runConnect({ data }: { readonly data: string }): Promise<void> {
  const socket = await openSoon(controlSocketIn(data), systemClock.now() + HOST_LIMITS.connectWaitMs);
  process.stdin.pipe(socket);
  socket.pipe(process.stdout);
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  // Standard input would keep the process waiting for a client that has nobody to speak with any more.
  process.stdin.destroy();
}

/** A machine that starts may start the client before the host. */
async function openSoon(path: string, deadline: number): Promise<Socket> {
  for (;;) {
    try {
      return await openMcpSocket(path);
    } catch (thrown) {
      if (asParleyError(thrown).code !== 'unreachable' || systemClock.now() >= deadline) throw thrown;
    }
    await new Promise<void>((resolve) => systemClock.wakeAt(systemClock.now() + HOST_LIMITS.connectRetryMs, resolve));
  }
}
