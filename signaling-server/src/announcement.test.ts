import { describe, expect, it } from 'vitest';
import { announcement } from './announcement.ts';
import { parseOptions } from './options.ts';

function announced(args: readonly string[], hasApp = true): string {
  const command = parseOptions(args, {});
  if (command.run !== 'server') throw new Error('no server');
  return announcement(command.options, { port: 8787, stunPort: 8787 }, hasApp);
}

describe('what the server prints when it runs', () => {
  it('begins with the public address where there is one', () => {
    expect(announced(['--public-url', 'https://parley.example.org', '--host', '127.0.0.1'])).toContain(
      'Open it in a browser:\n\n  https://parley.example.org/\n  http://127.0.0.1:8787/\n',
    );
  });

  it('invites nobody to an app that is not there', () => {
    const text = announced([], false);
    expect(text).toContain('without the app (--app');
    expect(text).not.toMatch(/browser:|█/);
  });

  it('is one line for programs with --json', () => {
    expect(JSON.parse(announced(['--json', '--host', '::1']))).toMatchObject({
      url: 'http://[::1]:8787/',
      signalUrl: 'ws://[::1]:8787/signal',
      stunPort: 8787,
    });
  });
});
