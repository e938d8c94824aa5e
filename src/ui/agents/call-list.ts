import { css, html, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { CallView } from '../../view/types.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { isoTime, milliseconds, shortTime } from '../format.ts';
import { go, href } from '../router.ts';
import { agentStrings } from '../agent-strings.ts';
import { problemText, strings } from '../strings.ts';
import { link } from '../styles/link.ts';
import { shared } from '../styles/shared.ts';

/** So many are listed at first, and so many more each time. */
const PAGE = 20;

/** My calls, newest first: each can be run again as it was, or changed before. */
@customElement('parley-call-list')
export class CallList extends ModelElement {
  /** Only calls of this tool. */
  @property({ attribute: false }) of: { readonly address: string; readonly tool: string } | undefined;
  /** This one is shown elsewhere. */
  @property({ attribute: false }) except: string | undefined;
  @state() private shown = PAGE;

  static override styles = [
    shared,
    link,
    css`
      li {
        display: grid;
        grid-template-columns: 32px minmax(0, 1fr) auto;
        gap: 2px 10px;
        align-items: center;
        padding: 8px 0;
        border-bottom: 1px solid var(--line);
      }
      li:last-child {
        border-bottom: 0;
      }
      .sig {
        grid-row: 1 / 3;
      }
      li.bare {
        grid-template-columns: minmax(0, 1fr) auto;
      }
      .what {
        overflow-wrap: anywhere;
      }
      .facts {
        grid-column: 2;
        overflow-wrap: anywhere;
      }
      .bare .facts {
        grid-column: 1;
      }
      .do {
        grid-row: 1 / 3;
        grid-column: -2;
        display: flex;
        flex-wrap: wrap;
        justify-content: end;
        gap: 4px 12px;
      }
      .bad {
        color: var(--rose);
      }
      @media (max-width: 700px) {
        .do {
          grid-row: 3;
          grid-column: 1 / -1;
          justify-content: start;
        }
      }
    `,
  ];

  override render() {
    const { of, except } = this;
    const calls = this.model.calls.value
      .filter((call) => call.id !== except && (!of || (call.agent.address === of.address && call.tool === of.tool)))
      .toReversed();
    if (calls.length === 0) return of ? nothing : html`<p class="small soft">${agentStrings.noCalls}</p>`;
    const name = of ? agentStrings.earlierCalls : agentStrings.yourCalls;
    return html`${of ? html`<h2 class="label">${name}</h2>` : nothing}
      <ul aria-label=${name}>${repeat(
        calls.slice(0, this.shown),
        ({ id }) => id,
        (call) => this.#call(call),
      )}</ul>
      ${calls.length > this.shown ? html`<button class="btn quiet" @click=${() => (this.shown += PAGE)}>${strings.showMore}</button>` : nothing}`;
  }

  #call(call: CallView) {
    const { agent, tool, arguments: args, startedAt, tookMs, id, conversation, idleMs } = call;
    const run = (): void => {
      const again = this.model.callTool(agent.address, tool, args, conversation, idleMs);
      go({ page: 'agents', agent: agent.address, tool, call: again });
    };
    return html`<li class=${this.of ? 'bare' : ''} aria-label=${agentStrings.callOf(tool, agent.title)}>
      ${this.of ? nothing : sigil(agent.sigil, 32)}
      <div class="what small">${this.of ? html`<span class="mono">${summaryOf(args)}</span>` : html`<b class="mono">${tool}</b> <span class="soft">${agent.title} · ${agent.mine ? strings.yourAgent : strings.agentOf(agent.owner.name)}</span>`}</div>
      <div class="facts tiny faint"><time datetime=${isoTime(startedAt)}>${shortTime(startedAt)}</time> · ${endOf(call)}${tookMs === undefined ? nothing : ` · ${milliseconds(tookMs)}`}${this.of ? nothing : html` · <span class="mono">${summaryOf(args)}</span>`}</div>
      ${
        call.areArgumentsLost
          ? nothing
          : html`<div class="do">
        <button class="link" @click=${run}>${agentStrings.runAgain}</button>
        <a class="link" href=${href({ page: 'agents', agent: agent.address, tool, call: id })}>${agentStrings.editAndRun}</a>
      </div>`
      }
    </li>`;
  }
}

const MAX_SUMMARY_LENGTH = 120;

function summaryOf(args: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(args).map(([name, value]) => `${name}: ${(JSON.stringify(value) ?? '').slice(0, MAX_SUMMARY_LENGTH)}`);
  const text = parts.join(', ');
  return text.length > MAX_SUMMARY_LENGTH ? `${text.slice(0, MAX_SUMMARY_LENGTH)}…` : text || strings.withNoArguments;
}

function endOf({ state: end }: CallView) {
  const { callStates } = strings;
  if (end.kind === 'failed') return html`<span class="bad">${problemText(end.problem)}</span>`;
  if (end.kind === 'running') return callStates.running;
  return end.isError ? html`<span class="bad">${callStates.error}</span>` : callStates.done;
}
