import { join } from 'node:path';
import { startServer } from '../world/server.mjs';
import { root } from './host-process.ts';

/** The real signaling server, without the app: hosts need none. */
export function startSignaling(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  return startServer([], ['--app', join(root, 'docs')]);
}
