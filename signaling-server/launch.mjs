/**
 * `npm start`: from a fresh clone to a running server. Installs what the lock file names, builds what is missing or older than
 * its sources, then becomes the server; every option is the server's own (`npm start -- --help`).
 * Plain Node without dependencies: it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_NEEDED = [20, 19];
const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);

function say(sentence) {
  process.stderr.write(`${sentence}\n`);
}

function fail(sentence) {
  say(sentence);
  process.exit(1);
}

/** Newest modification below a file or folder in milliseconds; 0 when it does not exist. Dependencies and builds do not count. */
function newest(path) {
  if (!existsSync(path)) return 0;
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  const names = readdirSync(path).filter((name) => name !== 'node_modules' && name !== 'dist' && !name.includes('.test.'));
  return Math.max(0, ...names.map((name) => newest(join(path, name))));
}

function isOlder(made, ...sources) {
  return newest(made) < Math.max(...sources.map(newest));
}

/** Runs a program to its end; its output is shown only when it fails. */
function runQuietly(what, command, commandArgs, folder, env = {}) {
  say(what);
  // npm is a script on Windows, and scripts need the shell there.
  const result = spawnSync(command, commandArgs, {
    cwd: folder,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    shell: process.platform === 'win32',
    maxBuffer: 2 ** 26,
  });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  if (result.error) say(`${command}: ${result.error.message}`);
  fail(`That did not work: ${command} ${commandArgs.join(' ')}`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [needMajor, needMinor] = NODE_NEEDED;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  fail(`Parley needs Node.js ${NODE_NEEDED.join('.')} or newer; this is ${process.versions.node}.`);
}

function install() {
  const lock = join(root, 'package-lock.json');
  // npm writes this file last: it is there only after an install that came to its end.
  if (!isOlder(join(root, 'node_modules', '.package-lock.json'), lock)) return;
  runQuietly('Installing dependencies …', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], root);
}

function buildServer() {
  if (!isOlder(join(here, 'dist', 'main.js'), join(here, 'src'), join(here, 'tsconfig.json'))) return;
  runQuietly('Building the server …', process.execPath, [join(root, 'node_modules', 'typescript7', 'bin', 'tsc'), '-p', here], root);
}

function buildApp() {
  if (args.some((argument) => ['--help', '-h', '--version', '--app'].includes(argument) || argument.startsWith('--app='))) return;
  if (process.env.PARLEY_APP) return;
  const sources = ['src', 'public', 'index.html', 'vite.config.ts', 'package-lock.json', 'tsconfig.json'].map((name) => join(root, name));
  if (!isOlder(join(root, 'dist', 'index.html'), ...sources)) return;
  // Whatever the environment says: with another value packages bring their development builds.
  runQuietly('Building the app …', 'npm', ['run', '--silent', 'build'], root, { NODE_ENV: 'production' });
}

checkNode();
install();
buildServer();
buildApp();
// In this same process, so signals and the exit code are the server's own.
await import('./dist/main.js');
