import { css } from 'lit';

/** For what `jsonText` draws, and the line that opens it. */
export const jsonStyles = css`
  .json pre {
    max-height: 40vh;
    overflow: auto;
    padding: 10px 14px;
    border-radius: var(--r2);
    background: var(--ground);
    font-size: 12px;
    font-variant-ligatures: none;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    outline-offset: -3px;
  }
  .json-head {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: var(--s2);
  }
  summary {
    cursor: pointer;
    min-height: 24px;
  }
`;
