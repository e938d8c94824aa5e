import { html, nothing, type TemplateResult } from 'lit';
import { LIMITS } from '../../base/limits.ts';
import { agentStrings } from '../agent-strings.ts';

const MS_PER_SECOND = 1000;
const MIN_SECONDS = LIMITS.minCallTimeoutMs / MS_PER_SECOND;
const MAX_SECONDS = LIMITS.maxServedCallMs / MS_PER_SECOND;

export type TimeLimit = {
  readonly typed: string;
  readonly problem?: string | undefined;
  /** There is something to see; what a person opens beside that is theirs to close. */
  readonly isOpen: boolean;
};

/** What was typed as a call's patience, in milliseconds; nothing typed leaves it to the app, and `problem` says what is wrong. */
export function timeLimitOf(typed: string): { readonly idleMs?: number; readonly problem?: string } {
  const text = typed.trim();
  if (text === '') return {};
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  return seconds >= MIN_SECONDS && seconds <= MAX_SECONDS
    ? { idleMs: seconds * MS_PER_SECOND }
    : { problem: agentStrings.giveUpProblem(MIN_SECONDS, MAX_SECONDS) };
}

/** The same to be typed again. */
export function startOf(idleMs: number | undefined): TimeLimit {
  return { typed: idleMs === undefined ? '' : String(idleMs / MS_PER_SECOND), isOpen: idleMs !== undefined };
}

/** Asks after how long a call is given up, as a part of a form (form-styles.ts); folded away, since few calls need it. */
export function timeLimitField({ typed, problem, isOpen }: TimeLimit, change: (typed: string) => void): TemplateResult {
  return html`<details .open=${isOpen}>
    <summary class="small soft">${agentStrings.howLong}</summary>
    <div class="field short">
      <label for="give-up">${agentStrings.giveUpAfter} <span class="soft">${agentStrings.giveUpUnit}</span></label>
      <input id="give-up" type="text" inputmode="numeric" autocomplete="off" .value=${typed} aria-describedby=${problem ? 'give-up-problem give-up-text' : 'give-up-text'} aria-invalid=${problem ? 'true' : nothing}
        @input=${(event: Event) => change((event.target as HTMLInputElement).value)} />
      ${problem ? html`<p class="bad" id="give-up-problem">${problem}</p>` : nothing}
      <p class="tiny soft" id="give-up-text">${agentStrings.giveUpText}</p>
    </div>
  </details>`;
}
