import { css, html, nothing, type PropertyValues } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { AppModel, ToolEntryView } from '../../view/types.ts';
import { isOpen } from '../agents/access-note.ts';
import '../agents/tool-form.ts';
import type { ToolForm } from '../agents/tool-form.ts';
import { findTools } from '../agents/tool-search.ts';
import { icon } from '../elements/icons.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { modeStrings } from '../mode-strings.ts';
import { problemText, strings } from '../strings.ts';
import { shared } from '../styles/shared.ts';

/** More than anybody reads; whoever looks for another one types on. */
const MAX_OPTIONS = 40;

/**
 * A tool is found by typing, its arguments are asked for, and it is called in this conversation. Fires `close`, with the text that stays
 * typed as `detail`.
 */
@customElement('parley-tool-caller')
export class ToolCaller extends ModelElement {
  @property({ attribute: false }) conversation = '';
  /** The agents of these people come first. */
  @property({ attribute: false }) people: readonly string[] = [];
  @state() private words = '';
  @state() private active = 0;
  @state() private chosen: ToolEntryView | undefined;
  @query('input[role=combobox]') private readonly field!: HTMLInputElement | null;
  readonly #asking = new AbortController();
  #hasAsked = false;
  #isFormNew = false;
  readonly #check: AppModel['checkArguments'] = (schema, args) => this.model.checkArguments(schema, args);

  static override styles = [
    shared,
    css`
      :host {
        margin: 0 20px 8px;
        border: 1px solid var(--edge);
        border-radius: var(--r3);
        background: var(--sheet);
        box-shadow: var(--shadow);
        overflow: hidden;
      }
      .top {
        display: flex;
        align-items: center;
        gap: 10px;
        padding: 8px 8px 8px 14px;
        border-bottom: 1px solid var(--line);
      }
      .top .grow {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .top input {
        min-height: 36px;
        padding: 6px 4px;
        border: 0;
        background: none;
      }
      .top input:focus-visible {
        outline: none;
      }
      .top:has(input:focus-visible) {
        border-bottom-color: var(--accent);
        box-shadow: 0 1px 0 var(--accent);
      }
      .slash {
        color: var(--ink-3);
      }
      ul,
      .form {
        max-height: min(46vh, 420px);
        overflow: auto;
        padding: 6px;
      }
      .form {
        padding: 14px;
        max-height: min(60vh, 560px);
      }
      li {
        display: grid;
        grid-template-columns: 32px minmax(0, 1fr);
        gap: 0 10px;
        align-items: center;
        padding: 6px 8px;
        border-radius: var(--r2);
        cursor: pointer;
      }
      li .sig {
        grid-row: 1 / 4;
      }
      li[aria-selected='true'] {
        background: var(--raise);
        box-shadow: inset 2px 0 0 var(--accent);
      }
      li b {
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      li .clip {
        font-size: var(--t-s);
        color: var(--ink-2);
      }
      li .whose {
        font-size: var(--t-xs);
        color: var(--ink-3);
      }
      .hint {
        padding: 10px 14px;
      }
      @media (max-width: 700px) {
        :host {
          margin: 0 10px 8px;
        }
      }
      @media (forced-colors: active) {
        li[aria-selected='true'] {
          outline: 2px solid Highlight;
        }
      }
    `,
  ];

  override render() {
    return html`<div role="group" aria-label=${strings.callATool} @keydown=${this.#escaped}>${this.chosen ? this.#form(this.chosen) : this.#finder()}</div>`;
  }

  protected override firstUpdated(): void {
    this.field?.focus();
  }

  override updated(changed: PropertyValues<this>): void {
    super.updated(changed);
    this.renderRoot.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
    const form = this.renderRoot.querySelector<ToolForm>('parley-tool-form');
    if (!form || !this.#isFormNew) return;
    this.#isFormNew = false;
    void form.updateComplete.then(() => form.focusFirst());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#asking.abort();
  }

  #finder() {
    const found = this.#found();
    const shown = found.slice(0, MAX_OPTIONS);
    const active = Math.min(this.active, shown.length - 1);
    return html`
      <div class="top">
        <span class="slash">${icon('slash', 18)}</span>
        <div class="grow"><input type="text" role="combobox" autocomplete="off" spellcheck="false" aria-label=${strings.findTool} placeholder=${strings.findTool} aria-autocomplete="list" aria-expanded=${shown.length > 0} aria-controls="found" aria-activedescendant=${active < 0 ? nothing : `tool-${active}`}
          .value=${this.words} @input=${this.#typed} @keydown=${this.#pressed} /></div>
        ${this.#closeButton()}
      </div>
      <ul id="found" role="listbox" aria-label=${strings.tools}>${shown.map((tool, index) => this.#option(tool, index, index === active))}</ul>
      <p class="unseen" role="status">${strings.toolsFoundCount(found.length)}</p>
      ${found.length === 0 ? html`<p class="hint small soft">${strings.nothingFound}</p>` : found.length > MAX_OPTIONS ? html`<p class="hint tiny faint">${strings.moreTools(found.length - MAX_OPTIONS)}</p>` : nothing}
    `;
  }

