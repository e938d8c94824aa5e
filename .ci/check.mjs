/** The repository's rules. `npm run check` runs them alone; `npm test` and `.ci/run` run them before and after the build. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0;
}

/** The rules that need no build; those that change with every keystroke only in continuous integration. */
export function rules(isCi) {
  const types = { name: 'types', holds: () => run(['node_modules/typescript7/bin/tsc', '--noEmit', '-p', '.']) };
  return isCi ? [types] : [types];
}

/** The rules about what was built. */
export function rulesOfTheBuild() {
  return [];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const broken = rules(true).filter((rule) => !rule.holds());
  for (const rule of broken) console.log(`FAILED: ${rule.name}`);
  process.exit(broken.length === 0 ? 0 : 1);
}
