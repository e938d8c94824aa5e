import { css, html, nothing } from 'lit';

/** The icon that the author of an agent or a tool gave it, beside its name; nothing, where there is none or the browser cannot draw it. */
export function authorIcon(src: string | undefined, size: number) {
  if (src === undefined) return nothing;
  const drawn = (isDrawn: boolean) => (event: Event) => ((event.target as HTMLElement).hidden = !isDrawn);
  return html`<img class="author" src=${src} alt="" width=${size} height=${size} decoding="async" @load=${drawn(true)} @error=${drawn(false)} />`;
}

/** On a light ground in both themes: that is what icons without a theme are made for. */
export const authorIconStyles = css`
  .author {
    flex: none;
    box-sizing: border-box;
    padding: 2px;
    object-fit: contain;
    background: #fff;
    border: 1px solid var(--line);
    border-radius: var(--r1);
  }
  .author[hidden] {
    display: none;
  }
`;
