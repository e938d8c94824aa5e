import { css } from 'lit';

/** A link, or a button that leads on like one, in small text. */
export const link = css`
  .link {
    display: inline-flex;
    align-items: center;
    min-height: 24px;
    color: var(--accent);
    font-size: var(--t-s);
    text-decoration: none;
  }
  .link:hover {
    text-decoration: underline;
  }
`;
