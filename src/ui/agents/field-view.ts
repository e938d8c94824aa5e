import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../elements/icons.ts';
import { agentStrings } from '../agent-strings.ts';
import type { Field, FieldOf } from './field.ts';
import { placeOfMore, type FieldProblem } from './field-values.ts';
import { control, fileControl, textArea, type Control } from './field-controls.ts';
import { initialOf, itemAt, openedOf, raw, type Changed, type MoreTyped, type Typed, type TypedOf } from './typed.ts';

/** What the fields of a form need of it. Places are those of {@link FieldProblem}. */
export type FormContext = {
  problemAt(at: string): FieldProblem | undefined;
  /** How the field at a place is called on the screen. */
  named(at: string, label: string): void;
  /** Somebody changed something there: what was wrong there may not be any more. */
  touched(at: string): void;
  /** The element of that id gets the focus once the form is drawn again. */
  focusNext(id: string): void;
  report(at: string, text: string): void;
};

/** One value of the arguments on the screen. `change` is told what it is from now on. */
type Shown<Kind extends Field['kind'] = Field['kind'], Value extends Typed = Typed> = {
  readonly field: FieldOf<Kind>;
  readonly typed: Value;
  readonly at: string;
  readonly label: string;
  readonly change: Changed;
};

/** Draws the fields of a form, each with its label, its description and what is wrong with it. */
export class FieldView {
  readonly #form: FormContext;

  constructor(form: FormContext) {
    this.#form = form;
  }

