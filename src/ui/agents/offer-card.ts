import { css, html, nothing, type TemplateResult } from 'lit';
import { authorIcon, authorIconStyles } from '../elements/author-icon.ts';

/** Something that an agent offers. The button's name is what is written on it; the whole card can be pressed. `access` tells who may. */
export function offerCard(
  title: string,
  name: string,
  description: string,
  press: () => void,
  access?: { readonly text: string; readonly isOpen: boolean },
  more: unknown = nothing,
  icon?: string,
): TemplateResult {
  const style = title && title !== name ? 'small mono' : '';
  const isClosed = access?.isOpen === false;
  return html`<div class="tool ${isClosed ? 'closed' : ''}">
    ${authorIcon(icon, 24)}
    ${title && title !== name ? html`<b>${title}</b>` : nothing}
    ${isClosed ? html`<span class=${style}>${name}</span>` : html`<button class=${style} @click=${press}>${name}</button>`}
    <span class="small soft">${description}</span>
    ${access ? html`<small class="tiny faint">${access.text}</small>` : nothing}
    ${more}
  </div>`;
}

/** For lists of what agents offer, and the cards in them. */
export const offerStyles = css`
  ${authorIconStyles}
  .items {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(240px, 100%), 1fr));
    gap: var(--s2);
  }
  .tool {
    position: relative;
    display: grid;
    gap: 2px;
    align-content: start;
    height: 100%;
    padding: 12px 14px;
    border: 1px solid var(--line);
    border-radius: var(--r2);
    overflow-wrap: anywhere;
    transition:
      background var(--fast),
      border-color var(--fast);
  }
  .tool:not(.closed):hover {
    background: var(--ground);
    border-color: var(--edge);
  }
  .tool:not(.closed):active {
    background: var(--raise);
  }
  .tool .author {
    position: absolute;
    top: 10px;
    right: 12px;
  }
  .tool:has(.author:not([hidden])) {
    padding-right: 48px;
  }
  .tool span {
    display: -webkit-box;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 4;
    overflow: hidden;
  }
  .tool > button {
    justify-self: start;
    min-height: 24px;
    color: var(--accent);
    font-weight: 600;
  }
  .tool > button::after {
    content: '';
    position: absolute;
    inset: 0;
    border-radius: var(--r2);
  }
  .tool > .more {
    position: relative;
    justify-self: start;
  }
`;
