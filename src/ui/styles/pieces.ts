import { css } from 'lit';

/** Pieces of style that several of the later screens have alike. */

/** A radio button and its words, in a row. */
export const choiceStyles = css`
  .choice {
    display: flex;
    gap: 10px;
    align-items: start;
    padding: 4px 0;
    font-size: var(--t-m);
  }
  .choice input {
    margin-top: 3px;
  }
`;

/** A plain form of a few text fields, each under its label. */
export const plainFormStyles = css`
  form,
  .field {
    display: grid;
    gap: var(--s3);
    max-width: 560px;
  }
  .field {
    gap: 4px;
  }
`;

/** Facts as names and values; the names take what they need, up to half. */
export const factStyles = css`
  dl {
    display: grid;
    grid-template-columns: minmax(0, max-content) minmax(0, 1fr);
    gap: 4px 16px;
    align-items: baseline;
    font-size: var(--t-s);
  }
  dt {
    color: var(--ink-3);
  }
  dd {
    overflow-wrap: anywhere;
  }
`;
