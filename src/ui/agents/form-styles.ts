import { css } from 'lit';

export const formStyles = css`
  form,
  .field {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 6px;
  }
  form {
    gap: var(--s4);
    max-width: 560px;
  }
  label,
  legend,
  .folded .name {
    font-size: var(--t-s);
    font-weight: 600;
    color: var(--ink);
    overflow-wrap: anywhere;
  }
  label .soft,
  legend .soft,
  .folded .name .soft {
    font-weight: 400;
  }
  fieldset {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--s3);
    min-width: 0;
    padding-left: var(--s3);
    border-left: 2px solid var(--line);
  }
  fieldset[aria-invalid='true'] {
    border-left-color: var(--rose);
  }
  legend {
    margin-bottom: var(--s2);
    margin-left: calc(-2px - var(--s3));
  }
  .check,
  .check label,
  .folded {
    display: flex;
    align-items: center;
    min-height: 24px;
    gap: 10px;
  }
  .check label .soft {
    margin-left: -6px;
  }
  .folded {
    flex-wrap: wrap;
    justify-content: space-between;
  }
  .boxes {
    display: grid;
    gap: 4px;
  }
  .item {
    display: flex;
    align-items: start;
    gap: 6px;
  }
  .item > :first-child {
    flex: 1;
    min-width: 0;
  }
  .item > .icon-btn,
  .tools {
    margin-top: 24px;
  }
  .tools {
    display: flex;
    flex-wrap: wrap;
    max-width: 108px;
    justify-content: end;
  }
  @media (max-width: 700px) {
    .tools {
      max-width: 72px;
    }
  }
  .pair {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(160px, 100%), 1fr));
    gap: 10px;
  }
  .picked {
    position: relative;
    display: flex;
    gap: 4px;
  }
  .picked .picker {
    position: absolute;
    right: 0;
    bottom: 0;
    width: 1px;
    min-height: 1px;
    height: 1px;
    padding: 0;
    border: 0;
    opacity: 0;
    pointer-events: none;
  }
  .chosen {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 6px;
  }
  .chosen parley-result {
    flex-basis: 100%;
  }
  summary {
    cursor: pointer;
    min-height: 24px;
  }
  .short input {
    max-width: 110px;
  }
  input[type='file'] {
    max-width: 100%;
    min-height: 38px;
    font-size: var(--t-s);
  }
  input[type='file']::file-selector-button {
    min-height: 36px;
    margin-right: 10px;
    padding: 6px 14px;
    border: 1px solid var(--edge);
    border-radius: var(--r2);
    background: var(--sheet);
    color: var(--ink);
    font: 600 var(--t-s) / 1.3 var(--font-ui);
    cursor: pointer;
  }
  .icon-btn.small {
    width: 24px;
    height: 24px;
  }
  .link {
    min-height: 24px;
    color: var(--accent);
    font-size: var(--t-s);
    text-decoration: underline;
    text-underline-offset: 2px;
    overflow-wrap: anywhere;
  }
  .bad {
    color: var(--rose);
    font-size: var(--t-s);
    overflow-wrap: anywhere;
  }
  .note ul {
    display: grid;
    gap: 2px;
    margin-bottom: var(--s2);
  }
  .note p {
    margin-bottom: var(--s2);
  }
  [aria-invalid='true'] {
    border-color: var(--rose);
  }
  textarea {
    min-height: 64px;
    resize: vertical;
  }
  textarea.json {
    font-family: var(--font-mono);
    font-size: 13px;
  }
`;