  #option(tool: ToolEntryView, index: number, isActive: boolean) {
    const { agent, name, title, description } = tool;
    return html`<li role="option" id="tool-${index}" aria-selected=${isActive} @click=${() => this.#choose(tool)} @pointermove=${() => (this.active = index)}>
      ${sigil(agent.sigil, 32)}
      <b>${title || name}</b>
      ${description ? html`<span class="clip">${description}</span>` : nothing}
      <span class="whose clip">${whose(tool)}</span>
    </li>`;
  }

  #form(chosen: ToolEntryView) {
    const { agent, name } = chosen;
    const detail = this.model.agentDetail(agent.address).value;
    const tool = detail?.tools.find((known) => known.name === name);
    const closed =
      detail?.problem?.code === 'not-for-you' ? (agent.isForContacts ? 'contacts' : 'never') : isOpen(tool?.access) ? undefined : tool?.access;
    return html`
      <div class="top">
        <button class="icon-btn" aria-label=${strings.back} @click=${this.#back}>${icon('back')}</button>
        ${sigil(agent.sigil, 32)}
        <div class="grow"><b>${tool?.title || name}</b><div class="tiny faint">${whose(chosen)}</div></div>
        ${this.#closeButton()}
      </div>
      <div class="form">
        ${tool?.description ? html`<p class="small soft">${tool.description}</p><br />` : nothing}
        ${closed ? html`<parley-access-note .model=${this.model} .owner=${agent.owner} .access=${closed}></parley-access-note>` : nothing}
        ${
          closed
            ? nothing
            : tool
              ? html`<parley-tool-form .tool=${tool} .check=${this.#check} @call-tool=${(event: CustomEvent<Record<string, unknown>>) => this.#call(chosen, event.detail)}></parley-tool-form>`
              : html`<p class="small soft" role="status">${detail?.problem ? problemText(detail.problem) : detail?.state === 'ready' ? strings.toolGone : strings.loadingAgent}</p>`
        }
      </div>
    `;
  }

  #closeButton() {
    return html`<button class="icon-btn" aria-label=${strings.close} @click=${() => this.#close('')}>${icon('close')}</button>`;
  }

  /** Tools of the people in this conversation first, then my own; those that are not open to me are not offered. */
  #found(): readonly ToolEntryView[] {
    const place = ({ agent }: ToolEntryView): number => (this.people.includes(agent.owner.id) ? 0 : agent.mine ? 1 : 2);
    const open = this.model.tools.value.filter(({ access }) => isOpen(access));
    const tools = open.sort((a, b) => place(a) - place(b));
    return findTools(tools, { words: this.words });
  }

  readonly #typed = (): void => {
    this.words = this.field?.value ?? '';
    this.active = 0;
    if (this.#hasAsked) return;
    this.#hasAsked = true;
    void this.model.askAgents(this.#asking.signal);
  };

  readonly #pressed = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    const shown = this.#found().slice(0, MAX_OPTIONS);
    const active = Math.min(this.active, shown.length - 1);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const tool = shown[active];
    if (step !== undefined && shown.length > 0) this.active = (active + step + shown.length) % shown.length;
    else if (event.key === 'Enter' && tool) this.#choose(tool);
    else if (event.key === 'Backspace' && this.words === '') this.#close('');
    else return;
    event.preventDefault();
  };

  /** What was typed to find a tool may have been meant as a message. */
  readonly #escaped = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    this.#close(this.chosen || this.words === '' ? '' : `/${this.words}`);
  };

  #choose(tool: ToolEntryView): void {
    this.chosen = tool;
    this.#isFormNew = true;
  }

  readonly #back = async (): Promise<void> => {
    this.chosen = undefined;
    await this.updateComplete;
    this.field?.focus();
  };

  #call({ agent, name }: ToolEntryView, args: Record<string, unknown>): void {
    this.model.callTool(agent.address, name, args, this.conversation);
    this.#close('');
  }

  #close(text: string): void {
    this.dispatchEvent(new CustomEvent('close', { detail: text }));
  }
}

function whose({ agent, name, title }: ToolEntryView): string {
  const owner = agent.mine ? strings.yourAgent : strings.agentOf(agent.owner.name);
  const warning = agent.isPlaintext ? [modeStrings.plaintext] : [];
  return [title !== '' && title !== name ? [name] : [], agent.title, owner, warning].flat().join(' · ');
}
