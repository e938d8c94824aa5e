import { homedir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../json-file.ts';
import { hostEntryOf, referencesOf, secretNamesOf, shownTarget } from './client-entry.ts';

const entryOf = (entry: object, project?: string) =>
  hostEntryOf('a', parseJson('/home/me/c.json', JSON.stringify(entry)), { folder: project ?? '/home/me', project });

describe('a client’s entry', () => {
  it('becomes the host’s: what only the client knows is filled in, what the environment knows stays a reference', () => {
    const entry = entryOf(
      {
        type: 'stdio',
        command: './run.sh',
        args: ['${workspaceFolder}/x', '${userHome}${/}y', '${env:HOST}', '${PORT:-80}'],
        env: { TOKEN: '${input:api-key}', PLAIN: 'literal' },
        envFile: '.env',
        autoApprove: ['x'],
      },
      '/srv/app',
    );
    expect(entry).toEqual({
      command: '/srv/app/run.sh',
      args: ['/srv/app/x', `${homedir()}/y`, '${env:HOST}', '${PORT:-80}'],
      env: { TOKEN: '${API_KEY}', PLAIN: 'literal' },
      envFile: '/srv/app/.env',
      cwd: '/srv/app',
    });
    expect(referencesOf(entry)).toEqual(['HOST', 'API_KEY']);
    expect(secretNamesOf(entry)).toEqual(['TOKEN', 'PLAIN']);
  });

  it('keeps its working folder when it moves to another file', () => {
    expect(entryOf({ command: 'x' })).toEqual({ command: 'x', cwd: '/home/me' });
    expect(entryOf({ command: 'x', cwd: '../you' })).toEqual({ command: 'x', cwd: '/home/you' });
  });

  it('may be a URL, under any of the names that clients have for it', () => {
    for (const key of ['url', 'serverUrl', 'httpUrl']) expect(entryOf({ [key]: 'https://x.example/mcp' })).toEqual({ url: 'https://x.example/mcp' });
  });

  it.each([
    [{ command: 'x', enabled: false }, 'line 1: “a” is switched off.'],
    [{ command: 'x', args: ['${workspaceFolder}'] }, 'Only the editor knows what ${workspaceFolder} is.'],
    [{ command: 'x', args: ['${command:pick}'] }, 'Only the editor knows'],
    [{ type: 'sse', url: 'https://x' }, 'no longer in MCP'],
    [{ args: [] }, 'neither a command nor a url'],
  ])('that cannot move says why: %j', (entry, sentence) => {
    expect(() => entryOf(entry)).toThrow(sentence);
  });
});

describe('what is shown of it', () => {
  it.each([
    [['--api-key', 's3cret'], 'x --api-key •••'],
    [['--api-key', '--verbose'], 'x --api-key --verbose'],
    [['--token=s3cret', '/data'], 'x --token=••• /data'],
    [['-e', 'GITHUB_TOKEN=s3cret', 'image'], 'x -e GITHUB_TOKEN=••• image'],
    [['--header', 'Authorization: Bearer s3cret'], 'x --header "Authorization: Bearer •••"'],
    [['--header', 'Authorization: Bearer ${TOKEN}'], 'x --header "Authorization: Bearer •••"'],
    [['https://x.example/mcp?key=s3cret&b=c'], 'x "https://x.example/mcp?key=•••&b=•••"'],
    [['postgres://me:s3cret@db/x'], 'x postgres://me:•••@db/x'],
    [['--author', 'Ada', '/keys/monkey'], 'x --author Ada /keys/monkey'],
  ])('has no secrets: %j', (args, shown) => {
    expect(shownTarget({ command: 'x', args, cwd: '/' })).toBe(shown);
  });
});
