import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const LEFT_OUT = new Set(['node_modules', 'dist', '.git', 'api', 'coverage', 'results']);

function filesUnder(folder: string, ending: RegExp): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (LEFT_OUT.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesUnder(path, ending);
    return ending.test(entry.name) ? [path] : [];
  });
}

const documents = filesUnder(root, /\.md$/).map((path) => ({ path, name: relative(root, path), text: readFileSync(path, 'utf8') }));
const sources = ['src', 'signaling-server/src', 'test']
  .flatMap((folder) => filesUnder(join(root, folder), /\.m?ts$/))
  .map((path) => readFileSync(path, 'utf8'));

/** Words in backticks, outside of blocks. */
function quoted(text: string): readonly string[] {
  return [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, word]) => word as string);
}

/** Whether one file has a class, interface or object of that name and the member. */
function isMember(owner: string, member: string): boolean {
  return sources.some(
    (source) => new RegExp(`\\b(class|interface|type|const) ${owner}\\b`).test(source) && new RegExp(`(^|[^\\w#])${member}\\b`).test(source),
  );
}

describe('the documents', () => {
  it('link only to what is there', () => {
    const broken = documents.flatMap(({ path, name, text }) =>
      [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
        .map(([, target]) => target as string)
        .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(dirname(path), target)))
        .map((target) => `${name}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('name only classes, members and files that are there', () => {
    const missing = documents.flatMap(({ path, name, text }) =>
      quoted(text)
        .filter((word) => {
          const member = /^([A-Z]\w+)\.(#?[a-z]\w*)$/.exec(word);
          if (member) return !isMember(member[1] as string, member[2] as string);
          if (/^[A-Z][a-z]+(?:[A-Z][a-z]+)+$/.test(word)) return !sources.some((source) => new RegExp(`\\b${word}\\b`).test(source));
          if (!/^[\w./-]+\.(ts|mjs|cjs|css|json|md)$/.test(word)) return false;
          return ![dirname(path), root, join(root, 'src'), join(root, 'signaling-server')].some((base) => existsSync(join(base, word)));
        })
        .map((word) => `${name}: ${word}`),
    );
    expect(missing).toEqual([]);
  });

  it.skipIf(spawnSync('systemd-analyze', ['--version']).status !== 0)('have a unit for hosts that systemd takes', () => {
    const unit = /```ini\n(# \/etc\/systemd[\s\S]*?)```/.exec(readFileSync(join(root, 'docs/host.md'), 'utf8'))?.[1] ?? '';
    const folder = mkdtempSync(join(tmpdir(), 'parley-unit-'));
    // The account and the program are those of another machine.
    const file = join(folder, 'parley-host.service');
    writeFileSync(file, unit.replace(/^(User|Group)=parley$/gm, '$1=root').replace('/usr/bin/node', process.execPath));
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    expect([status, stdout + stderr]).toEqual([0, '']);
  });
});
