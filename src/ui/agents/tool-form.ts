import { css, html, nothing, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { ToolView } from '../../view/types.ts';
import { icon } from '../elements/icons.ts';
import { strings } from '../strings.ts';
import { shared } from '../styles/shared.ts';
import { argumentsOf, argumentsOfJson, initialOf, typedOf, type FieldProblem, type Typed } from './field-values.ts';
import { argumentsField, type Field } from './schema-fields.ts';

type Changed = (typed: Typed) => void;

/** What stands in a text field of a format, to show how it is written. */
const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-11-25',
  'date-time': '2026-11-25T12:00:00Z',
  time: '12:00:00Z',
  email: 'name@example.org',
  uri: 'https://…',
};

/** The form "Arguments" of one tool, or the same as JSON. Fires `call-tool` with the arguments as `detail`. */
@customElement('parley-tool-form')
export class ToolForm extends LitElement {
  @property({ attribute: false }) tool!: ToolView;
  @property({ type: Boolean }) running = false;
  @state() private field!: Field;
  @state() private typed: Typed = '';
  /** All arguments as text, while they are written as JSON. */
  @state() private json: string | undefined;
  @state() private problems: readonly FieldProblem[] = [];
  #isProblemNew = false;

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
      label,
      legend {
        font-size: var(--t-s);
        font-weight: 600;
        color: var(--ink);
        overflow-wrap: anywhere;
      }
      label .soft,
      legend .soft {
        font-weight: 400;
      }
      fieldset {
        display: grid;
        gap: var(--s3);
        min-width: 0;
        padding-left: var(--s3);
        border-left: 2px solid var(--line);
      }
      legend {
        margin-bottom: var(--s2);
        margin-left: calc(-2px - var(--s3));
      }
      .check,
      .check label,
      .item {
        display: flex;
        align-items: center;
        min-height: 24px;
        gap: 10px;
      }
      .check {
        min-height: 24px;
      }
      .item {
        align-items: start;
      }
      .item > :first-child {
        flex: 1;
        min-width: 0;
      }
      .bad {
        color: var(--rose);
        font-size: var(--t-s);
      }
      [aria-invalid='true'] {
        border-color: var(--rose);
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
    const before = changed.get('tool');
    if (!changed.has('tool') || (before && isSame(before, this.tool))) return;
    this.field = argumentsField(this.tool.inputSchema);
    this.typed = initialOf(this.field);
    this.json = undefined;
    this.problems = [];
  }

