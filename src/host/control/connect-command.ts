import { controlSocketIn } from '../data-folder.ts';
import { openMcpSocket } from './control-socket.ts';

/**
 * `parley host connect`: an MCP client that starts its servers itself, joined with the host that already runs. Ends when either does.
 * @throws ParleyError `unreachable` when no host runs with the data folder
 */
export async function runConnect({ data }: { readonly data: string }): Promise<void> {
  const socket = await openMcpSocket(controlSocketIn(data));
  process.stdin.pipe(socket);
  socket.pipe(process.stdout);
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  // Standard input would keep the process waiting for a client that has nobody to speak with any more.
  process.stdin.destroy();
}
