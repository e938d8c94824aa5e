import { css, html, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { asParleyError } from '../../base/errors.ts';
import type { AgentDetailView, ProblemView } from '../../view/types.ts';
import { copyText } from '../elements/clipboard.ts';
import { ModelElement } from '../elements/model-element.ts';
import { milliseconds } from '../format.ts';
import { agentKinds, problemText, strings } from '../strings.ts';
import { shared } from '../styles/shared.ts';
import { trustStrings as words } from '../trust-strings.ts';
import { factStyles } from '../styles/pieces.ts';

/** The exact terms of an agent, one tap deeper: its address, what its server is, and what it tells programs. */
@customElement('parley-agent-facts')
export class AgentFacts extends ModelElement {
  @property({ attribute: false }) detail!: AgentDetailView;
  /** Milliseconds, or what went wrong; `waiting` while nothing is known yet. */
  @state() private roundTrip: number | 'waiting' | ProblemView | undefined;

  static override styles = [
    shared,
    factStyles,
    css`
      summary {
        cursor: pointer;
        min-height: 28px;
        font-weight: 600;
      }
      .words {
        max-height: 30vh;
        overflow: auto;
        white-space: pre-wrap;
      }
    `,
  ];

  override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('detail');
    if (before && before.agent.address !== this.detail.agent.address) this.roundTrip = undefined;
  }

  override render() {
    const { agent, server } = this.detail;
    return html`<details><summary>${words.aboutAgent}</summary>
      <dl>
        <dt>${words.agentAddress}</dt><dd><span class="mono">${agent.address}</span> <button class="btn quiet" aria-label=${words.copyAgentAddress} @click=${() => copyText(this.model, agent.address)}>${strings.copy}</button></dd>
        <dt>${words.kind}</dt><dd>${agentKinds[agent.kind]}</dd>
        ${server?.name ? html`<dt>${words.server}</dt><dd>${server.name} ${server.version}</dd>` : nothing}
        ${server?.protocol ? html`<dt>${words.revision}</dt><dd>${server.protocol}</dd>` : nothing}
        ${server?.canPing ? html`<dt>${words.roundTrip}</dt><dd><span role="status">${this.#measured()}</span> <button class="btn quiet" aria-label=${words.pingAgent} ?disabled=${this.roundTrip === 'waiting'} @click=${this.#ping}>${words.ping}</button></dd>` : nothing}
        ${server?.instructions ? html`<dt>${words.instructions}</dt><dd class="words" tabindex="0">${server.instructions}</dd>` : nothing}
      </dl>
    </details>`;
  }

  #measured(): string {
    const { roundTrip } = this;
    if (roundTrip === undefined) return words.notPinged;
    if (roundTrip === 'waiting') return words.pinging;
    return typeof roundTrip === 'number' ? milliseconds(roundTrip) : problemText(roundTrip);
  }

  readonly #ping = async (): Promise<void> => {
    const { address } = this.detail.agent;
    this.roundTrip = 'waiting';
    const measured = await (this.model.trust.value?.activity.ping(address) ?? Promise.resolve(undefined)).catch((thrown: unknown) => {
      const { code, message } = asParleyError(thrown);
      return { code, detail: message };
    });
    if (address === this.detail.agent.address) this.roundTrip = measured;
  };
}
