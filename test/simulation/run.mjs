/**
 * `npm run sim`: bundles the simulator with the sources as they are, and runs it. The bundle has other implementations of the cryptographic primitives: up
 * to 100 nodes the platform's, which compute the same (src/host/native, test/doubles/native-signing-for-simulation.ts), above cheap fakes (test/doubles/insecure-*-for-simulation.ts).
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';
import { withDoubles, withNativePrimitives } from '../../src/host/native/with-native-primitives.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const MAX_NODES_WITH_REAL_CRYPTOGRAPHY = 100;

const words = process.argv.slice(2);
const at = words.findLastIndex((word) => word === '--nodes' || word.startsWith('--nodes='));
const nodes = Number(words[at]?.split('=')[1] ?? words[at + 1]);
const isFake = at >= 0 && nodes > MAX_NODES_WITH_REAL_CRYPTOGRAPHY;

const SIGNING = 'src/crypto/signing.ts';
const FAKES = {
  [SIGNING]: 'test/doubles/insecure-signing-for-simulation.ts',
  'src/crypto/key-exchange.ts': 'test/doubles/insecure-key-exchange-for-simulation.ts',
  'src/crypto/hash.ts': 'test/doubles/insecure-hash-for-simulation.ts',
  'src/crypto/small-cipher.ts': 'test/doubles/insecure-small-cipher-for-simulation.ts',
  'test/simulation/bulk.ts': 'test/doubles/insecure-bulk-for-simulation.ts',
};

/** The cipher of handshakes, from a package, in the doubles' place as well. */
const withFakeCipher = {
  name: 'fake-cipher-for-simulation',
  enforce: 'pre',
  resolveId: (source, importer) =>
    source === '@noble/ciphers/chacha.js' && !importer?.endsWith('-for-simulation.ts')
      ? join(root, 'test/doubles/insecure-cipher-for-simulation.ts')
      : undefined,
};

/** What puts other primitives in the place of the sources' own. */
function withOtherPrimitives() {
  if (isFake) return [withDoubles(root, FAKES), withFakeCipher];
  return [withNativePrimitives(root), withDoubles(root, { [SIGNING]: 'test/doubles/native-signing-for-simulation.ts' })];
}

/** The simulator as one module. */
async function bundle() {
  const result = await build({
    configFile: false,
    root,
    logLevel: 'error',
    publicDir: false,
    plugins: withOtherPrimitives(),
    build: {
      ssr: join(root, 'test/simulation/main.ts'),
      write: false,
      minify: false,
      target: 'node20',
      rolldownOptions: { output: { codeSplitting: false } },
    },
    // Automerge finds its WebAssembly beside itself.
    ssr: { noExternal: true, external: ['@automerge/automerge'] },
  });
  return result.output[0].code;
}

const folder = join(root, 'node_modules/.cache/parley-sim');
const file = join(folder, `${isFake ? 'fakes' : 'real'}-${process.pid}.mjs`);
mkdirSync(folder, { recursive: true });
writeFileSync(file, await bundle());
const { main } = await import(pathToFileURL(file).href);
rmSync(file);
process.exitCode = await main(words);
