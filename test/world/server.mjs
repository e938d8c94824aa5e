import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { root } from './headless.mjs';

/** Starts the built server with the built app on free ports, `prefix` being the command that it runs under. */
export async function startServer(prefix = [], options = []) {
  const args = ['signaling-server/launch.mjs', '--port', '0', '--stun-port', '0', '--json', '--log-level', 'error', ...options];
  const [program, ...rest] = [...prefix, process.execPath, ...args];
  const child = spawn(program, rest, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const announced = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The server ended (${code}).`)));
  });
  return {
    ...announced,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}
