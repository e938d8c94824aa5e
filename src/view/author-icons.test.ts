import { describe, expect, it } from 'vitest';
import { LIMITS } from '../base/limits.ts';
import { AuthorIcons, type GivenIcon } from './author-icons.ts';

const PNG = 'data:image/png;base64,iVBORw0KGgo=';
const picked = (...icons: readonly GivenIcon[]): string | undefined => new AuthorIcons().pick(icons).icon;
const svg = (text: string): string => `data:image/svg+xml;base64,${btoa(text)}`;
const SHAPE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><g><path d="M0 0h8"/></g></svg>';

describe('the icon of an agent or a tool', () => {
  it.each(['png', 'jpeg', 'webp', 'gif'])('is a picture within itself: %s', (type) => {
    const src = `data:image/${type};base64,AAAA`;
    expect(picked({ src })).toBe(src);
  });

  it.each([
    ['elsewhere', 'https://example.org/icon.png'],
    ['of this site', '/icon.png'],
    ['no picture', 'data:text/html;base64,AAAA'],
    ['of a kind that not every browser draws', 'data:image/x-icon;base64,AAAA'],
    ['more than base64', 'data:image/png;base64,AAAA" onerror="x'],
    ['of two types', 'data:image/png,text/html;base64,AAAA'],
    ['a blob of the page', 'blob:https://example.org/1'],
    ['script', 'javascript:alert(1)'],
  ])('is not shown when it is %s', (_what, src) => expect(picked({ src })).toBeUndefined());

  it('may be drawn of shapes, in base64 or as text', () => {
    const xml = `<?xml version="1.0" encoding="UTF-8"?><!-- mine -->${SHAPE}`;
    for (const src of [svg(SHAPE), svg(xml), `data:image/svg+xml,${encodeURIComponent(SHAPE)}`, `data:image/svg+xml;utf8,${SHAPE}`])
      expect(picked({ src })).toBe(src);
  });

  it.each([
    ['<svg><defs><g id="a"/></defs><use href="#a"/></svg>'],
    ['<svg><x:use xmlns:x="http://www.w3.org/2000/svg" href="#a"/></svg>'],
    ['<svg><script>1</script></svg>'],
    ['<svg><foreignObject/></svg>'],
    ['<svg><image href="https://example.org/"/></svg>'],
    ['<svg><style>*{background:url(https://example.org/)}</style></svg>'],
    ['<!DOCTYPE svg [<!ENTITY a "b">]><svg/>'],
    ['<?xml-stylesheet href="https://example.org/"?><svg/>'],
    ['<svg><![CDATA[<use/>]]></svg>'],
    ['<?xml version="1.0" encoding="iso-2022-jp"?><svg/>'],
    ['<\0s\0v\0g\0>\0'],
  ])('is not drawn of anything else: %s', (text) => {
    expect([picked({ src: svg(text) }), picked({ src: `data:image/svg+xml,${encodeURIComponent(text)}` })]).toEqual([undefined, undefined]);
  });

  it('is the one for any ground, else the one for a light ground', () => {
    const [dark, light, any] = [
      { src: `${PNG.slice(0, -4)}AAAA`, theme: 'dark' as const },
      { src: PNG, theme: 'light' as const },
      { src: svg(SHAPE) },
    ];
    expect([picked(dark), picked(dark, light), picked(light, any)]).toEqual([undefined, light.src, any.src]);
    expect(picked({ src: 'https://example.org/icon.png' }, any)).toBe(any.src);
    expect(new AuthorIcons().pick(undefined)).toEqual({});
  });

  it('is bounded, and so are all of an agent', () => {
    const head = 'data:image/png;base64,';
    const large = head + 'A'.repeat(LIMITS.maxIconLength - head.length);
    expect([picked({ src: large }), picked({ src: `${large}A` })]).toEqual([large, undefined]);
    const icons = new AuthorIcons();
    const count = Math.floor(LIMITS.maxIconsLengthPerAgent / LIMITS.maxIconLength);
    for (let index = 0; index < count; index++) expect(icons.pick([{ src: large }]).icon).toBe(large);
    expect(icons.pick([{ src: large }])).toEqual({});
    const many = Array.from({ length: LIMITS.maxIconsLookedAt }, () => ({ src: 'https://example.org/' }));
    expect(picked(...many, { src: PNG })).toBeUndefined();
  });
});
