import { html, svg, type TemplateResult } from 'lit';
import type { SigilView } from '../../view/types.ts';

/** A figure drawn from a key: same key, same figure, at any size; three to eight-fold, two strokes, two tones. */
export function sigil(view: SigilView, size: number): TemplateResult {
  return html`<span class="sig ${view.kind} ${view.verified ? 'verified' : ''}">
    <svg viewBox="0 0 100 100" width=${size} height=${size} aria-hidden="true" focusable="false">${figure(view.key)}</svg>
  </span>`;
}

/** The same inside another SVG, centred at a point, clipped round for people and nearly square for agents. */
export function sigilAt(view: SigilView, x: number, y: number, radius: number): TemplateResult {
  return svg`<svg x=${x - radius} y=${y - radius} width=${2 * radius} height=${2 * radius} viewBox="0 0 100 100">
    <g clip-path=${view.kind === 'agent' ? 'inset(0 round 28px)' : 'circle(50px at 50px 50px)'}>${figure(view.key)}</g>
  </svg>`;
}

const drawn = new Map<string, TemplateResult>();
const MAX_DRAWN = 500;

function figure(key: string): TemplateResult {
  const known = drawn.get(key);
  if (known) return known;
  if (drawn.size >= MAX_DRAWN) drawn.clear();
  const made = draw(key);
  drawn.set(key, made);
  return made;
}

function draw(key: string): TemplateResult {
  const next = randomFrom(key);
  const order = 3 + Math.floor(next() * 6);
  const hue = Math.floor(next() * 360);
  const otherHue = Math.floor(hue + 40 + next() * 120) % 360;
  const ground = `oklch(0.9 0.045 ${hue})`;
  const dark = `oklch(0.47 0.1 ${hue})`;
  const light = `oklch(0.66 0.11 ${otherHue})`;
  const inner = 14 + next() * 10;
  const bend = 8 + next() * 22;
  const stroke = 3.2 + next() * 2.6;
  const outer = 26 + next() * 9;
  const dot = 2.4 + next() * 2.6;
  const twist = (next() * 360) / order;
  const arms = Array.from({ length: order }, (_, index) => {
    const turn = (index * 360) / order;
    return svg`<g transform="rotate(${turn} 50 50)"><path d="M50 50 Q ${50 + bend} ${50 - inner} 50 ${50 - outer}" fill="none" stroke=${dark} stroke-width=${stroke} stroke-linecap="round" /></g>
      <g transform="rotate(${turn + twist} 50 50)"><path d="M50 ${50 - inner * 0.7} Q ${50 - bend} ${50 - outer} 50 ${50 - outer - 6}" fill="none" stroke=${light} stroke-width=${stroke * 0.8} stroke-linecap="round" /><circle cx="50" cy=${50 - outer - 8} r=${dot} fill=${dark} /></g>`;
  });
  return svg`<rect width="100" height="100" fill=${ground} />${arms}`;
}

/** FNV-1a over the key's code units, then an integer mixer: looks only, nothing secret rests on it. Values in [0, 1). */
function randomFrom(key: string): () => number {
  let state = 2166136261;
  for (let index = 0; index < key.length; index++) state = Math.imul(state ^ key.charCodeAt(index), 16777619) >>> 0;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 2246822519) >>> 0;
    state = Math.imul(state ^ (state >>> 13), 3266489917) >>> 0;
    state = (state ^ (state >>> 16)) >>> 0;
    return state / 4294967296;
  };
}
