/**
 * `npm test`: everything that must hold, from a fresh clone, and one plain line `N passed, N failed` at the end.
 * With `--ci` the rules of the repository (format, lint, types, layers, dead code, budgets) are checked as well.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = join(root, 'test', 'results');
const isCi = process.argv.includes('--ci');
let passed = 0;
let failed = 0;
/** How long each part took. */
const seconds = [];

/** Says what begins, and keeps how long it took. */
function timed(name, part) {
  console.log(`\n── ${name}`);
  const began = performance.now();
  const result = part();
  seconds.push([name, Math.round((performance.now() - began) / 1000)]);
  return result;
}

function run(command, args, env = {}) {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env }, shell: process.platform === 'win32' }).status === 0;
}

function node(args, env) {
  return run(process.execPath, args, env);
}

/** One named check that passes or fails as a whole. */
function check(name, holds) {
  if (timed(name, holds)) passed++;
  else {
    failed++;
    console.log(`FAILED: ${name}`);
  }
}

/** Runs a Vitest configuration and counts its tests. */
function vitest(name, config) {
  const file = join(results, `${name.replaceAll(' ', '-')}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const isGreen = timed(name, () => node(['node_modules/vitest/vitest.mjs', 'run', '--config', config, ...reporters]));
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  passed += report?.numPassedTests ?? 0;
  failed += report?.numFailedTests ?? 0;
  // A file that does not even load has no failed test of its own.
  if (!isGreen && !report?.numFailedTests) failed++;
}

/** Runs the browser tests of components and adapters; their reporter writes the counts. */
function browserTests(chromium) {
  const file = join(results, 'browser.json');
  const env = { CHROME_PATH: chromium, PARLEY_BROWSER_RESULTS: file };
  const isGreen = timed('browser tests', () =>
    node(['node_modules/@web/test-runner/dist/bin.js', '--config', 'test/web-test-runner.config.mjs'], env),
  );
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  passed += report?.passed ?? 0;
  failed += report?.failed ?? 0;
  if (!isGreen && !report?.failed) failed++;
}

function finish() {
  const long = seconds.filter(([, duration]) => duration > 0).map(([name, duration]) => `${name} ${duration} s`);
  console.log(`\n${long.join(', ')}`);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

function install() {
  const marker = join(root, 'node_modules', '.package-lock.json');
  if (!isCi && existsSync(marker)) return true;
  return run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
check('dependencies as the lock file names them', install);
if (failed > 0) finish();

const { findChromium } = await import('./support/browsers.mjs');
const checks = await import('../.ci/check.mjs');
for (const rule of checks.rules(isCi)) check(rule.name, () => rule.holds());

vitest('unit tests', 'test/vitest.config.ts');
vitest('host tests', 'test/host/vitest.config.ts');

if (existsSync(join(root, 'vite.config.ts'))) check('the app builds', () => run('npm', ['run', '--silent', 'build']));
if (isCi) for (const rule of checks.rulesOfTheBuild()) check(rule.name, () => rule.holds());

const chromium = findChromium();
if (chromium) {
  browserTests(chromium);
  if (existsSync(join(root, 'test/app/vitest.config.ts'))) vitest('app tests', 'test/app/vitest.config.ts');
  for (const script of ['thirty-three', 'nat', 'router']) check(`the real world: ${script}`, () => node([`test/world/${script}.mjs`]));
} else {
  check('a Chromium for the browser tests', () => {
    console.log('No Chromium was found. Install Chromium or Chrome, or name its program in CHROME_PATH.');
    return false;
  });
}
finish();
