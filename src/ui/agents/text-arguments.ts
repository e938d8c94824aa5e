import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { agentStrings } from '../agent-strings.ts';
import { shared } from '../styles/shared.ts';
import { plainFormStyles } from '../styles/pieces.ts';

export type TextArgument = { readonly name: string; readonly description: string; readonly required: boolean };
type Values = Readonly<Record<string, string>>;

/** Between two letters of somebody who types: agents are asked once they stop. */
const PAUSE_MS = 200;

/** A form of texts for which the agent suggests values while they are typed. Fires `done` with the texts as `detail`; optional ones that are empty are left out. */
@customElement('parley-text-arguments')
export class TextArguments extends LitElement {
  @property({ attribute: false }) of: readonly TextArgument[] = [];
  @property({ attribute: false }) action = '';
  @property({ attribute: false }) suggest: (name: string, value: string, others: Values) => Promise<readonly string[]> = () => Promise.resolve([]);
  @state() private suggested: ReadonlyMap<string, readonly string[]> = new Map();
  @state() private missing: ReadonlySet<string> = new Set();
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  static override styles = [
    shared,
    plainFormStyles,
    css`
      .bad {
        color: var(--rose);
        font-size: var(--t-s);
      }
    `,
  ];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#waiting);
  }

  override render() {
    return html`<form aria-label=${agentStrings.arguments} novalidate @submit=${this.#submit}>
      ${this.of.map((argument, index) => this.#field(argument, `argument-${index}`))}
      <div><button class="btn go">${this.action}</button></div>
    </form>`;
  }

  #field({ name, description, required }: TextArgument, id: string) {
    const isMissing = this.missing.has(name);
    const described = [description ? `${id}-about` : '', isMissing ? `${id}-problem` : ''].filter(Boolean).join(' ') || nothing;
    return html`<div class="field">
      <label for=${id}>${name}${required ? nothing : html` <span class="faint">(${agentStrings.optional})</span>`}</label>
      <input id=${id} name=${name} type="text" autocomplete="off" list="${id}-suggested" aria-required=${required} aria-invalid=${isMissing ? 'true' : nothing} aria-describedby=${described} @focus=${() => this.#typed(name)} @input=${() => this.#typed(name)} />
      <datalist id="${id}-suggested">${(this.suggested.get(name) ?? []).map((value) => html`<option value=${value}></option>`)}</datalist>
      ${description ? html`<p class="tiny soft" id="${id}-about">${description}</p>` : nothing}
      ${isMissing ? html`<p class="bad" id="${id}-problem">${agentStrings.fieldProblems.needed}</p>` : nothing}
    </div>`;
  }

  get #inputs(): readonly HTMLInputElement[] {
    return [...this.renderRoot.querySelectorAll('input')];
  }

  get #values(): Values {
    return Object.fromEntries(this.#inputs.map(({ name, value }) => [name, value]));
  }

  #typed(name: string): void {
    if (this.missing.has(name)) this.missing = new Set([...this.missing].filter((other) => other !== name));
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => void this.#ask(name), PAUSE_MS);
  }

  async #ask(name: string): Promise<void> {
    const asked = ++this.#asked;
    const { [name]: value = '', ...others } = this.#values;
    const suggested = await this.suggest(name, value, Object.fromEntries(Object.entries(others).filter(([, other]) => other !== '')));
    // What was typed meanwhile is asked about by itself.
    if (asked === this.#asked) this.suggested = new Map([...this.suggested, [name, suggested]]);
  }

  readonly #submit = (event: Event): void => {
    event.preventDefault();
    const values = this.#values;
    this.missing = new Set(this.of.flatMap(({ name, required }) => (required && values[name] === '' ? [name] : [])));
    if (this.missing.size > 0) return void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('[aria-invalid]')?.focus());
    this.dispatchEvent(new CustomEvent('done', { detail: Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '')) }));
  };
}