  override updated(): void {
    if (!this.#isProblemNew) return;
    this.#isProblemNew = false;
    this.renderRoot.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }

  override render() {
    const isJson = this.json !== undefined;
    return html`<form aria-label=${strings.arguments} novalidate @submit=${this.#submit}>
      ${isJson ? this.#whole() : this.#top()}
      <div class="btns">
        <button class="btn go" ?disabled=${this.running}>${strings.callTool}</button>
        ${this.field.kind === 'json' ? nothing : html`<button type="button" class="btn quiet" @click=${isJson ? this.#toForm : this.#toJson}>${isJson ? strings.editAsForm : strings.editAsJson}</button>`}
      </div>
    </form>`;
  }

  /** The arguments themselves need no frame: their properties stand in the form. */
  #top() {
    const change = (typed: Typed): void => this.#change(typed);
    if (this.field.kind !== 'object') return this.#one({ ...this.field, label: this.field.label || strings.arguments }, this.typed, '0', change);
    if (this.field.fields.length === 0) return html`<p class="soft small">${strings.noArguments}</p>`;
    return this.#inner(this.field, this.typed, '0', change);
  }

  #whole() {
    const problem = this.#problemAt('0');
    return html`<div class="field">
      <label for="field-0">${strings.argumentsAsJson}</label>
      <textarea id="field-0" class="json" rows="8" spellcheck="false" .value=${this.json ?? ''} aria-invalid=${problem ? 'true' : nothing} aria-describedby=${problem ? 'field-0-problem' : nothing}
        @input=${(event: Event) => this.#changeJson((event.target as HTMLTextAreaElement).value)}></textarea>
      ${this.#problemLine('0')}
    </div>`;
  }

  /** One field with its label, whatever it asks for. `at` is its place among the problems, and its id. */
  #one(field: Field, typed: Typed, at: string, change: Changed): TemplateResult {
    if (typeof typed !== 'string') {
      return html`<fieldset id="field-${at}" tabindex="-1" aria-invalid=${this.#problemAt(at) ? 'true' : nothing} aria-describedby=${this.#describedBy(field, at)}>
        <legend>${field.label}${this.#optional(field)}</legend>
        ${this.#about(field, at)}${this.#inner(field, typed, at, change)}${this.#problemLine(at)}
      </fieldset>`;
    }
    const label = html`<label for="field-${at}">${field.label}${this.#optional(field)}</label>`;
    if (field.kind === 'boolean') {
      return html`<div class="field"><div class="check">${this.#control(field, typed, at, change)}${label}${typed === '' || field.required ? nothing : html`<button type="button" class="btn quiet" aria-label=${strings.leaveOut(field.label)} @click=${() => change('')}>${icon('close', 14)}</button>`}</div>${this.#about(field, at)}</div>`;
    }
    return html`<div class="field">${label}${this.#control(field, typed, at, change)}${this.#about(field, at)}${this.#problemLine(at)}</div>`;
  }

  #inner(field: Field, typed: Typed, at: string, change: Changed): unknown {
    if (typeof typed === 'string') return nothing;
    if (field.kind === 'object' && typed.kind === 'object') {
      return field.fields.map((inner, index) =>
        this.#one(inner, typed.fields[index] ?? '', `${at}.${index}`, (part) => change({ ...typed, fields: typed.fields.with(index, part) })),
      );
    }
    if (field.kind === 'list' && typed.kind === 'list') return this.#list(field, typed, at, change);
    if (field.kind === 'variants' && typed.kind === 'variants') return this.#variants(field, typed, at, change);
    return nothing;
  }

  #list(field: Extract<Field, { kind: 'list' }>, typed: Extract<Typed, { kind: 'list' }>, at: string, change: Changed) {
    const { items } = typed;
    const isFull = field.maxItems !== undefined && items.length >= field.maxItems;
    return html`${items.map((item, index) => {
      const label = field.item.label || strings.itemOf(field.label, index + 1);
      return html`<div class="item">
          <div>${this.#one({ ...field.item, label }, item, `${at}.${index}`, (part) => change({ ...typed, items: items.with(index, part) }))}</div>
          <button type="button" class="icon-btn" aria-label=${strings.removeItem(label)} @click=${() => change({ ...typed, items: items.toSpliced(index, 1) })}>${icon('close', 18)}</button>
        </div>`;
    })}
    ${isFull ? nothing : html`<div><button type="button" class="btn" @click=${() => change({ ...typed, items: [...items, initialOf(field.item)] })}>${strings.addItem(field.label)}</button></div>`}`;
  }

  #variants(field: Extract<Field, { kind: 'variants' }>, typed: Extract<Typed, { kind: 'variants' }>, at: string, change: Changed) {
    const { chosen } = typed;
    const option = chosen === undefined ? undefined : field.options[chosen];
    const place = `${at}.${chosen}`;
    const choose = (event: Event): void => {
      const { value } = event.target as HTMLSelectElement;
      change({ ...typed, chosen: value === '' ? undefined : Number(value) });
    };
    const part = (inner: Typed): void => change({ ...typed, options: typed.options.with(chosen ?? 0, inner) });
    const value = typed.options[chosen ?? -1] ?? '';
    return html`<div class="field">
        <label for="field-${at}-kind">${strings.kindOf(field.label)}</label>
        <select id="field-${at}-kind" @change=${choose}>
          ${field.required && !field.nullable ? nothing : html`<option value="" .selected=${chosen === undefined}></option>`}
          ${field.options.map(({ label }, index) => html`<option value=${index} .selected=${index === chosen}>${label}</option>`)}
        </select>
      </div>
      ${option === undefined ? nothing : option.kind === 'object' ? this.#inner(option, value, place, part) : this.#one(option, value, place, part)}`;
  }

  #control(field: Field, value: string, at: string, change: Changed) {
    const id = `field-${at}`;
    const typed = (event: Event): void => change((event.target as HTMLInputElement).value);
    const described = this.#describedBy(field, at);
    const invalid = this.#problemAt(at) ? 'true' : nothing;
    switch (field.kind) {
      case 'boolean':
        return html`<input id=${id} type="checkbox" .checked=${value === 'true'} .indeterminate=${value === '' && !field.required} aria-describedby=${described} @change=${(event: Event) => change(String((event.target as HTMLInputElement).checked))} />`;
      case 'choice':
        return html`<select id=${id} aria-describedby=${described} aria-invalid=${invalid} @change=${typed}>
          <option value="" .selected=${value === ''}></option>
          ${field.choices.map((choice) => html`<option value=${JSON.stringify(choice.value)} .selected=${value === JSON.stringify(choice.value)}>${choice.label}</option>`)}
        </select>`;
      case 'long-text':
      case 'json':
        return html`<textarea id=${id} class=${field.kind} rows="2" .value=${value} ?required=${field.required} spellcheck=${field.kind === 'json' ? 'false' : nothing} aria-describedby=${described} aria-invalid=${invalid} @input=${typed}></textarea>`;
      case 'number':
      case 'integer':
        return html`<input id=${id} type="text" inputmode="decimal" .value=${value} ?required=${field.required} aria-describedby=${described} aria-invalid=${invalid} @input=${typed} />`;
      default: {
        const format = field.kind === 'text' ? field.format : undefined;
        return html`<input id=${id} type="text" placeholder=${(format && FORMATS[format]) ?? nothing} .value=${value} ?required=${field.required} aria-describedby=${described} aria-invalid=${invalid} @input=${typed} />`;
      }
    }
  }

  #optional(field: Field) {
    const notes = [field.required ? [] : strings.optional, field.kind === 'json' ? strings.asJson : []].flat();
    return notes.length === 0 ? nothing : html` <span class="soft">(${notes.join(', ')})</span>`;
  }

  #about(field: Field, at: string) {
    return field.description ? html`<p class="tiny soft" id="field-${at}-about">${field.description}</p>` : nothing;
  }

  #describedBy(field: Field, at: string): string | typeof nothing {
    const parts = [field.description ? `field-${at}-about` : [], this.#problemAt(at) ? `field-${at}-problem` : []].flat();
    return parts.length === 0 ? nothing : parts.join(' ');
  }

  #problemAt(at: string): FieldProblem | undefined {
    return this.problems.find((problem) => problem.at === at);
  }

  #problemLine(at: string) {
    const problem = this.#problemAt(at);
    return problem ? html`<p class="bad" id="field-${at}-problem">${problem.text}</p>` : nothing;
  }

  #change(typed: Typed): void {
    this.typed = typed;
    this.problems = [];
  }

