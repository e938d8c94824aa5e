import { join } from 'node:path';

/** Modules of src that have a double here which computes the same by OpenSSL (native.test.ts holds both against each other). */
const NATIVE = {
  'src/crypto/key-exchange.ts': 'src/host/native/key-exchange.ts',
  'src/crypto/hash.ts': 'src/host/native/hash.ts',
  'src/crypto/small-cipher.ts': 'src/host/native/small-cipher.ts',
};

/** A plugin for Vite: where a module is imported for which `doubles` has another (both as paths below `root`), that one is taken. Doubles may import what they double. */
export function withDoubles(root, doubles) {
  const byFile = new Map(Object.entries(doubles).map(([module, double]) => [join(root, module), join(root, double)]));
  const doubleFiles = new Set(byFile.values());
  return {
    name: 'parley-doubles',
    enforce: 'pre',
    async resolveId(source, importer) {
      if (!source.startsWith('.') || doubleFiles.has(importer)) return undefined;
      const resolved = await this.resolve(source, importer, { skipSelf: true });
      return resolved ? byFile.get(resolved.id) : undefined;
    },
  };
}

/** For bundles that run on Node.js: its own primitives instead of those in script. */
export function withNativePrimitives(root) {
  return withDoubles(root, NATIVE);
}
