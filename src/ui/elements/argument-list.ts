import { css, html, type TemplateResult } from 'lit';
import { withInvisibleWrittenOut } from '../../base/visible-text.ts';

/**
 * A call's arguments, each as JSON: text in its quotes, and what would be invisible or turn the line around written out, so that nothing passes
 * for something else. Longer values than `maxLength` characters are cut. Its component needs {@link argumentStyles}.
 */
export function argumentList(args: Readonly<Record<string, unknown>>, maxLength = Infinity): TemplateResult {
  const shown = (value: unknown): string => {
    const json = JSON.stringify(value, undefined, 2) ?? 'undefined';
    return withInvisibleWrittenOut(json.length > maxLength ? `${json.slice(0, maxLength)}…` : json);
  };
  return html`<dl class="arguments" tabindex="0">
    ${Object.entries(args).map(([name, value]) => html`<dt>${withInvisibleWrittenOut(name)}</dt><dd>${shown(value)}</dd>`)}
  </dl>`;
}

export const argumentStyles = css`
  .arguments {
    display: grid;
    grid-template-columns: max-content minmax(0, 1fr);
    gap: 4px 16px;
    padding: 10px 14px;
    max-height: 40vh;
    overflow: auto;
    font-size: var(--t-s);
    background: var(--ground);
    outline-offset: -3px;
  }
  .arguments dt {
    color: var(--ink-3);
  }
  .arguments dd {
    font-family: var(--font-mono);
    font-size: 12.5px;
    /* What is asked for must look like what it is: no drawing of two letters as one. */
    font-variant-ligatures: none;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
`;