  /** One field with its label, whatever it asks for. */
  field(field: Field, typed: Typed, at: string, change: Changed, label: string = field.label): TemplateResult {
    this.#form.named(at, label);
    const shown: Shown = { field, typed, at, label, change };
    if (typeof typed !== 'string' && typed.kind === 'raw') return this.#raw(shown as Shown<Field['kind'], TypedOf<'raw'>>);
    if (field.kind === 'file')
      return this.#withLabel(
        shown,
        fileControl(this.#control(shown), field, typed, (text) => this.#form.report(at, text)),
      );
    if (typeof typed === 'string') return field.kind === 'object' ? this.#folded(shown) : this.#scalar(shown as Shown<Field['kind'], string>);
    return html`<fieldset id="field-${at}" tabindex="-1" aria-invalid=${this.#form.problemAt(at) ? 'true' : nothing} aria-describedby=${this.#describedBy(field, at)}>
      <legend>${label}${this.#notes(field)}</legend>
      ${this.#about(field, at)}${this.parts(field, typed, at, change, label)}${this.#problem(at)}
      ${field.folded ? html`<div><button type="button" class="btn quiet" @click=${() => this.#leaveOut(shown)}>${agentStrings.leaveOut(label)}</button></div>` : nothing}
    </fieldset>`;
  }

  /** What is within a field, without a frame of its own. */
  parts(field: Field, typed: Typed, at: string, change: Changed, label: string = field.label): unknown {
    if (typeof typed === 'string') return nothing;
    const shown = { field, typed, at, label, change };
    if (typed.kind === 'object') return this.#object(shown as Shown<'object', TypedOf<'object'>>);
    if (typed.kind === 'variants') return this.#variants(shown as Shown<'variants', TypedOf<'variants'>>);
    if (typed.kind !== 'list') return nothing;
    return field.kind === 'choices' ? this.#choices(shown as Shown<'choices', TypedOf<'list'>>) : this.#list(shown as Shown<'list', TypedOf<'list'>>);
  }

  #scalar(shown: Shown<Field['kind'], string>): TemplateResult {
    const { field, typed, at, label } = shown;
    const drawn = control(this.#control(shown), field, typed);
    if (field.kind !== 'boolean') return this.#withLabel(shown, drawn);
    const isLeftOut = typed === '' || field.required;
    return html`<div class="field">
      <div class="check">${drawn}<label for="field-${at}">${label}${this.#notes(field)}</label>${isLeftOut ? nothing : html`<button type="button" class="icon-btn small" aria-label=${agentStrings.leaveOut(label)} @click=${() => this.#control(shown).change('')}>${icon('close', 14)}</button>`}</div>
      ${this.#about(field, at)}${this.#problem(at)}
    </div>`;
  }

  #withLabel({ field, typed, at, label, change }: Shown, drawn: unknown): TemplateResult {
    const isEmptyText = (field.kind === 'text' || field.kind === 'long-text') && !field.minLength && field.required && !field.nullable;
    const canBeNull = field.nullable && !field.required && typed === '';
    return html`<div class="field">
      <label for="field-${at}">${label}${this.#notes(field)}</label>${drawn}${this.#about(field, at)}${this.#problem(at)}
      ${isEmptyText && typed === '' && this.#form.problemAt(at) ? this.#rawButton(agentStrings.sendEmptyText(label), at, '', change) : nothing}
      ${canBeNull ? this.#rawButton(agentStrings.sendNull(label), at, null, change) : nothing}
    </div>`;
  }

  #rawButton(name: string, at: string, value: unknown, change: Changed) {
    const send = (): void => {
      this.#form.touched(at);
      change(raw(value));
      this.#form.focusNext(`field-${at}`);
    };
    return html`<div><button type="button" class="link" @click=${send}>${name}</button></div>`;
  }

  /** What the field's own controls cannot show: `null`, an empty text, a value that does not fit. */
  #raw(shown: Shown<Field['kind'], TypedOf<'raw'>>): TemplateResult {
    const { field, typed, at, label } = shown;
    const { change, ...rest } = this.#control(shown);
    const back = (): void => {
      change(openedOf(field));
      this.#form.focusNext(`field-${at}`);
    };
    const drawn = textArea({ ...rest, change: (text) => change({ kind: 'raw', text: text as string }) }, typed.text, 'json');
    return html`<div class="field">
      <label for="field-${at}">${label} <span class="soft">(${agentStrings.asJson})</span></label>${drawn}${this.#about(field, at)}${this.#problem(at)}
      <div><button type="button" class="link" @click=${back}>${agentStrings.backToField(label)}</button></div>
    </div>`;
  }

  #folded({ field, at, label, change }: Shown): TemplateResult {
    const add = (): void => {
      this.#form.touched(at);
      change(openedOf(field));
      this.#form.focusNext(`field-${at}`);
    };
    return html`<div class="field">
      <div class="folded"><span class="name">${label}${this.#notes(field)}</span><button type="button" class="btn" id="field-${at}-add" aria-describedby=${this.#describedBy(field, at)} @click=${add}>${agentStrings.addPart(label)}</button></div>
      ${this.#about(field, at)}${this.#problem(at)}
    </div>`;
  }

  #leaveOut({ at, change }: Shown): void {
    this.#form.touched(at);
    change('');
    this.#form.focusNext(`field-${at}-add`);
  }

  #object({ field, typed, at, label, change }: Shown<'object', TypedOf<'object'>>) {
    const { more = [] } = typed;
    const setMore = (parts: readonly MoreTyped[]): void => change({ ...typed, more: parts });
    const add = (): void => {
      setMore([...more, { name: '', value: initialOf(field.more) }]);
      this.#form.focusNext(`field-${placeOfMore(at, more.length, 'name')}`);
    };
    return html`${field.fields.map((inner, index) => this.field(inner, typed.fields[index] ?? '', `${at}.${index}`, (part) => change({ ...typed, fields: typed.fields.with(index, part) })))}
    ${more.map((part, index) => this.#more(field, at, part, index, (changed) => setMore(changed ? more.with(index, changed) : more.toSpliced(index, 1))))}
    ${field.offersMore ? html`<div><button type="button" class="btn" id="field-${at}-more" @click=${add}>${agentStrings.addProperty(label)}</button></div>` : nothing}`;
  }

  #more(field: FieldOf<'object'>, at: string, { name, value }: MoreTyped, index: number, change: (part: MoreTyped | undefined) => void) {
    const place = placeOfMore(at, index);
    const nameLabel = agentStrings.propertyName(index + 1);
    this.#form.named(`${place}name`, nameLabel);
    const nameField: Shown = {
      field: field.more,
      typed: name,
      at: `${place}name`,
      label: nameLabel,
      change: (text) => change({ name: text as string, value }),
    };
    const remove = (): void => {
      this.#form.touched(at);
      change(undefined);
      this.#form.focusNext(`field-${at}-more`);
    };
    return html`<div class="item">
      <div class="pair">
        <div class="field"><label for="field-${place}name">${nameLabel}</label>${textArea(this.#control(nameField), name, 'name')}${this.#problem(`${place}name`)}</div>
        ${this.field(field.more, value, place, (part) => change({ name, value: part }), field.more.label || agentStrings.propertyValue(name))}
      </div>
      <button type="button" class="icon-btn" aria-label=${agentStrings.removeItem(name || nameLabel)} @click=${remove}>${icon('close', 18)}</button>
    </div>`;
  }

  #list({ field, typed, at, label, change }: Shown<'list', TypedOf<'list'>>) {
    const { items } = typed;
    const next = itemAt(field, items.length);
    const isFull = !next || (field.maxItems !== undefined && items.length >= field.maxItems);
    const set = (changed: readonly Typed[], focus: string): void => {
      this.#form.touched(at);
      change({ ...typed, items: changed });
      this.#form.focusNext(focus);
    };
    const add = (): void => next && set([...items, next.folded ? openedOf(next) : initialOf(next)], `field-${at}.${items.length}`);
    return html`${items.map((item, index) => {
      const place = itemAt(field, index) ?? field.prefix[0];
      if (!place) return nothing;
      const name = place.label || agentStrings.itemOf(label, index + 1);
      const isFixed = index < field.prefix.length;
      const move = (to: number, way: string) => () => set(items.toSpliced(index, 1).toSpliced(to, 0, item), `field-${at}.${to}-${way}`);
      const remove = (): void =>
        set(items.toSpliced(index, 1), items.length > 1 ? `field-${at}.${Math.max(index - 1, 0)}-remove` : `field-${at}-add`);
      return html`<div class="item">
        <div>${this.field(place, item, `${at}.${index}`, (part) => change({ ...typed, items: items.with(index, part) }), name)}</div>
        ${
          isFixed
            ? nothing
            : html`<div class="tools">
          ${index > field.prefix.length ? html`<button type="button" class="icon-btn" id="field-${at}.${index}-up" aria-label=${agentStrings.moveUp(name)} @click=${move(index - 1, index - 1 > field.prefix.length ? 'up' : 'down')}>${icon('up', 18)}</button>` : nothing}
          ${index < items.length - 1 ? html`<button type="button" class="icon-btn" id="field-${at}.${index}-down" aria-label=${agentStrings.moveDown(name)} @click=${move(index + 1, index + 1 < items.length - 1 ? 'down' : 'up')}>${icon('down', 18)}</button>` : nothing}
          <button type="button" class="icon-btn" id="field-${at}.${index}-remove" aria-label=${agentStrings.removeItem(name)} @click=${remove}>${icon('close', 18)}</button>
        </div>`
        }
      </div>`;
    })}
    ${isFull ? nothing : html`<div><button type="button" class="btn" id="field-${at}-add" @click=${add}>${agentStrings.addItem(label)}</button></div>`}`;
  }

  #choices({ field, typed, at, change }: Shown<'choices', TypedOf<'list'>>) {
    const chosen = new Set(typed.items);
    const toggle = (choice: string) => (event: Event) => {
      this.#form.touched(at);
      const isOn = (event.target as HTMLInputElement).checked;
      change({ ...typed, items: isOn ? [...typed.items, choice] : typed.items.filter((item) => item !== choice) });
    };
    return html`<div class="boxes">${field.choices.map(({ value, label }, index) => {
      const choice = JSON.stringify(value);
      return html`<div class="check"><input id="field-${at}.${index}" type="checkbox" .checked=${chosen.has(choice)} @change=${toggle(choice)} /><label for="field-${at}.${index}">${label}</label></div>`;
    })}</div>`;
  }

  #variants({ field, typed, at, label, change }: Shown<'variants', TypedOf<'variants'>>) {
    const { chosen = -1 } = typed;
    const option = field.options[chosen];
    const place = `${at}.${chosen}`;
    const choose = (event: Event): void => {
      const { value } = event.target as HTMLSelectElement;
      const index = value === '' ? undefined : Number(value);
      const started =
        index === undefined
          ? typed.options
          : field.options.map((inner, each) => typed.options[each] ?? (each === index ? openedOf(inner) : undefined));
      this.#form.touched(at);
      change({ ...typed, chosen: index, options: started });
    };
    const part = (inner: Typed): void => change({ ...typed, options: typed.options.with(chosen, inner) });
    const value = typed.options[chosen] ?? '';
    const kind = agentStrings.kindOf(label);
    return html`<div class="field">
        <label for="field-${at}-kind">${kind}</label>
        <select id="field-${at}-kind" @change=${choose}>
          ${field.required && !field.nullable ? nothing : html`<option value="" .selected=${chosen < 0}></option>`}
          ${field.options.map((each, index) => html`<option value=${index} .selected=${index === chosen}>${each.label}</option>`)}
        </select>
      </div>
      ${option === undefined ? nothing : option.kind === 'object' && typeof value !== 'string' && value.kind === 'object' ? this.parts(option, value, place, part) : this.field(option, value, place, part)}`;
  }

  #control({ field, at, label, change }: Shown): Control {
    return {
      id: `field-${at}`,
      label,
      isRequired: field.required,
      isInvalid: this.#form.problemAt(at) !== undefined,
      describedBy: this.#describedBy(field, at),
      change: (typed) => {
        this.#form.touched(at);
        change(typed);
      },
    };
  }

  #notes(field: Field) {
    const isEmptyNull = field.required && field.nullable && !['list', 'choices', 'choice', 'json'].includes(field.kind);
    const notes = [
      field.required ? [] : agentStrings.optional,
      field.kind === 'json' ? agentStrings.asJson : [],
      isEmptyNull ? agentStrings.emptyIsNull : [],
    ].flat();
    return notes.length === 0 ? nothing : html` <span class="soft">(${notes.join(', ')})</span>`;
  }

  #about(field: Field, at: string) {
    return field.description ? html`<p class="tiny soft" id="field-${at}-about">${field.description}</p>` : nothing;
  }

  #describedBy(field: Field, at: string): string | typeof nothing {
    const parts = [field.description ? `field-${at}-about` : [], this.#form.problemAt(at) ? `field-${at}-problem` : []].flat();
    return parts.length === 0 ? nothing : parts.join(' ');
  }

  #problem(at: string) {
    const problem = this.#form.problemAt(at);
    return problem ? html`<p class="bad" id="field-${at}-problem">${problem.text}</p>` : nothing;
  }
}
