/**
 * `npm run test:world [-- --only thirty-three|nat|router]`: real WebRTC between many nodes, and through NATs; a host that has its router let connections in. Each part is a script of its own; one that
 * this machine cannot run says so in a line that begins with "left out" and counts as passed.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PARTS = ['thirty-three', 'nat', 'router'];
const words = process.argv.slice(2);
const at = words.indexOf('--only');
const only = at < 0 ? undefined : words[at + 1];
const rest = at < 0 ? words : words.toSpliced(at, 2);

let failed = 0;
for (const part of PARTS) {
  if (only && only !== part) continue;
  const script = fileURLToPath(new URL(`${part}.mjs`, import.meta.url));
  if (spawnSync(process.execPath, [script, ...rest], { stdio: 'inherit' }).status !== 0) failed++;
}
process.exit(failed === 0 ? 0 : 1);
