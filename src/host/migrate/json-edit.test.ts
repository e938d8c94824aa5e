import { describe, expect, it } from 'vitest';
import { digestOf, valueAt, withValueAt } from './json-edit.ts';

const text = '{\n\t// mine\n\t"mcpServers": {\n\t\t"a": { "command": "x" }, // first\n\t\t"b": { "command": "y" },\n\t},\n\t"theme": "dark",\n}\n';

describe('a file with comments', () => {
  it('keeps them when values come and go', () => {
    const more = withValueAt(text, ['mcpServers', 'parley'], { command: 'node', args: ['x'] });
    expect(more).toContain('// mine');
    expect(more).toContain('// first');
    expect(more).toContain('\n\t\t"parley": {\n\t\t\t"command": "node"');
    expect(valueAt(more, ['mcpServers', 'parley'])).toEqual({ command: 'node', args: ['x'] });
    expect(valueAt(more, ['theme'])).toBe('dark');
    const less = withValueAt(withValueAt(more, ['mcpServers', 'a'], undefined), ['mcpServers', 'b'], undefined);
    expect(Object.keys(valueAt(less, ['mcpServers']) as object)).toEqual(['parley']);
    expect(less).toContain('// mine');
  });

  it.each(['{ "l": { "a": 1, }, }', '{"l":{"a":1}}', '{ "l": { "a": 1 /* one */, } }', '{\n  "l": {\n    "a": 1,\n  },\n}'])(
    'loses its only value and gets another one: %j',
    (only) => {
      const empty = withValueAt(only, ['l', 'a'], undefined);
      expect(valueAt(empty, ['l'])).toEqual({});
      expect(valueAt(withValueAt(empty, ['l', 'b'], 2), ['l'])).toEqual({ b: 2 });
      expect(valueAt(withValueAt(only, ['l', 'b'], 2), ['l'])).toEqual({ a: 1, b: 2 });
    },
  );

  it('gets what it does not have yet, also deep in it', () => {
    expect(JSON.parse(withValueAt('{}', ['agents', 'files', 'everyone'], 'ask'))).toEqual({ agents: { files: { everyone: 'ask' } } });
    expect(withValueAt(text, ['no', 'such'], undefined)).toBe(text);
  });
});

it('a value has one digest, however its keys are ordered', () => {
  expect(digestOf({ a: 1, b: [2] })).toBe(digestOf({ b: [2], a: 1 }));
  expect(digestOf(undefined)).toBe(null);
});
