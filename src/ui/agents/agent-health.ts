import { css, html, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { AgentHealthView } from '../../view/activity-types.ts';
import { ModelElement } from '../elements/model-element.ts';
import { milliseconds, timeOfDay } from '../format.ts';
import { href } from '../router.ts';
import { problemText } from '../strings.ts';
import { link } from '../styles/link.ts';
import { shared } from '../styles/shared.ts';
import { trustStrings as words } from '../trust-strings.ts';

/** How my agents are doing: whether each works, who uses it, and how calls ended. With `agentId` only that one. */
@customElement('parley-agent-health')
export class AgentHealthList extends ModelElement {
  @property({ attribute: false }) agentId: string | undefined;
  /** Which are being asked again. */
  @state() private checked: ReadonlySet<string> = new Set();

  static override styles = [
    shared,
    link,
    css`
      h2.label {
        margin-bottom: var(--s2);
      }
      li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 2px 12px;
        align-items: center;
        padding: 8px 0;
        border-bottom: 1px solid var(--line);
        overflow-wrap: anywhere;
      }
      li:last-child {
        border-bottom: 0;
      }
      .state {
        font-size: var(--t-s);
      }
      .fails {
        color: var(--rose);
      }
      li > p {
        grid-column: 1 / -1;
      }
    `,
  ];

  override render() {
    const agents = (this.model.trust.value?.activity.health.value ?? []).filter(
      ({ agentId }) => this.agentId === undefined || agentId === this.agentId,
    );
    if (agents.length === 0) return nothing;
    return html`<h2 class="label" id="health">${this.agentId === undefined ? words.yourAgents : words.health}</h2>
      <ul aria-labelledby="health">${agents.map((agent) => this.#agent(agent))}</ul>`;
  }

  #agent(agent: AgentHealthView) {
    const { agentId, title, state: health, isEnabled, problem } = agent;
    const isChecked = this.checked.has(agentId);
    const address = `${this.model.me.value.node}:${agentId}`;
    // The page of an agent that cannot be reached says so by itself.
    const isToldAbove = this.agentId !== undefined && this.model.agentDetail(address).value?.problem !== undefined;
    const text = isChecked ? words.beingChecked : isEnabled ? words.healthStates[health] : words.switchedOff;
    return html`<li>
      <span>
        ${this.agentId === undefined ? html`<a class="link" href=${href({ page: 'agents', agent: address })}>${title}</a> · ` : nothing}<span class="state ${health === 'fails' && !isChecked ? 'fails' : ''}" role="status">${text}</span>
      </span>
      <button class="btn quiet" ?disabled=${isChecked} aria-label="${words.checkAgain}: ${title}" @click=${() => this.#check(agentId)}>${words.checkAgain}</button>
      ${problem && !isChecked && !isToldAbove ? html`<p class="small">${problemText(problem)}${problem.detail && problem.code !== 'bad-argument' ? html` <span class="soft">${problem.detail}</span>` : nothing}</p>` : nothing}
      <p class="tiny soft">${factsOf(agent)}</p>
    </li>`;
  }

  async #check(agentId: string): Promise<void> {
    this.checked = new Set([...this.checked, agentId]);
    await this.model.trust.value?.activity.checkAgent(agentId);
    this.checked = new Set([...this.checked].filter((known) => known !== agentId));
  }
}

function factsOf({ sessions, running, ran, errors, declined, lastAt, medianMs }: AgentHealthView): string {
  if (lastAt === undefined)
    return [words.noCallsYet, ...(sessions > 0 ? [words.callersNow(sessions)] : []), ...(running > 0 ? [words.runningNow(running)] : [])].join(' · ');
  return [
    ...(sessions > 0 ? [words.callersNow(sessions)] : []),
    ...(running > 0 ? [words.runningNow(running)] : []),
    words.callsRan(ran),
    ...(errors > 0 ? [words.callsWithErrors(errors)] : []),
    ...(declined > 0 ? [words.callsDeclined(declined)] : []),
    ...(medianMs === undefined ? [] : [words.usually(milliseconds(medianMs))]),
    words.lastCall(timeOfDay(lastAt)),
  ].join(' · ');
}
