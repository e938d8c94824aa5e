import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('tokens.css', import.meta.url), 'utf8');

/** Every place where one of these stands on one of those. */
const TEXTS: readonly (readonly [readonly string[], readonly string[]])[] = [
  [
    ['ink', 'ink-2', 'ink-3', 'accent'],
    ['ground', 'sheet', 'raise'],
  ],
  [['ink', 'ink-2', 'accent'], ['accent-soft']],
  [['on-accent'], ['accent']],
  [['ink', 'ink-2', 'amber'], ['amber-soft']],
  [['ink', 'ink-2', 'rose'], ['rose-soft']],
  [
    ['amber', 'rose'],
    ['ground', 'sheet'],
  ],
  // Notices are the other way round.
  [['sheet'], ['ink']],
];
const CONTROLS: typeof TEXTS = [
  [
    ['edge', 'accent', 'rose', 'amber'],
    ['ground', 'sheet'],
  ],
];

function tokensOf(selector: string): ReadonlyMap<string, string> {
  const from = css.indexOf(`${selector} {`);
  if (from < 0) throw new Error(`${selector} is not there.`);
  const block = css.slice(from, css.indexOf('\n}', from));
  return new Map([...block.matchAll(/--([\w-]+): ([^;]+);/g)].map(([, name, value]) => [name!, value!]));
}

/** Relative luminance (WCAG 2.2) of an opaque `oklch()`: OKLab to linear sRGB as CSS Color 4 §10 has it, cut to what screens show. */
function luminanceOf(colour: string | undefined): number {
  const [, lightness, chroma, hue] = /^oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)$/.exec(colour ?? '')?.map(Number) ?? [];
  if (lightness === undefined || chroma === undefined || hue === undefined) throw new Error(`No opaque colour: ${colour}`);
  const [a, b] = [chroma * Math.cos((hue * Math.PI) / 180), chroma * Math.sin((hue * Math.PI) / 180)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const [red, green, blue] = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((part) => Math.min(1, Math.max(0, part))) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: number, other: number): number {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

describe('the contrast of colours', () => {
  const day = tokensOf(':root');
  const themes = { day, night: new Map([...day, ...tokensOf(":root[data-theme='dark']")]) };

  it('is measured as WCAG does', () => {
    expect(contrast(luminanceOf('oklch(1 0 0)'), luminanceOf('oklch(0 0 0)'))).toBeCloseTo(21, 3);
    // #777 on white, the well-known 4.48.
    expect(contrast(luminanceOf('oklch(0.5693 0 0)'), 1)).toBeCloseTo(4.48, 1);
  });

  for (const [theme, tokens] of Object.entries(themes)) {
    for (const [what, least, pairs] of [
      ['text', 4.5, TEXTS],
      ['controls', 3, CONTROLS],
    ] as const) {
      it(`is at least ${least} for ${what} by ${theme}`, () => {
        const found = pairs.flatMap(([fronts, backs]) =>
          fronts.flatMap((front) =>
            backs.map((back) => [`${front} on ${back}`, contrast(luminanceOf(tokens.get(front)), luminanceOf(tokens.get(back)))] as const),
          ),
        );
        expect(found.filter(([, ratio]) => ratio < least)).toEqual([]);
      });
    }
  }
});
