import { css } from 'lit';

export const conversationStyles = css`
  .lock {
    display: flex;
    align-items: flex-start;
    gap: 6px;
    color: var(--ink-2);
    font-size: var(--t-s);
  }
  .lock svg {
    flex: none;
    margin-top: 3px;
  }
  .lock b {
    color: var(--accent);
    font-weight: 600;
  }
  .columns {
    flex: 1;
    min-height: 0;
    display: flex;
  }
  .talk {
    flex: 1;
    min-width: 0;
    display: flex;
    flex-direction: column;
  }
  .log {
    position: relative;
    flex: 1;
    min-height: 0;
    overflow: auto;
    padding: var(--s4) 24px;
    outline-offset: -3px;
    /* What is put before the first message is made up for by the page itself. */
    overflow-anchor: none;
  }
  .older {
    display: flex;
    margin: 0 auto;
  }
  .beginning {
    text-align: center;
    margin: 0 auto var(--s3);
    max-width: 44ch;
  }
  .day {
    display: grid;
    grid-template-columns: 1fr auto 1fr;
    gap: 12px;
    align-items: center;
    color: var(--ink-3);
    font-size: var(--t-xs);
    margin: 14px 0 8px;
  }
  .day::before,
  .day::after {
    content: '';
    height: 1px;
    background: var(--line);
  }
  .day.unread {
    color: var(--accent);
    font-weight: 600;
  }
  .msg {
    display: grid;
    grid-template-columns: 36px minmax(0, 1fr);
    gap: 0 12px;
    margin-top: 16px;
  }
  .msg.continued {
    margin-top: 4px;
  }
  .msg.mine {
    grid-template-columns: minmax(0, 1fr);
    justify-items: end;
  }
  .what {
    min-width: 0;
    max-width: 100%;
  }
  .mine .what {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    width: 100%;
    justify-items: end;
  }
  .who {
    display: flex;
    flex-wrap: wrap;
    gap: 0 8px;
    align-items: baseline;
    margin-bottom: 4px;
    font-size: var(--t-s);
    color: var(--ink-2);
  }
  .who b {
    font: 600 var(--t-m) / 1.3 var(--font-text);
    color: var(--ink);
    overflow-wrap: anywhere;
  }
  time {
    font-size: var(--t-xs);
    color: var(--ink-3);
    font-variant-numeric: tabular-nums;
  }
  .bubble {
    width: fit-content;
    max-width: min(62ch, 100%);
    padding: 9px 14px;
    border-radius: 4px 14px 14px 14px;
    background: var(--raise);
  }
  .continued .bubble {
    border-radius: 14px;
  }
  .mine .bubble {
    background: var(--accent-soft);
    border-radius: 14px 14px 4px 14px;
  }
  /* One tail for all that was said in one breath: on the first of theirs, on the last of mine. */
  .mine.goes-on .bubble {
    border-radius: 14px;
  }
  .meta {
    display: flex;
    align-items: center;
    gap: 4px;
    margin-top: 4px;
    font-size: var(--t-xs);
    color: var(--ink-3);
  }
  .meta.failed {
    color: var(--rose);
  }
  .meta.queued {
    color: var(--amber);
  }
  .away {
    margin: 0 20px 8px;
    padding: 8px 14px;
    border-radius: var(--r2);
    background: var(--amber-soft);
  }
  .composer {
    display: flex;
    align-items: flex-end;
    gap: 6px;
    margin: 0 20px 18px;
    padding: 6px 8px 6px 6px;
    border: 1px solid var(--edge);
    border-radius: var(--r3);
    background: var(--sheet);
    transition: border-color var(--fast);
  }
  .composer:focus-within {
    border-color: var(--accent);
    outline: 1px solid var(--accent);
    outline-offset: 0;
  }
  .composer textarea {
    flex: 1;
    min-height: 36px;
    padding: 7px 8px;
    border: 0;
    resize: none;
    background: none;
    outline: none;
  }
  .composer .btn {
    border-radius: 12px;
  }
  .details {
    width: 300px;
    flex: none;
    overflow: auto;
    padding: var(--s4);
    border-left: 1px solid var(--line);
    display: flex;
    flex-direction: column;
    gap: var(--s5);
  }
  .digits {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(72px, 1fr));
    gap: 10px 12px;
    margin: var(--s4) 0;
    padding: var(--s4);
    border-radius: var(--r2);
    background: var(--ground);
    font-size: 18px;
    letter-spacing: 0.02em;
    text-align: center;
  }
  .details .label {
    margin-bottom: 8px;
  }
  .member {
    display: grid;
    grid-template-columns: 32px minmax(0, 1fr);
    gap: 10px;
    align-items: center;
    padding: 5px 0;
    font-size: var(--t-s);
    color: inherit;
    text-decoration: none;
  }
  .member small {
    display: block;
    color: var(--ink-3);
    font-size: var(--t-xs);
  }
  @media (max-width: 1000px) {
    .columns {
      position: relative;
    }
    .details {
      position: absolute;
      inset: 0 0 0 auto;
      width: min(320px, 100%);
      background: var(--sheet);
      box-shadow: var(--shadow);
    }
  }
  @media (max-width: 700px) {
    .details {
      width: 100%;
      border-left: 0;
      box-shadow: none;
    }
    .log {
      padding: 12px 14px;
    }
    /* Beside the sigil there is little room: what is wide goes under it. */
    .msg.call {
      grid-template-columns: 36px minmax(0, 1fr);
    }
    .msg.call .what {
      display: contents;
    }
    .msg.call .who {
      align-self: center;
      margin: 0;
    }
    .msg.call parley-call {
      grid-column: 1 / -1;
      margin-top: 6px;
    }
    .away {
      margin: 0 10px 8px;
    }
    .composer {
      margin: 0 10px 10px;
    }
  }
`;
