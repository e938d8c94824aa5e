import { css, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { CallView } from '../../view/types.ts';
import { argumentList, argumentStyles } from '../elements/argument-list.ts';
import { ModelElement } from '../elements/model-element.ts';
import { pathText, problemText, strings } from '../strings.ts';
import { shared } from '../styles/shared.ts';
import './result-view.ts';

/** One tool call of mine: what was asked, how it went, what came back, how long it took and which way it went. */
@customElement('parley-call')
export class CallCard extends ModelElement {
  @property({ attribute: false }) call!: CallView;

  static override styles = [
    shared,
    argumentStyles,
    css`
      :host {
        border: 1px solid var(--line);
        border-radius: 4px 14px 14px 14px;
        max-width: 660px;
        overflow: hidden;
        background: var(--sheet);
      }
      .top b {
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      .top {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 2px 10px;
        padding: 10px 14px;
        border-bottom: 1px solid var(--line);
        font-size: var(--t-s);
      }
      .path {
        margin-left: auto;
        color: var(--ink-3);
        font-size: var(--t-xs);
        font-variant-numeric: tabular-nums;
      }
      .result {
        padding: 12px 14px;
        display: grid;
        gap: var(--s3);
      }
      .running {
        display: flex;
        align-items: center;
        gap: var(--s3);
        font-size: var(--t-s);
        color: var(--ink-2);
      }
      .running > span {
        flex: 1;
      }
      progress {
        width: 100%;
        height: 4px;
        accent-color: var(--accent);
      }
      .bad {
        color: var(--rose);
        font-size: var(--t-s);
      }
    `,
  ];

  override render() {
    const { call } = this;
    const facts = [call.tookMs === undefined ? undefined : strings.took(call.tookMs), call.path && pathText(call.path)].filter(
      (fact) => fact !== undefined,
    );
    return html`
      <div class="top"><b class="mono">${call.tool}</b><span class="soft">${askedAndAllowed(call)}</span><span class="path">${facts.join(' · ')}</span></div>
      ${Object.keys(call.arguments).length > 0 ? argumentList(call.arguments) : nothing}
      <div class="result">${this.#state()}</div>
    `;
  }

  #state() {
    const { state, agent, id } = this.call;
    switch (state.kind) {
      case 'running':
        return html`<div class="running"><span>${state.message ?? (agent.mine ? strings.running : strings.waitingForOwner(agent.owner.name))}</span><button class="btn" @click=${() => this.model.cancelCall(id)}>${strings.cancel}</button></div>
          ${state.progress === undefined ? nothing : html`<progress aria-label=${strings.running} .value=${state.progress} max=${state.total ?? nothing}></progress>`}`;
      case 'done':
        return html`${state.isError ? html`<p class="bad">${strings.toolError}</p>` : nothing}<parley-result .blocks=${state.blocks}></parley-result>`;
      case 'failed':
        return html`<p class="bad">${problemText(state.problem)}</p>`;
    }
  }
}

/** Whose wish it was, and whose consent: what came back is proof of it, and so is a refusal. */
function askedAndAllowed({ agent, state }: CallView): string {
  const { name } = agent.owner;
  if (agent.mine) return strings.askedByYou;
  if (state.kind === 'done') return strings.askedAndAllowed(name);
  return state.kind === 'failed' && state.problem.code === 'refused' ? strings.askedAndRefused(name) : strings.askedByYou;
}
