import { css, html, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { CallState, CallView, ResultBlockView } from '../../view/types.ts';
import { argumentList, argumentStyles } from '../elements/argument-list.ts';
import '../elements/elapsed.ts';
import { jsonText } from '../elements/json-text.ts';
import { logLines, logStyles } from '../elements/log-lines.ts';
import { ModelElement } from '../elements/model-element.ts';
import { href } from '../router.ts';
import { agentStrings } from '../agent-strings.ts';
import { pathText, problemText } from '../strings.ts';
import { jsonStyles } from '../styles/json.ts';
import { link } from '../styles/link.ts';
import { shared } from '../styles/shared.ts';
import { consents, trustStrings as words } from '../trust-strings.ts';
import './result-view.ts';

/** A file that was sent is more than anybody reads. */
const MAX_ARGUMENT_LENGTH = 4_000;

/** One tool call of mine: what was asked, how it went, what came back, how long it took and which way it went. */
@customElement('parley-call')
export class CallCard extends ModelElement {
  @property({ attribute: false }) call!: CallView;
  /** Beside the form of its tool nothing need lead there. */
  @property({ type: Boolean }) plain = false;
  @state() private isJsonOpen = false;

  static override styles = [
    shared,
    link,
    argumentStyles,
    logStyles,
    jsonStyles,
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
      .facts {
        display: block;
        font-size: var(--t-xs);
        font-variant-numeric: tabular-nums;
      }
      parley-elapsed {
        display: inline;
      }
      .lost {
        padding: 10px 14px;
        background: var(--ground);
      }
      .again {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 16px;
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
    const facts = [call.tookMs === undefined ? undefined : agentStrings.took(call.tookMs), call.path && pathText(call.path)].filter(
      (fact) => fact !== undefined,
    );
    return html`
      <div class="top"><b class="mono">${call.tool}</b><span class="soft">${askedAndAllowed(call)}</span><span class="path">${facts.join(' · ')}</span></div>
      ${call.areArgumentsLost ? html`<p class="lost small soft">${agentStrings.argumentsNotKept}</p>` : Object.keys(call.arguments).length > 0 ? argumentList(call.arguments, MAX_ARGUMENT_LENGTH) : nothing}
      <div class="result">${this.#state()}${this.#log()}${this.#json()}${call.state.kind === 'running' ? nothing : this.#again()}</div>
    `;
  }

  readonly #read = (uri: string): Promise<readonly ResultBlockView[]> => this.model.readResource(this.call.agent.address, uri);

  #running({ progress, total, message }: Extract<CallState, { kind: 'running' }>) {
    const { agent, id, startedAt, isElsewhere, consent } = this.call;
    const isWaiting = !agent.mine && (consent === undefined || consent === 'asked');
    const text = message ?? (isWaiting ? agentStrings.waitingForOwner(agent.owner.name) : agentStrings.running);
    const isMeasured = progress !== undefined && total !== undefined && total > 0;
    const left = isMeasured && progress > 0 ? ((Date.now() - startedAt) * (total - progress)) / progress : undefined;
    return html`<div class="running">
        <span>${text}<small class="facts faint"><parley-elapsed .since=${startedAt}></parley-elapsed>${isMeasured ? html` · ${agentStrings.steps(progress, total)}` : nothing}${left !== undefined && left >= 1_000 ? html`<span aria-hidden="true"> · ${agentStrings.timeLeft(left)}</span>` : nothing}</small></span>
        ${isElsewhere ? html`<span class="tiny faint">${agentStrings.inAnotherTab}</span>` : html`<button class="btn" @click=${() => this.model.cancelCall(id)}>${agentStrings.cancel}</button>`}
      </div>
      ${progress === undefined ? nothing : html`<progress aria-label=${agentStrings.running} .value=${progress} max=${total ?? nothing}></progress>`}`;
  }

  #log() {
    const { id, agent } = this.call;
    const lines = this.model.trust.value?.activity.log(agent.address).value.filter((line) => line.call === id) ?? [];
    if (lines.length === 0) return nothing;
    return html`<details><summary class="small soft">${words.callLog} (${lines.length})</summary>${logLines(lines, words.callLog)}</details>`;
  }

  /** Exactly what was sent and what came, for whoever wants to see that. */
  #json() {
    const { tool, arguments: args, areArgumentsLost, state } = this.call;
    const raw = state.kind === 'done' ? state.raw : undefined;
    if (raw === undefined || areArgumentsLost) return nothing;
    return html`<details @toggle=${(event: Event) => (this.isJsonOpen = (event.currentTarget as HTMLDetailsElement).open)}>
      <summary class="small soft">${words.asJson}</summary>
      ${this.isJsonOpen ? html`${jsonText(this.model, words.requestJson, JSON.stringify({ method: 'tools/call', params: { name: tool, arguments: args } }, undefined, 2))}${jsonText(this.model, words.answerJson, raw)}` : nothing}
    </details>`;
  }

  /** The same once more, as it was or changed. */
  #again() {
    const { agent, tool, arguments: args, conversation, idleMs, id, areArgumentsLost } = this.call;
    if (areArgumentsLost || this.plain) return nothing;
    const run = (): void => {
      const call = this.model.callTool(agent.address, tool, args, conversation, idleMs);
      this.dispatchEvent(new CustomEvent('called', { detail: call }));
    };
    return html`<div class="again">
      <button class="link" @click=${run}>${agentStrings.runAgain}</button>
      <a class="link" href=${href({ page: 'agents', agent: agent.address, tool, call: id })}>${agentStrings.editAndRun}</a>
    </div>`;
  }

  #state() {
    const { state } = this.call;
    switch (state.kind) {
      case 'running':
        return this.#running(state);
      case 'done':
        return html`${state.isError ? html`<p class="bad">${agentStrings.toolError}</p>` : nothing}<parley-result .blocks=${state.blocks} .read=${this.#read}></parley-result>`;
      case 'failed':
        return html`<p class="bad">${problemText(state.problem)}</p>`;
    }
  }
}

/** Whose wish it was, and whose consent: what came back is proof of it, and so is a refusal. */
function askedAndAllowed({ agent, state, consent }: CallView): string {
  const { name } = agent.owner;
  if (agent.mine) return agentStrings.askedByYou;
  if (state.kind === 'failed' && state.problem.code === 'refused') return agentStrings.askedAndRefused(name);
  if (consent && (consent !== 'asked' || state.kind === 'running')) return consents[consent](name);
  return state.kind === 'done' ? agentStrings.askedAndAllowed(name) : agentStrings.askedByYou;
}
