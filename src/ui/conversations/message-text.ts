import { css, html, type TemplateResult } from 'lit';
import { messageParts, type MessagePart } from './message-parts.ts';

/** A message's text: line breaks, code and links as they were meant, and all else as it was typed. Its component needs {@link messageTextStyles}. */
export function messageText(message: string): readonly TemplateResult[] {
  return messageParts(message).map((part) => rendered(part));
}

function rendered(part: MessagePart): TemplateResult {
  switch (part.kind) {
    case 'text':
      return html`<span class="running">${part.text}</span>`;
    case 'code':
      return html`<code>${part.text}</code>`;
    case 'block':
      return html`<pre tabindex="0">${part.text}</pre>`;
    case 'link':
      return html`<a href=${part.href} target="_blank" rel="noreferrer noopener">${part.text}</a>`;
  }
}

export const messageTextStyles = css`
  .bubble {
    overflow-wrap: anywhere;
  }
  .bubble .running {
    white-space: pre-wrap;
  }
  .bubble a {
    color: inherit;
    text-decoration-color: var(--accent);
    text-decoration-thickness: 1.5px;
    text-underline-offset: 2px;
  }
  .bubble code {
    padding: 1px 4px;
    border-radius: 4px;
    background: color-mix(in oklab, var(--ink) 7%, transparent);
  }
  .bubble pre {
    margin: 6px 0;
    padding: 8px 10px;
    border-radius: var(--r1);
    background: var(--sheet);
    font-size: 12.5px;
    line-height: 1.55;
    overflow: auto;
    tab-size: 2;
    font-variant-ligatures: none;
    overflow-wrap: normal;
  }
  .bubble pre:first-child {
    margin-top: 2px;
  }
  .bubble pre:last-child {
    margin-bottom: 2px;
  }
`;
