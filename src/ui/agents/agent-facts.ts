import { css, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { AgentDetailView } from '../../view/types.ts';
import { copyText } from '../elements/clipboard.ts';
import { ModelElement } from '../elements/model-element.ts';
import { agentKinds, strings } from '../strings.ts';
import { shared } from '../styles/shared.ts';
import { trustStrings as words } from '../trust-strings.ts';
import { factStyles } from '../styles/pieces.ts';

/** The exact terms of an agent, one tap deeper: its address, what its server is, and what it tells programs. */
@customElement('parley-agent-facts')
export class AgentFacts extends ModelElement {
  @property({ attribute: false }) detail!: AgentDetailView;

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

  override render() {
    const { agent, server } = this.detail;
    return html`<details><summary>${words.aboutAgent}</summary>
      <dl>
        <dt>${words.agentAddress}</dt><dd><span class="mono">${agent.address}</span> <button class="btn quiet" aria-label=${words.copyAgentAddress} @click=${() => copyText(this.model, agent.address)}>${strings.copy}</button></dd>
        <dt>${words.kind}</dt><dd>${agentKinds[agent.kind]}</dd>
        ${server?.name ? html`<dt>${words.server}</dt><dd>${server.name} ${server.version}</dd>` : nothing}
        ${server?.protocol ? html`<dt>${words.revision}</dt><dd>${server.protocol}</dd>` : nothing}
        ${server?.instructions ? html`<dt>${words.instructions}</dt><dd class="words" tabindex="0">${server.instructions}</dd>` : nothing}
      </dl>
    </details>`;
  }
}
