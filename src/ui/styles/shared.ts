import { css } from 'lit';

/** What every component's shadow root starts from: reset, type, controls, focus, and the few shapes that all screens share. */
export const shared = css`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  :host {
    display: block;
    min-width: 0;
  }
  [hidden] {
    display: none !important;
  }
  h1,
  h2,
  h3,
  p,
  ul,
  ol,
  dl,
  dd,
  pre,
  fieldset {
    margin: 0;
    padding: 0;
    border: 0;
  }
  ul,
  ol {
    list-style: none;
  }
  h1 {
    font: 500 var(--t-xl) / 1.15 var(--font-text);
    letter-spacing: -0.01em;
  }
  h1.title,
  h2 {
    font: 500 var(--t-l) / 1.25 var(--font-text);
    overflow-wrap: anywhere;
  }
  h2.label,
  h3,
  legend {
    font: 600 var(--t-xs) / 1.4 var(--font-ui);
    color: var(--ink-3);
    padding: 0;
  }
  a {
    color: var(--accent);
  }
  button,
  input,
  textarea,
  select {
    font: inherit;
    color: inherit;
  }
  button {
    background: none;
    border: 0;
    padding: 0;
    cursor: pointer;
    text-align: inherit;
    touch-action: manipulation;
  }
  button:disabled {
    cursor: default;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  .btn {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 6px;
    min-height: 36px;
    padding: 6px 14px;
    border-radius: var(--r2);
    border: 1px solid var(--edge);
    background: var(--sheet);
    font-weight: 600;
    font-size: var(--t-s);
    line-height: 1.3;
    white-space: nowrap;
    transition: background var(--fast);
  }
  .btn:hover:not(:disabled) {
    background: var(--raise);
  }
  .btn:active:not(:disabled) {
    background: var(--line);
  }
  .btn.go {
    background: var(--accent);
    border-color: var(--accent);
    color: var(--on-accent);
  }
  .btn.go:hover:not(:disabled) {
    background: var(--accent-deep);
    border-color: var(--accent-deep);
  }
  .btn.go:active:not(:disabled) {
    background: var(--accent-deepest);
    border-color: var(--accent-deepest);
  }
  a.btn {
    text-decoration: none;
  }
  .btn:disabled {
    opacity: 0.55;
  }
  .btn.quiet {
    border-color: transparent;
    background: none;
    color: var(--accent);
  }
  .btn.quiet:hover:not(:disabled) {
    background: var(--raise);
  }
  .icon-btn {
    flex: none;
    width: 36px;
    height: 36px;
    border-radius: var(--r2);
    display: grid;
    place-items: center;
    color: var(--ink-2);
    transition: background var(--fast);
  }
  .icon-btn:hover {
    background: var(--raise);
  }
  .icon-btn:active {
    background: var(--line);
  }
  .icon-btn[aria-expanded='true'] {
    background: var(--accent-soft);
    color: var(--accent);
  }
  .icon-btn.primary {
    background: var(--accent);
    color: var(--on-accent);
  }
  .icon-btn.primary:hover {
    background: var(--accent-deep);
  }
  .icon-btn.primary:active {
    background: var(--accent-deepest);
  }
  .btns {
    display: flex;
    flex-wrap: wrap;
    gap: var(--s2);
  }
  input:not([type]),
  input[type='text'],
  input[type='number'],
  input[type='search'],
  input[type='date'],
  input[type='time'],
  input[type='datetime-local'],
  input[type='email'],
  input[type='url'],
  textarea,
  select {
    width: 100%;
    min-height: 38px;
    padding: 8px 12px;
    border-radius: var(--r2);
    border: 1px solid var(--edge);
    background: var(--sheet);
    transition: border-color var(--fast);
  }
  :is(input, textarea, select):hover:not(:disabled, [type='radio'], [type='checkbox']) {
    border-color: var(--ink-3);
  }
  :is(input, textarea, select)[aria-invalid='true'] {
    border-color: var(--rose);
  }
  ::placeholder {
    color: var(--ink-3);
    opacity: 1;
  }
  input[type='radio'],
  input[type='checkbox'] {
    width: 18px;
    height: 18px;
    margin: 0;
    accent-color: var(--accent);
    flex: none;
  }
  label {
    font-size: var(--t-s);
  }
  .mono,
  code,
  pre {
    font-family: var(--font-mono);
    font-size: 0.88em;
  }
  .soft {
    color: var(--ink-2);
  }
  .faint {
    color: var(--ink-3);
  }
  .small {
    font-size: var(--t-s);
  }
  .tiny {
    font-size: var(--t-xs);
  }
  .card {
    background: var(--sheet);
    border-radius: var(--r2);
    padding: 14px;
    box-shadow: var(--shadow);
  }
  .note {
    background: var(--amber-soft);
    border-radius: var(--r2);
    padding: 12px 14px;
    font-size: var(--t-s);
  }
  .note b {
    display: block;
    color: var(--amber);
    margin-bottom: 2px;
  }
  .note.bad {
    background: var(--rose-soft);
  }
  .note.bad b {
    color: var(--rose);
  }
  .badge {
    flex: none;
    font-size: 11px;
    font-weight: 600;
    color: var(--ink-2);
    border: 1px solid var(--line);
    padding: 0 6px;
    border-radius: var(--r1);
    line-height: 17px;
    white-space: nowrap;
  }
  .sig {
    display: block;
    flex: none;
    border-radius: 50%;
    line-height: 0;
  }
  .sig svg {
    display: block;
    border-radius: 50%;
    filter: brightness(var(--sigil-light));
  }
  .sig.agent svg {
    border-radius: 28%;
  }
  .sig.verified svg {
    box-shadow:
      0 0 0 2px var(--ground),
      0 0 0 3.5px var(--accent);
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .clip {
    min-width: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .dot {
    width: 8px;
    height: 8px;
    border-radius: 50%;
    background: var(--accent);
    flex: none;
  }
  .dot.offline {
    background: var(--rose);
  }
  .dot.connecting {
    background: var(--amber);
  }
  table {
    border-collapse: collapse;
    width: 100%;
    font-size: var(--t-s);
    font-variant-numeric: tabular-nums;
  }
  td,
  th {
    text-align: left;
    padding: 6px 12px 6px 0;
    border-bottom: 1px solid var(--line);
    font-weight: 400;
    vertical-align: top;
  }
  th {
    color: var(--ink-3);
    font-size: var(--t-xs);
  }
  tbody tr:last-child > * {
    border-bottom: 0;
  }
  td:last-child,
  th:last-child {
    padding-right: 0;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      transition: none !important;
      animation: none !important;
    }
  }
  @media (forced-colors: active) {
    .btn,
    .icon-btn,
    .card,
    .note,
    .bubble {
      border: 1px solid ButtonBorder;
    }
    .btn.go,
    .icon-btn.primary {
      forced-color-adjust: none;
      background: Highlight;
      color: HighlightText;
    }
    .dot {
      background: CanvasText;
    }
  }
`;

