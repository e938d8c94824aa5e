import { css, html, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import type { AppModel, ToolView } from '../../view/types.ts';
import { ModelElement } from '../elements/model-element.ts';
import { agentStrings } from '../agent-strings.ts';
import { shared } from '../styles/shared.ts';
import './call-card.ts';
import './call-list.ts';
import { startOf, timeLimitField, timeLimitOf, type TimeLimit } from './time-limit.ts';
import type { ToolForm } from './tool-form.ts';
import './tool-form.ts';

/** A tool to be called: its form, the result, and the calls before. */
@customElement('parley-tool')
export class ToolPanel extends ModelElement {
  @property({ attribute: false }) address = '';
  @property({ attribute: false }) tool!: ToolView;
  /** One of my calls of this tool: the form starts with its arguments, and its end is shown. */
  @property({ attribute: false }) called: string | undefined;
  @state() private call: string | undefined;
  @state() private limit: TimeLimit = startOf(undefined);
  readonly #check: AppModel['checkArguments'] = (schema, args) => this.model.checkArguments(schema, args);

  static override styles = [
    shared,
    css`
      :host,
      section {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--s5);
        align-content: start;
      }
      section {
        gap: var(--s2);
      }
      parley-call-list {
        max-width: 660px;
      }
    `,
  ];

  override willUpdate(changed: PropertyValues<this>): void {
    const isOtherTool = changed.has('tool') && changed.get('tool')?.name !== this.tool.name;
    if (!isOtherTool && !changed.has('address') && !changed.has('called')) return;
    this.call = this.called;
    this.limit = startOf(this.model.calls.value.find(({ id }) => id === this.called)?.idleMs);
  }

  readonly #setLimit = (typed: string): void => {
    this.limit = { typed, isOpen: this.limit.isOpen };
  };

  readonly #call = async ({ detail, currentTarget }: CustomEvent<Record<string, unknown>>): Promise<void> => {
    const { idleMs, problem } = timeLimitOf(this.limit.typed);
    if (problem === undefined) return void (this.call = this.model.callTool(this.address, this.tool.name, detail, undefined, idleMs));
    this.limit = { ...this.limit, problem, isOpen: true };
    const form = currentTarget as ToolForm;
    await this.updateComplete;
    await form.updateComplete;
    form.renderRoot.querySelector<HTMLElement>('#give-up')?.focus();
  };

  override render() {
    const { address, tool, called } = this;
    const calls = this.model.calls.value;
    const call = calls.find(({ id }) => id === this.call);
    const start = calls.find(({ id, areArgumentsLost }) => id === called && !areArgumentsLost)?.arguments;
    return html`
      ${keyed(`${address} ${tool.name}`, html`<parley-tool-form .tool=${tool} .start=${start} .running=${call?.state.kind === 'running' && !call.isElsewhere} .check=${this.#check} .more=${timeLimitField(this.limit, this.#setLimit)} @call-tool=${this.#call}></parley-tool-form>`)}
      <section role="region" aria-label=${agentStrings.result} aria-live="polite">
        <h2 class="label">${agentStrings.result}</h2>
        ${call ? html`<parley-call .model=${this.model} .call=${call} plain></parley-call>` : html`<p class="small soft">${agentStrings.noResult}</p>`}
      </section>
      <section><parley-call-list .model=${this.model} .of=${{ address, tool: tool.name }} .except=${call?.id}></parley-call-list></section>
    `;
  }
}
