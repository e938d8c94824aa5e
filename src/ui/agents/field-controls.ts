import { html, nothing, type TemplateResult } from 'lit';
import { base64, base64urlnopad } from '@scure/base';
import type { ResultBlockView } from '../../view/types.ts';
import { icon } from '../elements/icons.ts';
import { bytes } from '../format.ts';
import { agentStrings } from '../agent-strings.ts';
import type { Field, FieldOf } from './field.ts';
import { sizeOfText, textOfFile } from './file-text.ts';
import { FORMAT_EXAMPLES, INPUT_MODES, pickedText, PICKERS } from './formats.ts';
import type { Changed, Typed, TypedOf } from './typed.ts';
import './result-view.ts';

/** What every control has, whatever it asks for. */
export type Control = {
  readonly id: string;
  readonly label: string;
  readonly isRequired: boolean;
  readonly isInvalid: boolean;
  readonly describedBy: string | typeof nothing;
  readonly change: Changed;
};

/** The control of a field that holds one text. */
export function control(to: Control, field: Field, value: string): TemplateResult {
  switch (field.kind) {
    case 'boolean':
      return html`<input id=${to.id} type="checkbox" .checked=${value === 'true'} .indeterminate=${value === '' && !field.required} aria-describedby=${to.describedBy} @change=${(event: Event) => to.change(String((event.target as HTMLInputElement).checked))} />`;
    case 'choice':
      return choice(to, field, value);
    case 'long-text':
    case 'json':
      return textArea(to, value, field.kind);
    case 'number':
    case 'integer':
      return input(to, value, { mode: field.kind === 'integer' && (field.min ?? -1) >= 0 ? 'numeric' : 'decimal', hint: field.example });
    default:
      return text(to, field as FieldOf<'text' | 'long-text'>, value);
  }
}

/** Text of several lines; `name` is one line. */
export function textArea(to: Control, value: string, kind: 'long-text' | 'json' | 'name'): TemplateResult {
  if (kind === 'name') return input(to, value, {});
  return html`<textarea id=${to.id} class=${kind} rows="2" .value=${value} ?required=${to.isRequired} spellcheck=${kind === 'json' ? 'false' : nothing} aria-describedby=${to.describedBy} aria-invalid=${to.isInvalid ? 'true' : nothing} @input=${typedInto(to)}></textarea>`;
}

function choice(to: Control, { choices, nullable }: FieldOf<'choice'>, value: string): TemplateResult {
  return html`<select id=${to.id} aria-describedby=${to.describedBy} aria-invalid=${to.isInvalid ? 'true' : nothing} @change=${typedInto(to)}>
    <option value="" .selected=${value === ''}>${nullable && to.isRequired ? 'null' : ''}</option>
    ${choices.map((each) => html`<option value=${JSON.stringify(each.value)} .selected=${value === JSON.stringify(each.value)}>${each.label}</option>`)}
  </select>`;
}

function input(to: Control, value: string, { mode, hint }: { readonly mode?: string | undefined; readonly hint?: string }): TemplateResult {
  return html`<input id=${to.id} type="text" inputmode=${mode ?? nothing} placeholder=${hint || nothing} autocomplete="off" .value=${value} ?required=${to.isRequired} aria-describedby=${to.describedBy} aria-invalid=${to.isInvalid ? 'true' : nothing} @input=${typedInto(to)} />`;
}

/** Dates and times can be picked; what is typed stays as it is typed, which a calendar of the browser would not allow. */
function text(to: Control, { format = '', example }: FieldOf<'text' | 'long-text'>, value: string): TemplateResult {
  const drawn = input(to, value, { mode: INPUT_MODES[format], hint: example || FORMAT_EXAMPLES[format] || '' });
  const picker = Object.hasOwn(PICKERS, format) ? PICKERS[format] : undefined;
  if (!picker || !('showPicker' in HTMLInputElement.prototype)) return drawn;
  const pick = (event: Event): void => (event.currentTarget as HTMLElement).parentElement?.querySelector<HTMLInputElement>('.picker')?.showPicker();
  const picked = (event: Event): void => to.change(pickedText(format, (event.target as HTMLInputElement).value));
  return html`<div class="picked">${drawn}<button type="button" class="icon-btn" aria-label=${agentStrings.pickDate(to.label)} @click=${pick}>${icon('calendar', 18)}</button><input class="picker" type=${picker} tabindex="-1" aria-hidden="true" @change=${picked} /></div>`;
}

/** Chooses a file, and shows what was chosen. */
export function fileControl(to: Control, field: FieldOf<'file'>, typed: Typed, report: (text: string) => void): TemplateResult {
  const choose = async (event: Event): Promise<void> => {
    const [file] = (event.target as HTMLInputElement).files ?? [];
    if (!file) return;
    try {
      to.change({ kind: 'file', data: await textOfFile(file, field.encoding), fileName: file.name });
    } catch (thrown) {
      report((thrown as Error).message);
    }
  };
  const isChosen = typeof typed !== 'string' && typed.kind === 'file';
  return html`<input id=${to.id} type="file" accept=${field.accept ?? nothing} aria-describedby=${to.describedBy} aria-invalid=${to.isInvalid ? 'true' : nothing} @change=${choose} />
    ${isChosen ? chosenFile(to, field, typed) : nothing}`;
}

function chosenFile(to: Control, field: FieldOf<'file'>, typed: TypedOf<'file'>): TemplateResult {
  const picture = pictureOf(typed, field);
  return html`<div class="chosen">
    <span class="small soft">${agentStrings.fileSize(typed.fileName, bytes(sizeOfText(typed.data)))}</span>
    <button type="button" class="icon-btn" aria-label=${agentStrings.leaveOut(to.label)} @click=${(event: Event) => leaveOut(to, event)}>${icon('close', 18)}</button>
    ${picture.length > 0 ? html`<parley-result .blocks=${picture}></parley-result>` : nothing}
  </div>`;
}

/** The browser keeps the name of a file in its control, which would not change when the same one is chosen again. */
function leaveOut(to: Control, event: Event): void {
  const chooser = (event.currentTarget as HTMLElement).closest('.field')?.querySelector<HTMLInputElement>('input[type=file]');
  if (chooser) chooser.value = '';
  to.change('');
  chooser?.focus();
}

const pictures = new WeakMap<TypedOf<'file'>, readonly ResultBlockView[]>();
const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'];

function pictureOf(typed: TypedOf<'file'>, { accept, encoding }: FieldOf<'file'>): readonly ResultBlockView[] {
  const known = pictures.get(typed);
  if (known) return known;
  const mimeType = PICTURE_TYPES.find((type) =>
    encoding === 'data-url' ? typed.data.startsWith(`data:${type};`) : type === accept || accept === 'image/*',
  );
  let blocks: readonly ResultBlockView[] = [];
  try {
    const coded = typed.data.slice(encoding === 'data-url' ? typed.data.indexOf(',') + 1 : 0);
    const data = (encoding === 'base64url' ? base64urlnopad : base64).decode(coded);
    if (mimeType) blocks = [{ kind: 'image', mimeType, data, alt: typed.fileName }];
  } catch {
    // What is no base64 has no picture; the tool will say so.
  }
  pictures.set(typed, blocks);
  return blocks;
}

function typedInto(to: Control): (event: Event) => void {
  return (event) => to.change((event.target as HTMLInputElement).value);
}
