/** The repository's rules. `npm run check` runs them alone; `.ci/run` runs them before and after the build. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Gzipped bytes of script: what is loaded before the app is usable, and each part that comes later. */
const BUDGETS = { firstLoad: 170_000, laterPart: 220_000 };

function run(program, ...args) {
  return spawnSync(process.execPath, [join('node_modules', program), ...args], { cwd: root, stdio: 'inherit' }).status === 0;
}

const types = {
  name: 'types',
  holds: () => ['.', 'src/service-worker', 'signaling-server'].every((project) => run('typescript7/bin/tsc', '--noEmit', '-p', project)),
};

const onlyInCi = [
  { name: 'format', holds: () => run('oxfmt/bin/oxfmt', '--check', '.') },
  { name: 'lint', holds: () => run('oxlint/bin/oxlint', '--type-aware', '--deny-warnings') },
  { name: 'layers', holds: () => layersHold() },
  { name: 'layers: a forbidden import is found', holds: () => !withForbiddenImport(() => layersHold()) },
  { name: 'dead code', holds: () => run('knip/bin/knip.js', '--no-config-hints') },
];

function layersHold() {
  return run('dependency-cruiser/bin/dependency-cruise.mjs', '--config', '.ci/layers.cjs', 'src', 'signaling-server/src');
}

/** Runs a check while a file of the lowest layer imports from the highest one: a check that cannot fail proves nothing. */
function withForbiddenImport(check) {
  const folder = join(root, 'src', 'base', 'forbidden');
  mkdirSync(folder);
  try {
    writeFileSync(join(folder, 'import.ts'), "import '../../app/theme.ts';\n");
    return check();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The rules that need no build. */
export function rules(isCi) {
  return isCi ? [types, ...onlyInCi] : [types];
}

function gzippedSize(file) {
  return gzipSync(readFileSync(file), { level: 9 }).length;
}

function budgetsHold() {
  const assets = join(root, 'dist', 'assets');
  const page = readFileSync(join(root, 'dist', 'index.html'), 'utf8');
  const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
  const first = scripts.filter((name) => page.includes(name));
  const firstLoad = first.reduce((sum, name) => sum + gzippedSize(join(assets, name)), 0);
  console.log(`before usable: ${firstLoad} of ${BUDGETS.firstLoad} bytes (${first.join(', ')})`);
  const tooLarge = scripts.filter((name) => !first.includes(name) && gzippedSize(join(assets, name)) > BUDGETS.laterPart);
  for (const name of tooLarge) console.log(`${name}: ${gzippedSize(join(assets, name))} of ${BUDGETS.laterPart} bytes`);
  return first.length > 0 && firstLoad <= BUDGETS.firstLoad && tooLarge.length === 0;
}

/** The rules about what was built. */
export function rulesOfTheBuild() {
  return [{ name: 'bundle budgets', holds: budgetsHold }];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const broken = rules(true).filter((rule) => !rule.holds());
  for (const rule of broken) console.log(`FAILED: ${rule.name}`);
  process.exit(broken.length === 0 ? 0 : 1);
}
