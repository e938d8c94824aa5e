import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { withNativePrimitives } from '../../src/host/native/with-native-primitives.mjs';

/** Several nodes in one process share what each page has for itself: the part of the heap where new objects are, in MiB. */
const YOUNG_HEAP_MIB = 64;

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Bundles the headless node with the sources as they are. Answers the program's file, and how to remove it. */
export async function bundleHeadless() {
  const result = await build({
    configFile: false,
    root,
    logLevel: 'error',
    publicDir: false,
    plugins: [withNativePrimitives(root)],
    build: {
      ssr: join(root, 'test/world/headless-process.ts'),
      write: false,
      minify: false,
      target: 'node20',
      rolldownOptions: { output: { codeSplitting: false } },
    },
    // Automerge and the WebRTC library find their binaries beside themselves.
    ssr: { noExternal: true, external: ['@automerge/automerge', 'node-datachannel', 'simple-peer', 'ws'] },
  });
  const folder = join(root, 'node_modules/.cache/parley-world');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `headless-${process.pid}.mjs`);
  writeFileSync(file, result.output[0].code);
  return { file, remove: () => rmSync(file, { force: true }) };
}

/**
 * Starts a process of headless nodes, `prefix` being the command that it runs under. `ask` runs one of its commands (headless-process.ts);
 * everything that is asked fails when the process ends.
 */
export async function startHeadless(file, prefix = []) {
  const [program, ...args] = [...prefix, process.execPath, `--max-semi-space-size=${YOUNG_HEAP_MIB}`, file];
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const asked = new Map();
  let next = 1;
  let isReady;
  const ready = new Promise((resolve, reject) => {
    isReady = resolve;
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const error = new Error(`A process of headless nodes ended (${signal ?? code}).`);
      reject(error);
      for (const waiting of asked.values()) waiting.reject(error);
      asked.clear();
    });
  });
  child.on('message', ({ ready: started, id, result, error }) => {
    if (started) return isReady();
    const waiting = asked.get(id);
    asked.delete(id);
    if (error) waiting?.reject(new Error(error));
    else waiting?.resolve(result);
  });
  await ready;
  return {
    pid: child.pid,
    ask: (command, ...args_) =>
      new Promise((resolve, reject) => {
        const id = next++;
        asked.set(id, { resolve, reject });
        child.send({ id, command, args: args_ });
      }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}