  #changeJson(json: string): void {
    this.json = json;
    this.problems = [];
  }

  readonly #toJson = (): void => {
    const outcome = argumentsOf(this.field, this.typed);
    this.#changeJson(JSON.stringify('args' in outcome ? outcome.args : outcome.readable, undefined, 2));
  };

  /** Only where the form shows all that the JSON says: nothing is dropped on the way. */
  readonly #toForm = (): void => {
    const args = this.#readJson();
    if (!args) return;
    const typed = typedOf(this.field, args);
    if (!typed) return this.#fail([{ at: '0', text: strings.notInForm }]);
    this.json = undefined;
    this.#change(typed);
  };

  readonly #submit = (event: Event): void => {
    event.preventDefault();
    const args = this.json === undefined ? this.#readForm() : this.#readJson();
    if (args) this.dispatchEvent(new CustomEvent('call-tool', { detail: args }));
  };

  #readForm(): Record<string, unknown> | undefined {
    const outcome = argumentsOf(this.field, this.typed);
    if ('args' in outcome) return outcome.args;
    this.#fail(outcome.problems);
    return undefined;
  }

  #readJson(): Record<string, unknown> | undefined {
    try {
      return argumentsOfJson(this.json ?? '');
    } catch (thrown) {
      this.#fail([{ at: '0', text: (thrown as Error).message }]);
      return undefined;
    }
  }

  #fail(problems: readonly FieldProblem[]): void {
    this.problems = problems;
    this.#isProblemNew = true;
  }
}

function isSame(one: ToolView, other: ToolView): boolean {
  return one.name === other.name && JSON.stringify(one.inputSchema) === JSON.stringify(other.inputSchema);
}
