import { css, html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { LogLineView } from '../../view/activity-types.ts';
import { isoTime, timeOfDay } from '../format.ts';

/** Lines that an agent logged, oldest first. Not told as they come: whoever wants to know looks. Its component needs {@link logStyles}. */
export function logLines(lines: readonly LogLineView[], name: string): TemplateResult {
  return html`<ul class="log" tabindex="0" aria-label=${name}>${repeat(
    lines,
    ({ id }) => id,
    ({ at, level, logger, text }) =>
      html`<li><time datetime=${isoTime(at)} class="faint">${timeOfDay(at)}</time> <b class=${level}>${level}</b>${logger ? html` <span class="soft">${logger}</span>` : nothing} <span class="text">${text}</span></li>`,
  )}</ul>`;
}

export const logStyles = css`
  .log {
    max-height: 30vh;
    overflow: auto;
    padding: 8px 14px;
    border-radius: var(--r2);
    background: var(--ground);
    font-size: var(--t-xs);
    outline-offset: -3px;
  }
  .log li {
    padding: 2px 0;
    overflow-wrap: anywhere;
  }
  .log b {
    font-weight: 600;
  }
  .log b:is(.warning, .error, .critical, .alert, .emergency) {
    color: var(--rose);
  }
  .log .text {
    font-family: var(--font-mono);
    font-variant-ligatures: none;
    white-space: pre-wrap;
  }
`;
