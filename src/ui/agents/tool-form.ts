import { html, nothing, LitElement, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { AppModel, SchemaComplaint, ToolView } from '../../view/types.ts';
import { agentStrings } from '../agent-strings.ts';
import { shared } from '../styles/shared.ts';
import { complaintPath, complaintText } from './complaint-text.ts';
import { argumentsOfJson, same } from './exact-json.ts';
import { FieldView } from './field-view.ts';
import { argumentsOf, placeOf, type FieldProblem } from './field-values.ts';
import type { Field } from './field.ts';
import { formStyles } from './form-styles.ts';
import { argumentsField } from './schema-fields.ts';
import { initialOf, typedOf, type Typed } from './typed.ts';

type Arguments = Readonly<Record<string, unknown>>;

/** The form "Arguments" of one tool, or the same as JSON. Fires `call-tool` with the arguments as `detail`. */
@customElement('parley-tool-form')
export class ToolForm extends LitElement {
  @property({ attribute: false }) tool!: ToolView;
  @property({ type: Boolean }) running = false;
  /** What the button says. */
  @property({ attribute: false }) action: string = agentStrings.callTool;
  /** What it is called: a second one on a screen needs a name of its own. */
  @property({ attribute: false }) name: string = agentStrings.arguments;
  /** What the fields have to begin with, instead of the schema's defaults. */
  @property({ attribute: false }) start: Arguments | undefined;
  /** What the tool's schema says against arguments, beyond what the fields know by themselves. */
  @property({ attribute: false }) check: AppModel['checkArguments'] | undefined;
  /** What else is asked for, before the button. */
  @property({ attribute: false }) more: unknown = nothing;
  @state() private field!: Field;
  @state() private typed: Typed = '';
  /** All arguments as text, while they are written as JSON. */
  @state() private json: string | undefined;
  @state() private problems: readonly FieldProblem[] = [];
  /** Arguments to which only the schema says no: people may know better. */
  @state() private doubtful: Arguments | undefined;
  /** The same arguments as a form and as JSON: who goes from one to the other and back finds what was typed. */
  #pair: { readonly typed: Typed; readonly json: string } | undefined;
  #isProblemNew = false;
  #focusNext: string | undefined;
  #edition = 0;
  readonly #labels = new Map<string, string>();
  readonly #view = new FieldView({
    problemAt: (at) => this.problems.find((problem) => problem.at === at),
    named: (at, label) => void this.#labels.set(at, label),
    touched: (at) => this.#touched(at),
    focusNext: (id) => (this.#focusNext = id),
    report: (at, text) => (this.problems = [...this.problems.filter((problem) => problem.at !== at), { at, text }]),
  });

  static override styles = [shared, formStyles];

  override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('tool');
    const isOther = changed.has('tool') && !(before && isSame(before, this.tool));
    if (isOther) {
      this.field = argumentsField(this.tool.inputSchema);
      this.#begin(initialOf(this.field));
    }
    if (this.start && (isOther || (changed.has('start') && !same(changed.get('start'), this.start)))) this.#beginWith(this.start);
    this.#labels.clear();
  }

  /** Where one begins to fill it in; the button, where nothing is asked for. */
  focusFirst(): void {
    this.renderRoot.querySelector<HTMLElement>('input:not(.picker), textarea, select, .btn')?.focus();
  }

  override updated(): void {
    const id = this.#focusNext;
    if (id !== undefined) this.#focusOn(this.renderRoot.querySelector<HTMLElement>(`[id="${id}"]`));
    else if (this.#isProblemNew)
      this.#focusOn(
        this.renderRoot.querySelector<HTMLElement>('[aria-invalid="true"]') ?? this.renderRoot.querySelector<HTMLElement>('.note button'),
      );
    this.#focusNext = undefined;
    this.#isProblemNew = false;
  }

  override render() {
    const isJson = this.json !== undefined;
    return html`<form aria-label=${this.name} novalidate @submit=${this.#submit} @keydown=${this.#pressed}>
      ${isJson ? this.#whole() : this.#top()}
      ${this.#summary()}
      ${this.more}
      <div class="btns">
        <button class="btn go" ?disabled=${this.running}>${this.action}</button>
        ${this.field.kind === 'json' ? nothing : html`<button type="button" class="btn quiet" @click=${isJson ? this.#toForm : this.#toJson}>${isJson ? agentStrings.editAsForm : agentStrings.editAsJson}</button>`}
      </div>
    </form>`;
  }

  /** The arguments themselves need no frame: their properties stand in the form. */
  #top() {
    const change = (typed: Typed): void => void (this.typed = typed);
    if (this.field.kind !== 'object') return this.#view.field(this.field, this.typed, '0', change, this.field.label || agentStrings.arguments);
    if (this.field.fields.length === 0 && !this.field.offersMore && !hasMore(this.typed))
      return html`<p class="soft small">${agentStrings.noArguments}</p>`;
    return this.#view.parts(this.field, this.typed, '0', change);
  }

  #whole() {
    const problem = this.problems.find(({ at }) => at === '0');
    return html`<div class="field">
      <label for="field-0">${agentStrings.argumentsAsJson}</label>
      <textarea id="field-0" class="json" rows="8" spellcheck="false" .value=${this.json ?? ''} aria-invalid=${problem ? 'true' : nothing} aria-describedby=${problem ? 'field-0-problem' : nothing}
        @input=${(event: Event) => this.#changeJson((event.target as HTMLTextAreaElement).value)}></textarea>
      ${problem ? html`<p class="bad" id="field-0-problem">${problem.text}</p>` : nothing}
    </div>`;
  }

  /** All that is wrong in one place, where there is more than what stands at the first field. */
  #summary() {
    const { problems, doubtful } = this;
    if (problems.length < 2 && !doubtful) return nothing;
    return html`<div class="note bad" role="alert">
      <b>${agentStrings.toCorrect(problems.length)}</b>
      <ul>${problems.map(({ at, text }) => html`<li>${this.json === undefined ? html`<button type="button" class="link" @click=${() => this.#focusOn(this.#elementAt(at))}>${this.#labels.get(at) || agentStrings.arguments}</button>: ` : nothing}${text}</li>`)}</ul>
      ${doubtful ? html`<p>${agentStrings.bySchema}</p><button type="button" class="btn" @click=${() => this.#call(doubtful)}>${agentStrings.callAnyway}</button>` : nothing}
    </div>`;
  }

  #elementAt(at: string): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>(`[id="field-${at}"], [id="field-${at}-add"], [id="field-${at}-kind"]`);
  }

  /** Into what has the focus to give: a frame gives it to its first field. */
  #focusOn(element: HTMLElement | null): void {
    const inner =
      element?.matches('fieldset') && !element.hasAttribute('aria-invalid')
        ? element.querySelector<HTMLElement>('input, textarea, select, button')
        : undefined;
    (inner ?? element)?.focus();
  }

  #begin(typed: Typed): void {
    this.typed = typed;
    this.json = undefined;
    this.#pair = undefined;
    this.#forget();
  }

  #beginWith(args: Arguments): void {
    const typed = typedOf(this.field, args);
    this.#begin(typed);
    if (isRaw(typed)) this.json = typed.text;
  }

  #forget(): void {
    this.problems = [];
    this.doubtful = undefined;
    this.#edition++;
  }

  /** What was wrong there, and within, is asked again at the next call. */
  #touched(at: string): void {
    this.problems = this.problems.filter((problem) => problem.at !== at && !problem.at.startsWith(`${at}.`));
    this.doubtful = undefined;
    this.#edition++;
  }

  #changeJson(json: string): void {
    this.json = json;
    this.#forget();
  }

  readonly #toJson = (): void => {
    const outcome = argumentsOf(this.field, this.typed);
    const json =
      this.#pair?.typed === this.typed ? this.#pair.json : JSON.stringify('args' in outcome ? outcome.args : outcome.readable, undefined, 2);
    this.#pair = { typed: this.typed, json };
    this.#changeJson(json);
  };

  /** Only where the form shows all that the JSON says: nothing is dropped on the way. */
  readonly #toForm = (): void => {
    if (this.json === undefined) return;
    const typed = this.#pair?.json === this.json ? this.#pair.typed : this.#typedOfJson(this.json);
    if (typed === undefined) return;
    this.#pair = { typed, json: this.json };
    this.json = undefined;
    this.typed = typed;
    this.#forget();
  };

  #typedOfJson(json: string): Typed | undefined {
    try {
      const typed = typedOf(this.field, argumentsOfJson(json));
      if (!isRaw(typed)) return typed;
      this.#fail([{ at: '0', text: agentStrings.notInForm }]);
    } catch (thrown) {
      this.#fail([{ at: '0', text: (thrown as Error).message }]);
    }
    return undefined;
  }

  readonly #submit = (event: Event): void => {
    event.preventDefault();
    const args = this.json === undefined ? this.#readForm() : this.#readJson(this.json);
    if (!args) return;
    if (this.check) void this.#judge(args, this.check);
    else this.#call(args);
  };

  /** From within a text of several lines, too. */
  readonly #pressed = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !this.running) this.#submit(event);
  };

  async #judge(args: Arguments, check: AppModel['checkArguments']): Promise<void> {
    const edition = ++this.#edition;
    const complaints = await check(this.tool.inputSchema, args).catch(() => []);
    // Another press, or another letter: what was asked for then is not asked for now.
    if (edition !== this.#edition) return;
    if (complaints.length === 0) return this.#call(args);
    this.#fail(complaints.map((complaint) => this.#problemOf(complaint)));
    this.doubtful = args;
  }

  #problemOf(complaint: SchemaComplaint): FieldProblem {
    const path = complaintPath(complaint);
    const text = complaintText(complaint);
    if (this.json !== undefined) return { at: '0', text: path.length === 0 ? text : `${path.join(' › ')}: ${text}` };
    return { at: placeOf(this.field, this.typed, path), text };
  }

  #call(args: Arguments): void {
    this.#forget();
    this.dispatchEvent(new CustomEvent('call-tool', { detail: args }));
  }

  #readForm(): Arguments | undefined {
    const outcome = argumentsOf(this.field, this.typed);
    if ('args' in outcome) return outcome.args;
    this.#fail(outcome.problems);
    return undefined;
  }

  #readJson(json: string): Arguments | undefined {
    try {
      return argumentsOfJson(json);
    } catch (thrown) {
      this.#fail([{ at: '0', text: (thrown as Error).message }]);
      return undefined;
    }
  }

  #fail(problems: readonly FieldProblem[]): void {
    this.problems = problems;
    this.doubtful = undefined;
    this.#isProblemNew = true;
  }
}

function isSame(one: ToolView, other: ToolView): boolean {
  return one.name === other.name && JSON.stringify(one.inputSchema) === JSON.stringify(other.inputSchema);
}

function isRaw(typed: Typed): typed is Extract<Typed, { kind: 'raw' }> {
  return typeof typed !== 'string' && typed.kind === 'raw';
}

function hasMore(typed: Typed): boolean {
  return typeof typed !== 'string' && typed.kind === 'object' && (typed.more?.length ?? 0) > 0;
}
