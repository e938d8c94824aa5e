import { css, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { AccessView } from '../../view/trust-types.ts';
import type { AgentDetailView, AgentView, ProblemView, ToolView } from '../../view/types.ts';
import { authorIcon } from '../elements/author-icon.ts';
import { icon } from '../elements/icons.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { timeOfDay } from '../format.ts';
import { go, href } from '../router.ts';
import { agentStrings, outcomes } from '../agent-strings.ts';
import { pathText, problemText, strings } from '../strings.ts';
import { shared, sheet } from '../styles/shared.ts';
import { trustStrings } from '../trust-strings.ts';
import { modeStrings } from '../mode-strings.ts';
import '../approvals/audit-log.ts';
import '../approvals/definition-changes.ts';
import '../approvals/grant-list.ts';
import '../approvals/permission-editor.ts';
import { isOpen } from './access-note.ts';
import './agent-facts.ts';
import './agent-health.ts';
import './agent-log.ts';
import './agent-offers.ts';
import './agent-setup.ts';
import { offerCard, offerStyles } from './offer-card.ts';
import './call-list.ts';
import './tool-facts.ts';
import './tool-panel.ts';

/** One agent: its tools, resources and prompts, and the call that is being made. */
@customElement('parley-agent')
export class AgentPage extends ModelElement {
  @property({ attribute: false }) address: string | undefined;
  @property({ attribute: false }) tool: string | undefined;
  /** A call of that tool that the form starts with. */
  @property({ attribute: false }) called: string | undefined;
  static override styles = [
    shared,
    sheet,
    offerStyles,
    css`
      .stack {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--s5);
        align-content: start;
      }
      section {
        display: grid;
        gap: var(--s2);
      }
      .stack > p,
      section > p {
        max-width: 70ch;
        overflow-wrap: anywhere;
      }
      .all {
        justify-self: start;
        display: inline-flex;
        align-items: center;
        min-height: 24px;
      }
      .forget {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 6px 12px;
      }
      td {
        overflow-wrap: anywhere;
      }
      .switch input {
        flex: none;
        width: 24px;
        height: 24px;
        margin: 0;
      }
      .switch {
        display: flex;
        gap: 10px;
        align-items: center;
      }
    `,
  ];

  override render() {
    if (!this.address) return this.#overview();
    const detail = this.model.agentDetail(this.address).value;
    if (!detail) return html`${this.#head(nothing, '', '')}<div class="empty"><p class="soft">${agentStrings.agentGone}</p></div>`;
    const { agent, path } = detail;
    const whose = agent.mine ? strings.yourAgent : strings.agentOf(agent.owner.name);
    const tool = detail.tools.find(({ name }) => name === this.tool);
    return html`
      ${this.#head(html`${sigil(agent.sigil, 40)}${authorIcon(agent.icon, 28)}`, agent.title, path && !agent.mine ? `${whose} · ${pathText(path)}` : whose)}
      <div class="body stack">
        ${agent.description ? html`<p class="soft">${agent.description}</p>` : nothing}
        ${agent.isPlaintext ? html`<p class="note">${modeStrings.plaintextAgent}</p>` : nothing}
        ${detail.state === 'loading' ? html`<p class="soft small">${strings.loadingAgent}</p>` : nothing}
        ${detail.problem ? this.#problem(agent, detail.problem) : nothing}
        <parley-definition-changes .model=${this.model} .address=${agent.address}></parley-definition-changes>
        ${tool ? this.#tool(agent, tool) : detail.problem?.code === 'not-for-you' ? this.#closed(agent) : this.#lists(detail)}
      </div>
    `;
  }

  #problem(agent: AgentView, problem: ProblemView) {
    if (problem.code === 'not-for-you') return this.#note(agent, agent.isForContacts ? 'contacts' : 'never');
    return html`<div class="note bad"><b>${agentStrings.agentGone}</b>${problemText(problem)}</div>
      <div><button class="btn" @click=${() => this.model.reloadAgent(agent.address)}>${strings.tryAgain}</button></div>`;
  }

  #note(agent: AgentView, access: AccessView) {
    return html`<parley-access-note .model=${this.model} .owner=${agent.owner} .access=${access}></parley-access-note>`;
  }

  /** Of what is not for this person only the names are known, by what the owner published. */
  #closed({ address }: AgentView) {
    const names = this.model.tools.value.filter(({ agent }) => agent.address === address);
    if (names.length === 0) return nothing;
    return html`<section>
      <h2 class="label" id="closed">${trustStrings.itsTools}</h2>
      <ul class="small mono" aria-labelledby="closed">${names.map(({ name, title }) => html`<li>${title || name}</li>`)}</ul>
    </section>`;
  }

  #head(picture: unknown, title: string, line: string) {
    return html`<header class="head">
      <a class="icon-btn back" href=${href({ page: 'agents' })} aria-label=${strings.back}>${icon('back')}</a>
      ${picture}
      <div class="grow"><h1 class="title">${title}</h1><div class="small soft clip">${line}</div></div>
    </header>`;
  }

  #overview() {
    const served = this.model.servedCalls.value;
    const hasEnded = this.model.calls.value.some(({ state: end }) => end.kind !== 'running');
    return html`<header class="head">
        <a class="icon-btn back" href=${href({ page: 'agents' })} aria-label=${strings.back}>${icon('back')}</a>
        <div class="grow"><h1 class="title">${agentStrings.pickAgent}</h1></div>
      </header>
      <div class="body stack">
        <p class="soft">${agentStrings.pickAgentText}</p>
        <section>
          <h2 class="label">${agentStrings.yourCalls}</h2>
          <parley-call-list .model=${this.model}></parley-call-list>
          ${hasEnded ? html`<div class="forget"><button class="btn" @click=${() => this.model.forgetCalls()}>${agentStrings.forgetCalls}</button><span class="tiny faint">${agentStrings.forgetCallsText}</span></div>` : nothing}
        </section>
        <section>
          <h2 class="label">${agentStrings.callsServed}</h2>
          ${
            served.length === 0
              ? html`<p class="small soft">${agentStrings.noCallsServed}</p>`
              : html`<table><tbody>${served.map((call) => html`<tr><td>${timeOfDay(call.at)}</td><td>${call.caller.name}${call.hasPlaintextClients ? html` <span class="badge">${modeStrings.plaintextClients}</span>` : nothing}</td><td>${call.agentTitle} · ${call.tool}</td><td>${outcomes[call.outcome]}</td></tr>`)}</tbody></table>`
          }
        </section>
        <parley-agent-health .model=${this.model}></parley-agent-health>
        <parley-agent-setup .model=${this.model}></parley-agent-setup>
        <parley-grants .model=${this.model}></parley-grants>
        <parley-audit-log .model=${this.model}></parley-audit-log>
      </div>`;
  }

  #lists(detail: AgentDetailView) {
    const { agent, tools, state: loading } = detail;
    return html`
      ${agent.mine ? html`<label class="switch"><input type="checkbox" .checked=${agent.enabled} @change=${(event: Event) => this.model.setAgentEnabled(agent.agentId, (event.target as HTMLInputElement).checked)} />${agentStrings.agentOn}</label>` : nothing}
      <section>
        <h2 class="label" id="tools">${strings.tools}</h2>
        <ul class="items" aria-labelledby="tools">${tools.map((tool) => html`<li>${offerCard(tool.title, tool.name, tool.description, () => go({ page: 'agents', agent: agent.address, tool: tool.name }), this.#accessText(agent, tool), nothing, tool.icon)}</li>`)}</ul>
        ${tools.some((tool) => tool.access === 'contacts') ? this.#note(agent, 'contacts') : nothing}
        ${tools.length === 0 && loading === 'ready' ? html`<p class="small soft">${agentStrings.noTools}</p>` : nothing}
      </section>
      ${isOpen(detail.access) ? html`<parley-agent-offers .model=${this.model} .detail=${detail}></parley-agent-offers>` : nothing}
      ${this.#owned(agent, tools)}
      <parley-agent-facts .model=${this.model} .detail=${detail}></parley-agent-facts>
      <parley-agent-log .model=${this.model} .address=${agent.address}></parley-agent-log>
    `;
  }

  /** What only the owner sees, and only of agents of this very tab. */
  #owned(agent: AgentView, tools: readonly ToolView[]) {
    if (!agent.address.startsWith(`${this.model.me.value.node}:`)) return nothing;
    return html`<parley-agent-health .model=${this.model} .agentId=${agent.agentId}></parley-agent-health>
      <section><h2 class="label">${trustStrings.permissions}</h2><parley-permissions .model=${this.model} .agentId=${agent.agentId} .tools=${tools}></parley-permissions></section>
      <parley-agent-setup .model=${this.model} .agentId=${agent.agentId}></parley-agent-setup>`;
  }

  #accessText({ owner }: AgentView, { access }: ToolView) {
    switch (access) {
      case 'run':
        return { text: trustStrings.runsAtOnce, isOpen: true };
      case 'ask':
        return { text: trustStrings.asksOwner(owner.name), isOpen: true };
      case 'contacts':
      case 'never':
        return { text: trustStrings.notForYou, isOpen: false };
      default:
        return undefined;
    }
  }

  #tool(agent: AgentView, tool: ToolView) {
    const { address } = agent;
    return html`
      <section>
        <a class="small all" href=${href({ page: 'agents', agent: address })}>‹ ${agentStrings.allTools}</a>
        <h2>${tool.title}</h2>
        <p class="soft">${tool.description}</p>
        <parley-tool-facts .model=${this.model} .tool=${tool}></parley-tool-facts>
      </section>
      ${isOpen(tool.access) ? nothing : this.#note(agent, tool.access ?? 'never')}
      <div ?hidden=${!isOpen(tool.access)}><parley-tool .model=${this.model} .address=${address} .tool=${tool} .called=${this.called}></parley-tool></div>
    `;
  }
}
