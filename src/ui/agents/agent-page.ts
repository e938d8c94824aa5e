import { css, html, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { AgentDetailView, AgentView, PromptView, ResultBlockView, ToolView } from '../../view/types.ts';
import { asParleyError } from '../../base/errors.ts';
import { icon } from '../elements/icons.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { timeOfDay } from '../format.ts';
import { go, href } from '../router.ts';
import { outcomes, pathText, problemText, strings } from '../strings.ts';
import { shared, sheet } from '../styles/shared.ts';
import { trustStrings } from '../trust-strings.ts';
import { modeStrings } from '../mode-strings.ts';
import '../approvals/audit-log.ts';
import '../approvals/definition-changes.ts';
import '../approvals/grant-list.ts';
import '../approvals/permission-editor.ts';
import './agent-setup.ts';
import './call-list.ts';
import './tool-form.ts';
import './tool-panel.ts';

/** One agent: its tools, resources and prompts, and the call that is being made. */
@customElement('parley-agent')
export class AgentPage extends ModelElement {
  @property({ attribute: false }) address: string | undefined;
  @property({ attribute: false }) tool: string | undefined;
  /** A call of that tool that the form starts with. */
  @property({ attribute: false }) called: string | undefined;
  /** A prompt whose arguments are asked for. */
  @state() private prompt: PromptView | undefined;
  @state() private reading: { readonly name: string; readonly blocks: readonly ResultBlockView[] } | undefined;

  static override styles = [
    shared,
    sheet,
    css`
      .stack {
        display: grid;
        gap: var(--s5);
        align-content: start;
      }
      section {
        display: grid;
        gap: var(--s2);
      }
      .tool:hover {
        background: var(--ground);
        border-color: var(--edge);
      }
      .tool:active {
        background: var(--raise);
      }
      .tool span {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 4;
        overflow: hidden;
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
      .tool {
        position: relative;
        display: grid;
        gap: 2px;
        align-content: start;
        height: 100%;
        padding: 12px 14px;
        border: 1px solid var(--line);
        border-radius: var(--r2);
        overflow-wrap: anywhere;
        transition:
          background var(--fast),
          border-color var(--fast);
      }
      .tool button {
        justify-self: start;
        color: var(--accent);
        font-weight: 600;
      }
      .tool button::after {
        content: '';
        position: absolute;
        inset: 0;
        border-radius: var(--r2);
      }
      .items {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(240px, 100%), 1fr));
        gap: var(--s2);
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
      .switch {
        display: flex;
        gap: 10px;
        align-items: center;
      }
    `,
  ];

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('address') || changed.has('tool')) {
      this.prompt = undefined;
      this.reading = undefined;
    }
  }

  override render() {
    if (!this.address) return this.#overview();
    const detail = this.model.agentDetail(this.address).value;
    if (!detail) return html`${this.#head(nothing, '', '')}<div class="empty"><p class="soft">${strings.agentGone}</p></div>`;
    const { agent, path } = detail;
    const whose = agent.mine ? strings.yourAgent : strings.agentOf(agent.owner.name);
    const tool = detail.tools.find(({ name }) => name === this.tool);
    return html`
      ${this.#head(sigil(agent.sigil, 40), agent.title, path && !agent.mine ? `${whose} · ${pathText(path)}` : whose)}
      <div class="body stack">
        ${agent.description ? html`<p class="soft">${agent.description}</p>` : nothing}
        ${agent.isPlaintext ? html`<p class="note">${modeStrings.plaintextAgent}</p>` : nothing}
        ${detail.state === 'loading' ? html`<p class="soft small">${strings.loadingAgent}</p>` : nothing}
        ${detail.problem ? html`<div class="note bad"><b>${strings.agentGone}</b>${problemText(detail.problem)}</div><div><button class="btn" @click=${() => this.model.reloadAgent(agent.address)}>${strings.tryAgain}</button></div>` : nothing}
        <parley-definition-changes .model=${this.model} .address=${agent.address}></parley-definition-changes>
        ${tool ? this.#tool(agent.address, tool) : this.#lists(detail)}
      </div>
    `;
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
        <div class="grow"><h1 class="title">${strings.pickAgent}</h1></div>
      </header>
      <div class="body stack">
        <p class="soft">${strings.pickAgentText}</p>
        <section>
          <h2 class="label">${strings.yourCalls}</h2>
          <parley-call-list .model=${this.model}></parley-call-list>
          ${hasEnded ? html`<div class="forget"><button class="btn" @click=${() => this.model.forgetCalls()}>${strings.forgetCalls}</button><span class="tiny faint">${strings.forgetCallsText}</span></div>` : nothing}
        </section>
        <section>
          <h2 class="label">${strings.callsServed}</h2>
          ${
            served.length === 0
              ? html`<p class="small soft">${strings.noCallsServed}</p>`
              : html`<table><tbody>${served.map((call) => html`<tr><td>${timeOfDay(call.at)}</td><td>${call.caller.name}</td><td>${call.agentTitle} · ${call.tool}</td><td>${outcomes[call.outcome]}</td></tr>`)}</tbody></table>`
          }
        </section>
        <parley-agent-setup .model=${this.model}></parley-agent-setup>
        <parley-grants .model=${this.model}></parley-grants>
        <parley-audit-log .model=${this.model}></parley-audit-log>
      </div>`;
  }

  #lists({ agent, tools, resources, prompts, state: loading }: AgentDetailView) {
    return html`
      ${agent.mine ? html`<label class="switch"><input type="checkbox" .checked=${agent.enabled} @change=${(event: Event) => this.model.setAgentEnabled(agent.agentId, (event.target as HTMLInputElement).checked)} />${strings.agentOn}</label>` : nothing}
      <section>
        <h2 class="label" id="tools">${strings.tools}</h2>
        <ul class="items" aria-labelledby="tools">${tools.map((tool) => html`<li>${this.#card(tool.title, tool.name, tool.description, () => go({ page: 'agents', agent: agent.address, tool: tool.name }))}</li>`)}</ul>
        ${tools.length === 0 && loading === 'ready' ? html`<p class="small soft">${strings.noTools}</p>` : nothing}
      </section>
      ${
        resources.length === 0
          ? nothing
          : html`<section>
        <h2 class="label" id="resources">${strings.resources}</h2>
        <ul class="items" aria-labelledby="resources">${resources.map((resource) => html`<li>${this.#card('', `${strings.read} ${resource.name}`, resource.description, () => this.#read(agent.address, resource.uri, resource.name))}</li>`)}</ul>
      </section>`
      }
      ${
        prompts.length === 0
          ? nothing
          : html`<section>
        <h2 class="label" id="prompts">${strings.prompts}</h2>
        <ul class="items" aria-labelledby="prompts">${prompts.map((prompt) => html`<li>${this.#card(prompt.title, `${strings.getPrompt} ${prompt.name}`, prompt.description, () => (prompt.arguments.length > 0 ? this.#ask(prompt) : this.#getPrompt(agent.address, prompt.name, {})))}</li>`)}</ul>
        ${this.prompt ? this.#promptForm(agent.address, this.prompt) : nothing}
      </section>`
      }
      ${this.#owned(agent, tools)}
      ${this.reading ? html`<section role="region" aria-label=${strings.result}><h2 class="label">${this.reading.name}</h2><parley-result .blocks=${this.reading.blocks} .read=${(uri: string) => this.model.readResource(agent.address, uri)}></parley-result></section>` : nothing}
    `;
  }

  /** What only the owner sees, and only of agents of this very tab. */
  #owned(agent: AgentView, tools: readonly ToolView[]) {
    if (!agent.address.startsWith(`${this.model.me.value.node}:`)) return nothing;
    return html`<section><h2 class="label">${trustStrings.permissions}</h2><parley-permissions .model=${this.model} .agentId=${agent.agentId} .tools=${tools}></parley-permissions></section>
      <parley-agent-setup .model=${this.model} .agentId=${agent.agentId}></parley-agent-setup>`;
  }

  /** The button's name is what is written on it; the whole card can be pressed. */
  #card(title: string, name: string, description: string, press: () => void) {
    return html`<div class="tool">
      ${title && title !== name ? html`<b>${title}</b>` : nothing}
      <button class=${title && title !== name ? 'small mono' : ''} @click=${press}>${name}</button>
      <span class="small soft">${description}</span>
    </div>`;
  }

  #tool(address: string, tool: ToolView) {
    return html`
      <section>
        <a class="small all" href=${href({ page: 'agents', agent: address })}>‹ ${strings.allTools}</a>
        <h2>${tool.title}</h2>
        <p class="soft">${tool.description}</p>
        ${tool.readOnlyHint ? html`<p class="tiny faint">${strings.readsOnly}</p>` : tool.destructiveHint ? html`<p class="tiny faint">${strings.changesThings}</p>` : nothing}
      </section>
      <parley-tool .model=${this.model} .address=${address} .tool=${tool} .called=${this.called}></parley-tool>
    `;
  }

  async #read(address: string, uri: string, name: string): Promise<void> {
    await this.#show(name, () => this.model.readResource(address, uri));
  }

  #ask(prompt: PromptView): void {
    this.prompt = prompt;
    this.reading = undefined;
  }

  /** A prompt's arguments are texts. */
  #promptForm(address: string, { name, title, description, arguments: args }: PromptView) {
    const properties = Object.fromEntries(args.map((argument) => [argument.name, { type: 'string', description: argument.description }]));
    const inputSchema = { type: 'object', properties, required: args.flatMap((argument) => (argument.required ? [argument.name] : [])) };
    const tool: ToolView = { name, title, description, inputSchema };
    return html`<h3 class="mono">${name}</h3>
      <parley-tool-form .tool=${tool} .action=${strings.getPrompt} @call-tool=${(event: CustomEvent<Record<string, string>>) => this.#getPrompt(address, name, event.detail)}></parley-tool-form>`;
  }

  async #getPrompt(address: string, name: string, args: Readonly<Record<string, string>>): Promise<void> {
    await this.#show(name, async () => (await this.model.getPrompt(address, name, args)).flatMap(({ blocks }) => blocks));
  }

  async #show(name: string, load: () => Promise<readonly ResultBlockView[]>): Promise<void> {
    try {
      this.reading = { name, blocks: await load() };
    } catch (thrown) {
      const { code, message } = asParleyError(thrown);
      this.model.notify('problem', { code, detail: message });
    }
  }
}
