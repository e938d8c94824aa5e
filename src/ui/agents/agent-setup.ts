import { css, html, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { AgentDraftView, AgentKindView, ManagedAgentView } from '../../view/trust-types.ts';
import type { ProblemView } from '../../view/types.ts';
import { ModelElement } from '../elements/model-element.ts';
import { go } from '../router.ts';
import { problemText } from '../strings.ts';
import { shared } from '../styles/shared.ts';
import { agentKinds, CODE_EXAMPLE, trustStrings as words } from '../trust-strings.ts';
import { plainFormStyles } from '../styles/pieces.ts';

/** Adds an agent of mine, or changes the one with `agentId`: what it is called and what it is made of. */
@customElement('parley-agent-setup')
export class AgentSetup extends ModelElement {
  /** Absent: a new one. */
  @property({ attribute: false }) agentId: string | undefined;
  @state() private kind: AgentKindView | undefined;
  @state() private problem: ProblemView | undefined;
  @state() private isBusy = false;
  @state() private isRemoving = false;

  static override styles = [
    shared,
    plainFormStyles,
    css`
      :host {
        display: block;
      }
      textarea {
        font-family: var(--font-mono);
        font-size: 12.5px;
      }
      summary {
        cursor: pointer;
        min-height: 28px;
        font-weight: 600;
      }
      details[open] > summary {
        margin-bottom: var(--s3);
      }
      .remove {
        margin-top: var(--s4);
        display: grid;
        gap: var(--s2);
        justify-items: start;
      }
    `,
  ];

  override render() {
    const { trust } = this.model;
    if (!trust.value) return nothing;
    const agent = trust.value.managed.value.find(({ agentId }) => agentId === this.agentId);
    if (this.agentId !== undefined && !agent) return nothing;
    return html`
      ${agent?.needsOpening ? html`<div class="note bad"><p>${words.needsOpening}</p><button class="btn" @click=${() => trust.value?.reopenFolder(agent.agentId)}>${words.openAgain}</button></div>` : nothing}
      <details><summary>${agent ? words.settings : words.addAgent}</summary>${agent ? this.#form(agent.kind, agent) : this.#adding()}${agent ? this.#removing(agent) : nothing}</details>
    `;
  }

  #adding() {
    const kinds = this.model.trust.value?.kinds ?? [];
    const kind = this.kind !== undefined && kinds.includes(this.kind) ? this.kind : kinds[0];
    if (!kind) return nothing;
    return html`<p class="small soft">${words.addAgentText}</p>
      <div class="field">
        <label for="kind">${words.kind}</label>
        <select id="kind" aria-describedby="kind-about" @change=${(event: Event) => (this.kind = kinds[(event.target as HTMLSelectElement).selectedIndex])}>${kinds.map((each) => html`<option ?selected=${each === kind}>${agentKinds[each].name}</option>`)}</select>
        <p class="tiny soft" id="kind-about">${agentKinds[kind].text}</p>
      </div>
      ${this.#form(kind, undefined)}`;
  }

  #form(kind: AgentKindView, agent: ManagedAgentView | undefined) {
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      void this.#submit(kind, agent, event.target as HTMLFormElement);
    };
    return html`<form @submit=${submit} aria-label=${agent ? words.settings : words.addAgent}>
      ${this.#text('title', words.title, agent?.title ?? '', '')}
      ${agent ? this.#text('description', words.description, agent.description, '') : nothing}
      ${kind === 'remote' ? html`${this.#text('url', words.address, agent?.url ?? '', words.addressText, 'https://…')}${this.#text('token', words.token, '', agent?.isTokenLost ? words.tokenLost : agent?.hasToken ? words.tokenKept : words.tokenText)}` : nothing}
      ${kind === 'module' ? html`<div class="field"><label for="code">${words.code}</label><textarea id="code" name="code" rows="12" spellcheck="false" aria-describedby="code-about" .value=${agent?.code ?? CODE_EXAMPLE}></textarea><p class="tiny soft" id="code-about">${words.codeText}</p></div>` : nothing}
      ${this.problem ? html`<p class="note bad" role="alert">${problemText(this.problem)}${this.problem.detail ? html` <span class="small">${this.problem.detail}</span>` : nothing}</p>` : nothing}
      <div><button class="btn go" ?disabled=${this.isBusy}>${agent ? words.save : kind === 'folder' ? words.openFolder : words.add}</button></div>
    </form>`;
  }

  #text(name: string, label: string, value: string, about: string, placeholder = '') {
    return html`<div class="field"><label for=${name}>${label}</label><input id=${name} name=${name} type="text" autocomplete="off" placeholder=${placeholder} aria-describedby=${about ? `${name}-about` : nothing} .value=${value} />${about ? html`<p class="tiny soft" id="${name}-about">${about}</p>` : nothing}</div>`;
  }

  #removing({ agentId }: ManagedAgentView) {
    const remove = async (): Promise<void> => {
      await this.model.trust.value?.removeAgent(agentId);
      go({ page: 'agents' });
    };
    return html`<div class="remove">
      ${this.isRemoving ? html`<p class="small" role="alert">${words.removeText}</p><div class="btns"><button class="btn" @click=${remove}>${words.reallyRemove}</button><button class="btn quiet" @click=${() => (this.isRemoving = false)}>${words.keep}</button></div>` : html`<button class="btn" @click=${() => (this.isRemoving = true)}>${words.remove}</button>`}
    </div>`;
  }

  async #submit(kind: AgentKindView, agent: ManagedAgentView | undefined, form: HTMLFormElement): Promise<void> {
    const { trust } = this.model;
    const given = (name: string): string => ((form.elements.namedItem(name) as HTMLInputElement | null)?.value ?? '').trim();
    const draft: Omit<AgentDraftView, 'kind'> = {
      title: given('title'),
      ...(agent ? { description: given('description') } : {}),
      ...(kind === 'remote' ? { url: given('url'), ...(given('token') ? { token: given('token') } : {}) } : {}),
      ...(kind === 'module' ? { code: given('code') } : {}),
    };
    this.isBusy = true;
    this.problem = undefined;
    if (agent) this.problem = await trust.value?.changeAgent(agent.agentId, draft);
    else {
      const outcome = await trust.value?.addAgent({ kind, ...draft });
      if (outcome && 'problem' in outcome) this.problem = outcome.problem;
      else if (outcome) go({ page: 'agents', agent: `${this.model.me.value.node}:${outcome.agentId}` });
    }
    this.isBusy = false;
  }
}
