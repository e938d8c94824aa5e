import { css, html, nothing, LitElement, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { ToolView } from '../../view/types.ts';
import { strings } from '../strings.ts';
import { shared } from '../styles/shared.ts';
import { argumentsOf, fieldsOf, type Field, type FieldProblem } from './schema-fields.ts';

/** The form "Arguments" of one tool. Fires `call-tool` with the arguments as `detail`. */
@customElement('parley-tool-form')
export class ToolForm extends LitElement {
  @property({ attribute: false }) tool!: ToolView;
  @property({ type: Boolean }) running = false;
  @state() private fields: readonly Field[] = [];
  @state() private typed: ReadonlyMap<string, string> = new Map();
  @state() private problems: readonly FieldProblem[] = [];

  static override styles = [
    shared,
    css`
      form,
      .field {
        display: grid;
        gap: 6px;
      }
      form {
        gap: var(--s4);
        max-width: 560px;
      }
      label {
        font-weight: 600;
      }
      label .soft {
        font-weight: 400;
      }
      .check,
      .check label {
        display: flex;
        align-items: center;
        min-height: 24px;
        gap: 10px;
      }
      .bad {
        color: var(--rose);
        font-size: var(--t-s);
      }
      textarea {
        min-height: 64px;
        resize: vertical;
      }
      textarea.json {
        font-family: var(--font-mono);
        font-size: 13px;
      }
    `,
  ];

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('tool') || changed.get('tool')?.name === this.tool.name) return;
    this.fields = fieldsOf(this.tool.inputSchema);
    this.typed = new Map();
    this.problems = [];
  }

  override render() {
    return html`<form aria-label=${strings.arguments} novalidate @submit=${this.#submit}>
      ${this.fields.length === 0 ? html`<p class="soft small">${strings.noArguments}</p>` : this.fields.map((field, index) => this.#field(field, index))}
      <div class="btns"><button class="btn go" ?disabled=${this.running}>${strings.callTool}</button></div>
    </form>`;
  }

  #field(field: Field, index: number) {
    const id = `field-${index}`;
    const problem = this.problems.find(({ name }) => name === field.name);
    const described = `${field.description ? `${id}-about` : ''} ${problem ? `${id}-problem` : ''}`.trim() || nothing;
    const about = field.description ? html`<p class="tiny soft" id="${id}-about">${field.description}</p>` : nothing;
    const value = this.typed.get(field.name) ?? field.initial;
    const control = this.#control(field, id, value, described, problem !== undefined);
    if (field.kind === 'boolean')
      return html`<div class="field"><div class="check">${control}<label for=${id}>${field.label}</label></div>${about}</div>`;
    return html`<div class="field">
      <label for=${id}>${field.label}${field.required ? nothing : html` <span class="soft">(${strings.optional}${field.kind === 'json' ? `, ${strings.asJson}` : ''})</span>`}</label>
      ${control}${about}${problem ? html`<p class="bad" id="${id}-problem">${problem.text}</p>` : nothing}
    </div>`;
  }

  #control(field: Field, id: string, value: string, described: string | typeof nothing, isBad: boolean) {
    const typed = (event: Event): void => this.#set(field, (event.target as HTMLInputElement).value);
    const invalid = isBad ? 'true' : nothing;
    switch (field.kind) {
      case 'boolean':
        return html`<input id=${id} type="checkbox" .checked=${value === 'true'} aria-describedby=${described} @change=${(event: Event) => this.#set(field, String((event.target as HTMLInputElement).checked))} />`;
      case 'choice':
        return html`<select id=${id} aria-describedby=${described} aria-invalid=${invalid} @change=${typed}>
          <option value="" ?selected=${value === ''}></option>
          ${field.choices.map((choice) => html`<option value=${JSON.stringify(choice)} ?selected=${value === JSON.stringify(choice)}>${typeof choice === 'string' ? choice : JSON.stringify(choice)}</option>`)}
        </select>`;
      case 'long-text':
      case 'json':
        return html`<textarea id=${id} class=${field.kind} rows="2" .value=${value} ?required=${field.required} aria-describedby=${described} aria-invalid=${invalid} @input=${typed}></textarea>`;
      case 'text':
      case 'number':
      case 'integer':
        return html`<input id=${id} type="text" inputmode=${field.kind === 'text' ? 'text' : 'decimal'} .value=${value} ?required=${field.required} aria-describedby=${described} aria-invalid=${invalid} @input=${typed} />`;
    }
  }

  #set(field: Field, value: string): void {
    this.typed = new Map(this.typed).set(field.name, value);
    this.problems = this.problems.filter(({ name }) => name !== field.name);
  }

  readonly #submit = (event: Event): void => {
    event.preventDefault();
    const outcome = argumentsOf(this.fields, this.typed);
    if ('problems' in outcome) this.problems = outcome.problems;
    else this.dispatchEvent(new CustomEvent('call-tool', { detail: outcome.args }));
  };
}
