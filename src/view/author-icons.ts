import { LIMITS } from '../base/limits.ts';

/** An icon as MCP has it (2025-11-25): an author's word. */
export type GivenIcon = { readonly src: string; readonly theme?: 'light' | 'dark' | undefined };

const RASTER = /^data:image\/(?:png|jpeg|webp|gif);base64,[a-z0-9+/]+={0,2}$/i;
const DRAWN = /^data:image\/svg\+xml(?:;charset=utf-8|;utf8)?(?:;base64,([a-z0-9+/]+={0,2})|,([\x20-\x7e]+))$/i;

/** Shapes and their paint: nothing that repeats others, by which a few bytes would be drawn for hours, and nothing that runs or loads. */
const SHAPES: ReadonlySet<string> = new Set([
  ...['svg', 'g', 'defs', 'title', 'desc', 'path', 'rect', 'circle', 'ellipse', 'line', 'polyline', 'polygon'],
  ...['linearGradient', 'radialGradient', 'stop', '?xml', '!--'],
]);

/**
 * The icons of what one agent offers that can be shown without anybody being told that they were: pictures within the icon itself, within bounds for each and for
 * all. What is elsewhere is never loaded. Shown in an `img` only.
 */
export class AuthorIcons {
  #left: number = LIMITS.maxIconsLengthPerAgent;

  /** The picture's `data:` URL, for any ground if there is one. */
  pick(given: readonly GivenIcon[] | undefined): { readonly icon?: string } {
    const fit = (given ?? []).slice(0, LIMITS.maxIconsLookedAt).filter(({ src }) => isPicture(src));
    const icon = (fit.find(({ theme }) => theme === undefined) ?? fit.find(({ theme }) => theme === 'light'))?.src;
    if (icon === undefined || icon.length > this.#left) return {};
    this.#left -= icon.length;
    return { icon };
  }
}

function isPicture(src: string): boolean {
  if (src.length > LIMITS.maxIconLength) return false;
  if (RASTER.test(src)) return true;
  const [, base64, text] = DRAWN.exec(src) ?? [];
  try {
    return base64 === undefined ? text !== undefined && hasOnlyShapes(decodeURIComponent(text)) : hasOnlyShapes(atob(base64));
  } catch {
    return false;
  }
}

/** In any encoding but UTF-8 an element could look like something else here. */
function hasOnlyShapes(svg: string): boolean {
  if (svg.includes('\0') || /encoding\s*=\s*["'](?!utf-8["'])/i.test(svg)) return false;
  return [...svg.matchAll(/<(?!\/)(!--|[^\s/>]*)/g)].every(([, name = '']) => SHAPES.has(name));
}
