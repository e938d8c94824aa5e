#!/usr/bin/env node
/**
 * `npm run host -- OPTIONS`: from a fresh clone to a running host. Bundles the sources when they changed, then becomes the host; every option is
 * the host's own (`npm run host -- --help`). Plain Node: it runs before anything is built.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withNativePrimitives } from './native/with-native-primitives.mjs';

const NODE_NEEDED = [20, 19];
const root = fileURLToPath(new URL('../..', import.meta.url));
const bundle = join(root, 'node_modules', '.cache', 'parley-host', 'host.mjs');

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

/** Newest modification below a file or folder in milliseconds; 0 when it does not exist. Tests do not count. */
function newest(path) {
  if (!existsSync(path)) return 0;
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  const names = readdirSync(path).filter((name) => !name.includes('.test.'));
  return Math.max(0, ...names.map((name) => newest(join(path, name))));
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [needMajor, needMinor] = NODE_NEEDED;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  fail(`A Parley host needs Node.js ${NODE_NEEDED.join('.')} or newer; this is ${process.versions.node}.`);
}

/** The host in one file beside the packages that it needs. */
export async function bundleHost() {
  // The server's part for the local network is in it, too.
  const isNew = newest(bundle) > Math.max(...['src', 'signaling-server/src'].map((sources) => newest(join(root, sources))));
  if (isNew) return bundle;
  const { build } = await import('vite').catch(() => fail('Packages are missing: run `npm ci` in the folder of Parley first.'));
  process.env.VITE_APP_VERSION = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
  const result = await build({
    configFile: false,
    root,
    logLevel: 'error',
    publicDir: false,
    plugins: [withNativePrimitives(root)],
    build: {
      ssr: join(root, 'src/host/main.ts'),
      write: false,
      minify: false,
      target: 'node20',
      rolldownOptions: { output: { codeSplitting: false } },
    },
    // It is published for old module systems only, whose exports Node.js does not find by name.
    ssr: { noExternal: ['jsonc-parser'] },
  });
  mkdirSync(join(bundle, '..'), { recursive: true });
  // Several may start at the same time: the file is there whole or not at all.
  const own = `${bundle}.${process.pid}`;
  writeFileSync(own, result.output[0].code);
  renameSync(own, bundle);
  rmSync(own, { force: true });
  return bundle;
}

if (process.argv[1] && statSync(process.argv[1]).ino === statSync(fileURLToPath(import.meta.url)).ino) {
  checkNode();
  const file = await bundleHost();
  const { main } = await import(file);
  await main();
}
