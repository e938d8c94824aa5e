import { describe, expect, it } from 'vitest';
import { parseJson } from '../json-file.ts';
import { readMounts } from './config-file.ts';
import { agentIdOf, specOfOption, splitCommandLine } from './mount-spec.ts';
import { StderrTail } from './stderr-tail.ts';

const read = (text: string, environment: Readonly<Record<string, string>> = {}) =>
  readMounts(parseJson('/etc/c.json', text), '/etc/c.json', environment);

describe('a config file', () => {
  it('is read as desktop clients write it', () => {
    const specs = read(
      `{ "mcpServers": {
        // one with everything
        "My Files": { "command": "\${BIN}/srv", "args": ["-y", "\${ROOT:-/data}"], "env": { "KEY": "\${env:SECRET}" }, "cwd": "work", "autoApprove": [] },
        "far": { "type": "http", "url": "https://x.example/mcp", "headers": { "Authorization": "Bearer \${SECRET}" } },
        "off": { "command": "x", "disabled": true },
      } }`,
      { BIN: '/opt', SECRET: 's3' },
    );
    expect(specs).toEqual([
      { id: 'my-files', title: 'My Files', kind: 'command', command: '/opt/srv', args: ['-y', '/data'], env: { KEY: 's3' }, cwd: '/etc/work' },
      { id: 'far', title: 'far', kind: 'url', url: 'https://x.example/mcp', headers: { Authorization: 'Bearer s3' } },
    ]);
  });

  it('may call its list `servers`, as an editor does', () => {
    expect(read('{ "servers": { "a": { "command": "x" } } }')).toMatchObject([{ id: 'a', command: 'x', args: [], env: {} }]);
  });

  it.each([
    ['{}', 'line 1: There is no “mcpServers”.'],
    ['{ "mcpServers": {\n "a": { "command": "x", "url": "http://y" } } }', 'line 2: “a” has both a command and a url.'],
    ['{ "mcpServers": {\n "a": { "command": "x" },\n "A": { "command": "y" } } }', 'line 3: “A” and “a” would have the same address, a.'],
    ['{ "mcpServers": {\n "a": { "url":\n "file:///x" } } }', 'line 3: “a”: the URL must begin with http:// or https://.'],
    ['{ "mcpServers": { "a": { "command": "x", "args": [\n1] } } }', 'line 2: each item of “args” must be text.'],
    ['{ "mcpServers": { "a": { "command": "x", "env": { "K":\n\n"${NOPE}" } } } }', 'line 3: The environment has no NOPE.'],
    ['{ "mcpServers": { "💥": { "command": "x" } } }', 'line 1: The name “💥” has no letter or digit'],
    ['{ "mcpServers": { "a": { "type": "sse",\n"url": "http://y" } } }', 'line 1: The transport “sse” is no longer in MCP'],
    ['{ "mcpServers": { "a": { "command": "x" ', 'This is not JSON'],
  ])('says line and reason of what is wrong: %j', (text, sentence) => {
    expect(() => read(text)).toThrow(sentence);
  });
});

describe('a mount', () => {
  it('has an address made of its name', () => {
    expect(agentIdOf('Zoë’s GitHub (work)')).toBe('zoe-s-github-work');
    expect(agentIdOf('a'.repeat(31) + '-b')).toBe('a'.repeat(31));
  });

  it('is a command line or a URL', () => {
    expect(specOfOption({ name: 'f', target: `npx -y "my server" --x='a "b"' c\\ d` })).toMatchObject({
      command: 'npx',
      args: ['-y', 'my server', '--x=a "b"', 'c d'],
    });
    expect(specOfOption({ name: 'f', target: 'https://x.example/mcp' })).toMatchObject({ kind: 'url', url: 'https://x.example/mcp' });
    expect(() => specOfOption({ name: 'f', target: 'https://u:p@x.example/' })).toThrow('no password');
    expect(() => splitCommandLine('a "b')).toThrow('is not closed');
    expect(splitCommandLine(`a '' ""`)).toEqual(['a', '', '']);
  });
});

describe('the end of standard error', () => {
  it('is its last lines, without colours, within its bound, also of bytes cut anywhere', () => {
    const tail = new StderrTail();
    const lines: string[] = [];
    const bytes = Buffer.from('\u001b[31mrot\u001b[0m ä\nzwei\r\noffen');
    for (const byte of bytes) tail.add(Buffer.of(byte), (line) => lines.push(line));
    expect(lines).toEqual(['rot ä', 'zwei']);
    expect(tail.tail()).toBe('rot ä\nzwei\noffen');
    tail.add(Buffer.from(`${'x'.repeat(100_000)}\nlast\n`), () => undefined);
    expect(tail.tail().length).toBeLessThanOrEqual(4096);
    expect(tail.tail().endsWith('last')).toBe(true);
  });
});
