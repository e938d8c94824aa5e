import { html, svg, type TemplateResult } from 'lit';

/** Line icons on a grid of 24; always beside or under an accessible name, never alone. */
const SHAPES = {
  chat: svg`<path d="M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.5 4v-4A2.5 2.5 0 0 1 4 13.5z"/>`,
  agents: svg`<rect x="5" y="8" width="14" height="10.5" rx="3.2"/><path d="M12 8V4.5M9.2 13h.01M14.8 13h.01M3 12.5v2.5M21 12.5v2.5"/>`,
  network: svg`<circle cx="12" cy="5.5" r="2.2"/><circle cx="5.5" cy="17.5" r="2.2"/><circle cx="18.5" cy="17.5" r="2.2"/><path d="M11 7.5 6.6 15.6M13 7.5l4.4 8.1M7.8 17.5h8.4"/>`,
  settings: svg`<circle cx="12" cy="12" r="3"/><path d="M12 3.5v2.3M12 18.2v2.3M3.5 12h2.3M18.2 12h2.3M6 6l1.6 1.6M16.4 16.4 18 18M6 18l1.6-1.6M16.4 7.6 18 6"/>`,
  plus: svg`<path d="M12 5v14M5 12h14"/>`,
  search: svg`<circle cx="10.5" cy="10.5" r="5.5"/><path d="m15 15 4.5 4.5"/>`,
  lock: svg`<rect x="6" y="10.5" width="12" height="9" rx="2.4"/><path d="M8.8 10.5V8a3.2 3.2 0 0 1 6.4 0v2.5"/>`,
  panel: svg`<rect x="4" y="5" width="16" height="14" rx="2.6"/><path d="M14.5 5v14"/>`,
  invite: svg`<circle cx="9.5" cy="8.5" r="3.3"/><path d="M3.8 19a5.8 5.8 0 0 1 11.4 0M18 8v6M15 11h6"/>`,
  back: svg`<path d="M14.5 5.5 8 12l6.5 6.5"/>`,
  close: svg`<path d="m6.5 6.5 11 11M17.5 6.5l-11 11"/>`,
  copy: svg`<rect x="8.5" y="8.5" width="11" height="11" rx="2.4"/><path d="M15.5 8.5v-2A2.4 2.4 0 0 0 13.1 4H7a2.4 2.4 0 0 0-2.4 2.4v6.1a2.4 2.4 0 0 0 2.4 2.4h1.5"/>`,
  up: svg`<path d="m6.5 14.5 5.5-5.5 5.5 5.5"/>`,
  down: svg`<path d="m6.5 9.5 5.5 5.5 5.5-5.5"/>`,
  calendar: svg`<rect x="4.5" y="6" width="15" height="13.5" rx="2.4"/><path d="M4.5 10.5h15M8.5 4v3M15.5 4v3"/>`,
  slash: svg`<path d="M14.8 4.5 9.2 19.5"/>`,
  filter: svg`<path d="M4.5 7h15M7.5 12h9M10.5 17h3"/>`,
  history: svg`<path d="M5 12a7 7 0 1 0 2.2-5.1M4.5 4v4h4M12 8.2V12l2.8 1.8"/>`,
  refresh: svg`<path d="M19 12a7 7 0 1 1-2.2-5.1M19.5 4v4h-4"/>`,
} as const;

export function icon(name: keyof typeof SHAPES, size = 20): TemplateResult {
  return html`<svg viewBox="0 0 24 24" width=${size} height=${size} fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${SHAPES[name]}</svg>`;
}

/** The app's mark: two arcs that meet without touching. */
export function mark(size = 40): TemplateResult {
  return html`<svg viewBox="0 0 40 40" width=${size} height=${size} fill="none" stroke="var(--accent)" stroke-width="2.6" stroke-linecap="round" aria-hidden="true" focusable="false">
    <path d="M9 26.5A11.5 11.5 0 0 1 27.5 12" /><path d="M31 13.5A11.5 11.5 0 0 1 12.5 28" /><circle cx="28.6" cy="12.2" r="2.6" fill="var(--accent)" stroke="none" /><circle cx="11.4" cy="27.8" r="2.6" fill="var(--accent)" stroke="none" />
  </svg>`;
}
