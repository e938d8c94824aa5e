import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageParts } from './message-parts.ts';

describe('the parts of a message', () => {
  it('are running text with its line breaks where there is nothing else', () => {
    expect(messageParts('one\n\ntwo ')).toEqual([{ kind: 'text', text: 'one\n\ntwo ' }]);
  });

  it('are blocks of code between fences, without the fences and the language', () => {
    expect(messageParts('see\n\n```js\nlet a = `x`;\n\n  b()\n```\n\nand')).toEqual([
      { kind: 'text', text: 'see' },
      { kind: 'block', text: 'let a = `x`;\n\n  b()' },
      { kind: 'text', text: 'and' },
    ]);
  });

  it('take a fence that nobody closed as code to the end', () => {
    expect(messageParts('```\nhttps://a.example')).toEqual([{ kind: 'block', text: 'https://a.example' }]);
  });

  it('are code between single backticks, and a lone backtick is text', () => {
    expect(messageParts('run `npm start` in a ` b')).toEqual([
      { kind: 'text', text: 'run ' },
      { kind: 'code', text: 'npm start' },
      { kind: 'text', text: ' in a ` b' },
    ]);
  });

  it('are links where an address of the web stands, without the sentence’s own signs', () => {
    expect(messageParts('(see https://a.example/b?c=1#d), or https://e.example/f_(g).')).toEqual([
      { kind: 'text', text: '(see ' },
      { kind: 'link', text: 'https://a.example/b?c=1#d', href: 'https://a.example/b?c=1#d' },
      { kind: 'text', text: '), or ' },
      { kind: 'link', text: 'https://e.example/f_(g)', href: 'https://e.example/f_(g)' },
      { kind: 'text', text: '.' },
    ]);
  });

  it('never link to anything but http and https', () => {
    for (const text of ['javascript:alert(1)', 'data:text/html,x', 'blob:https', 'http://', 'https://..', 'file:///etc'])
      expect(messageParts(text).filter(({ kind }) => kind === 'link')).toEqual([]);
    const piece = fc.constantFrom('javascript:', 'https://', 'HTTP://', 'a.example', '`', '\n', '```', '(', ')', '.', ' ', '//', '@', '\\', '\t');
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 30 }), (pieces) => {
        for (const part of messageParts(pieces.join(''))) if (part.kind === 'link') expect(part.href).toMatch(/^https?:\/\/[^/]/);
      }),
    );
  });

  it('say every word that was written', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        const words = (from: string) => from.replaceAll(/[`\n]/g, '');
        const said = messageParts(text)
          .map((part) => part.text)
          .join('');
        if (!text.includes('```')) expect(words(said)).toBe(words(text));
      }),
    );
  });
});
