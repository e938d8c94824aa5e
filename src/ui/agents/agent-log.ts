import { css, html, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { LogLineView } from '../../view/activity-types.ts';
import { ModelElement } from '../elements/model-element.ts';
import { logLines, logStyles } from '../elements/log-lines.ts';
import { shared } from '../styles/shared.ts';
import { trustStrings as words } from '../trust-strings.ts';

/** Which levels of a log are of interest to whoever looks for what went wrong. */
const GRAVE: ReadonlySet<string> = new Set(['warning', 'error', 'critical', 'alert', 'emergency']);

/** What an agent logged while somebody here used it. Nothing, while there is nothing. */
@customElement('parley-agent-log')
export class AgentLogView extends ModelElement {
  @property({ attribute: false }) address!: string;
  @state() private isGraveOnly = false;

  static override styles = [
    shared,
    logStyles,
    css`
      summary {
        cursor: pointer;
        min-height: 28px;
        font-weight: 600;
      }
      .choice {
        display: flex;
        gap: 8px;
        align-items: center;
        min-height: 28px;
      }
      .choice input {
        flex: none;
        width: 24px;
        height: 24px;
        margin: 0;
      }
      .btns {
        align-items: center;
        margin: var(--s2) 0;
      }
    `,
  ];

  override render() {
    const activity = this.model.trust.value?.activity;
    const lines = activity?.log(this.address).value ?? [];
    if (!activity || lines.length === 0) return nothing;
    const shown: readonly LogLineView[] = this.isGraveOnly ? lines.filter(({ level }) => GRAVE.has(level)) : lines;
    return html`<details><summary>${words.agentLog(lines.length)}</summary>
      <p class="small soft">${words.agentLogText}</p>
      <div class="btns">
        <label class="choice small"><input type="checkbox" .checked=${this.isGraveOnly} @change=${(event: Event) => (this.isGraveOnly = (event.target as HTMLInputElement).checked)} />${words.graveOnly}</label>
        <button class="btn quiet" @click=${() => activity.clearLog(this.address)}>${words.clearAgentLog}</button>
      </div>
      ${shown.length === 0 ? html`<p class="small soft">${words.nothingGrave}</p>` : logLines(shown, words.agentLogName)}
    </details>`;
  }
}
