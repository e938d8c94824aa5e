import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.env['PARLEY_VECTORS'] ?? join(import.meta.dirname, '../../../shared/vectors');

/** A file of public test vectors, or `undefined` where the folder is absent: a clone alone does not have it. Says which it was. */
export function loadVectors<T>(path: string): T | undefined {
  const file = join(folder, path);
  if (!existsSync(file)) {
    console.info(`vectors: ${path} is absent (set PARLEY_VECTORS to run it)`);
    return undefined;
  }
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}
