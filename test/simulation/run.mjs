/**
 * `npm run sim`: bundles the simulator with the sources as they are, and runs it. The bundle has other implementations of the cryptographic primitives: up
 * to 100 nodes the platform's, which compute the same (test/doubles/native-*-for-simulation.ts), above cheap fakes (test/doubles/insecure-*-for-simulation.ts).
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));
const MAX_NODES_WITH_REAL_CRYPTOGRAPHY = 100;

const words = process.argv.slice(2);
const at = words.findLastIndex((word) => word === '--nodes' || word.startsWith('--nodes='));
const nodes = Number(words[at]?.split('=')[1] ?? words[at + 1]);
const isFake = at >= 0 && nodes > MAX_NODES_WITH_REAL_CRYPTOGRAPHY;

const NATIVE = {
  [join(root, 'src/crypto/signing.ts')]: 'native-signing-for-simulation.ts',
  [join(root, 'src/crypto/key-exchange.ts')]: 'native-key-exchange-for-simulation.ts',
  [join(root, 'src/crypto/hash.ts')]: 'native-hash-for-simulation.ts',
};
const FAKES = {
  [join(root, 'src/crypto/signing.ts')]: 'insecure-signing-for-simulation.ts',
  [join(root, 'src/crypto/key-exchange.ts')]: 'insecure-key-exchange-for-simulation.ts',
  [join(root, 'src/crypto/hash.ts')]: 'insecure-hash-for-simulation.ts',
  [join(root, 'src/crypto/small-cipher.ts')]: 'insecure-small-cipher-for-simulation.ts',
  [join(root, 'test/simulation/bulk.ts')]: 'insecure-bulk-for-simulation.ts',
};

/** Puts the doubles in the place of the modules that they imitate. */
function withOtherPrimitives() {
  const doubles = isFake ? FAKES : NATIVE;
  return {
    name: 'primitives-for-simulation',
    enforce: 'pre',
    async resolveId(source, importer) {
      if (importer?.endsWith('-for-simulation.ts')) return undefined;
      if (isFake && source === '@noble/ciphers/chacha.js') return join(root, 'test/doubles/insecure-cipher-for-simulation.ts');
      if (!source.startsWith('.')) return undefined;
      const resolved = await this.resolve(source, importer, { skipSelf: true });
      const double = resolved && doubles[resolved.id];
      return double && join(root, 'test/doubles', double);
    },
  };
}

/** The simulator as one module. */
async function bundle() {
  const result = await build({
    configFile: false,
    root,
    logLevel: 'error',
    publicDir: false,
    plugins: [withOtherPrimitives()],
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
