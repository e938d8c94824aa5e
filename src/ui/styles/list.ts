import { css } from 'lit';

/** The list column: heading, search, and rows with a sigil. */
export const listStyles = css`
  header {
    display: flex;
    align-items: center;
    justify-content: space-between;
    min-height: 36px;
    padding: 0 var(--s2);
    margin-bottom: var(--s3);
  }
  .search {
    position: relative;
    margin: 0 var(--s2) var(--s3);
    color: var(--ink-3);
  }
  .search svg {
    position: absolute;
    left: 11px;
    top: 10px;
    pointer-events: none;
  }
  .search input {
    padding-left: 36px;
    background: var(--raise);
    border-color: transparent;
    font-size: var(--t-s);
    color: var(--ink);
  }
  .row {
    display: grid;
    grid-template-columns: 44px minmax(0, 1fr) auto;
    gap: 2px 12px;
    align-items: center;
    padding: 10px var(--s2);
    border-radius: var(--r2);
    color: inherit;
    text-decoration: none;
    width: 100%;
    transition: background var(--fast);
  }
  .row:hover {
    background: var(--raise);
  }
  .row:active {
    background: var(--line);
  }
  .row[aria-current] {
    background: var(--sheet);
    box-shadow: var(--shadow);
  }
  .row .sig {
    grid-row: 1 / 3;
  }
  .row .name {
    display: flex;
    align-items: center;
    gap: 6px;
    min-width: 0;
    font-weight: 600;
  }
  .row .last {
    grid-column: 2 / -1;
    color: var(--ink-2);
    font-size: var(--t-s);
  }
  .row time {
    color: var(--ink-3);
    font-size: var(--t-xs);
    font-variant-numeric: tabular-nums;
  }
  .row:has(.count) .last {
    grid-column: 2;
    color: var(--ink);
    font-weight: 500;
  }
  .count {
    justify-self: end;
    display: grid;
    place-items: center;
    min-width: 20px;
    height: 20px;
    padding: 0 6px;
    border-radius: var(--round);
    background: var(--accent);
    color: var(--on-accent);
    font-size: 11px;
    font-weight: 600;
  }
  .hint {
    padding: var(--s3) var(--s2);
    color: var(--ink-2);
    font-size: var(--t-s);
  }
  .hint b {
    display: block;
    color: var(--ink);
  }
  @media (forced-colors: active) {
    .row[aria-current] {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
    .count {
      border: 1px solid CanvasText;
    }
  }
`;
