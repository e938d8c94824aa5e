import { css, html, svg, type TemplateResult } from 'lit';
import { encode } from 'uqr';

/** What stands around it; how wide it is, its component says. */
export const qrStyles = css`
  .qr {
    justify-self: center;
    padding: 14px;
    border-radius: var(--r2);
    background: white;
    line-height: 0;
  }
`;

/** A QR code as one SVG path, black on white in both themes: scanners expect that. Long texts get the least error correction, screens need no more. */
export function qrPicture(text: string): TemplateResult {
  const { data, size } = encode(text, { ecc: text.length > 400 ? 'L' : 'M', border: 0 });
  const path = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
  return html`<svg viewBox="0 0 ${size} ${size}" aria-hidden="true" shape-rendering="crispEdges">${svg`<path d=${path} fill="black" />`}</svg>`;
}