/** A page's sheet: the raised surface beside the list, with its header. */
export const sheet = css`
  :host {
    display: flex;
    flex-direction: column;
    min-height: 0;
    background: var(--sheet);
    border-radius: var(--r3);
    box-shadow: var(--shadow);
    overflow: hidden;
  }
  .head {
    display: flex;
    align-items: center;
    gap: 12px;
    padding: 14px 20px;
    border-bottom: 1px solid var(--line);
    min-height: 69px;
  }
  .head .grow {
    flex: 1;
    min-width: 0;
  }
  .head .sig.verified svg {
    box-shadow:
      0 0 0 2px var(--sheet),
      0 0 0 3.5px var(--accent);
  }
  .back {
    display: none;
  }
  .body {
    flex: 1;
    min-height: 0;
    overflow: auto;
    padding: 20px 24px var(--s6);
  }
  .empty {
    margin: auto;
    max-width: 44ch;
    padding: var(--s5);
    text-align: center;
    display: grid;
    gap: var(--s3);
    justify-items: center;
  }
  @media (max-width: 700px) {
    :host {
      border-radius: 0;
      box-shadow: none;
    }
    .back {
      display: grid;
      margin-left: -8px;
    }
    .head {
      padding: 10px 14px;
      min-height: 57px;
    }
    .body {
      padding: 16px 16px var(--s5);
    }
  }
`;
