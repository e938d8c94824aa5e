import { css } from 'lit';

/** For a component that is nothing but a dialog. */
export const dialogHost = css`
  :host {
    display: contents;
  }
  .stack {
    display: grid;
    gap: var(--s3);
  }
`;

/** For a dialog that asks something: who wants it, what it is about, and the answers. */
export const questionStyles = css`
  .who {
    display: flex;
    gap: 12px;
    align-items: center;
  }
  .who p {
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .who b {
    font: 600 1em / 1.4 var(--font-text);
  }
  .who code {
    font-weight: 600;
  }
  .arguments {
    border-radius: var(--r2);
  }
  /* However much is asked for, the answers are in sight. */
  .answers {
    position: sticky;
    bottom: -20px;
    margin-bottom: -20px;
    padding: var(--s2) 0 20px;
    background: var(--sheet);
  }
`;
