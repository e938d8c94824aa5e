import { css, html, nothing, type PropertyValues } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { QuestionAnswerView, QuestionView } from '../../view/trust-types.ts';
import { modal, modalStyles } from '../elements/dialog.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { dialogHost, questionStyles } from '../styles/dialogs.ts';
import { shared } from '../styles/shared.ts';
import { trustStrings as words } from '../trust-strings.ts';
import { initialTyped, questionContent, questionFields, type QuestionField, type QuestionProblem, type QuestionTyped } from './question-fields.ts';

/** What an agent that I called asks back. Only the answer's buttons send anything, and a page is opened only by its button. */
@customElement('parley-question-dialog')
export class QuestionDialog extends ModelElement {
  @state() private typed: Readonly<Record<string, QuestionTyped>> = {};
  @state() private problems: ReadonlyMap<string, QuestionProblem> = new Map();
  @state() private text = '';
  @state() private isOpened = false;
  #shown: string | undefined;

  static override styles = [
    shared,
    modalStyles,
    dialogHost,
    questionStyles,
    css`
      .fields,
      .field {
        display: grid;
        gap: var(--s3);
      }
      .field {
        gap: 4px;
      }
      .words {
        max-height: 30vh;
        overflow: auto;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .choice {
        display: flex;
        gap: 8px;
        align-items: center;
        min-height: 28px;
      }
      .problem {
        color: var(--rose);
      }
      .address {
        overflow-wrap: anywhere;
        font-variant-ligatures: none;
      }
      .host {
        font-size: 1.1em;
        font-weight: 600;
      }
    `,
  ];

  override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed);
    const question = this.#question;
    if (question?.id === this.#shown) return;
    this.#shown = question?.id;
    this.problems = new Map();
    this.text = '';
    this.isOpened = false;
    this.typed =
      question?.content.kind === 'form'
        ? Object.fromEntries(questionFields(question.content.schema).map((field) => [field.name, initialTyped(field)]))
        : {};
  }

  get #question(): QuestionView | undefined {
    return this.model.trust.value?.questions.value[0];
  }

  override render() {
    const question = this.#question;
    return modal({ heading: words.agentAsks, question: true, open: question !== undefined, content: () => question && this.#content(question) });
  }

  #content(question: QuestionView) {
    const { agent } = question;
    return html`<div class="stack">
      <div class="who">${sigil(agent.sigil, 40)}<p class="small">${words.agentAsksText(agent.title, agent.owner.name)}</p></div>
      ${this.#ask(question)}
    </div>`;
  }

  #ask(question: QuestionView) {
    const { content } = question;
    switch (content.kind) {
      case 'form':
        return this.#form(question, content.message, questionFields(content.schema));
      case 'url':
        return this.#page(question, content);
      case 'sampling':
        return html`<p class="small">${words.samplingText}</p>
          ${content.system ? html`<h3>${words.samplingSystem}</h3><p class="words small" tabindex="0">${content.system}</p>` : nothing}
          <div class="words small" tabindex="0">${content.messages.map(({ role, text }) => html`<p><b>${role}</b> ${text}</p>`)}</div>
          ${this.#textarea(words.yourAnswer)}
          ${this.#answers(question, () => this.text.trim() !== '' && this.#send(question, { action: 'accept', text: this.text }))}`;
      case 'roots':
        return html`<p class="small">${words.rootsText}</p>
          ${this.#textarea(words.folders)}
          ${this.#answers(question, () =>
            this.#send(question, {
              action: 'accept',
              uris: this.text
                .split('\n')
                .map((line) => line.trim())
                .filter((line) => line.startsWith('file://')),
            }),
          )}`;
    }
  }

  #page(question: QuestionView, { message, url, host, waits }: Extract<QuestionView['content'], { kind: 'url' }>) {
    const open = (): void => {
      window.open(url, '_blank', 'noopener,noreferrer');
      if (waits) this.isOpened = true;
      else this.#send(question, { action: 'accept' });
    };
    return html`<p class="words" tabindex="0">${message}</p>
      <p>${words.opensAt} <span class="host mono address">${host}</span></p>
      <p class="small soft address">${words.wholeAddress}: <span class="mono">${url}</span></p>
      ${url.startsWith('http:') ? html`<p class="note bad">${words.notSecure}</p>` : nothing}
      <p class="small">${words.pageText}</p>
      <div class="btns answers">
        ${this.isOpened ? html`<button class="btn go" @click=${() => this.#send(question, { action: 'accept' })}>${words.donePage}</button>` : html`<button class="btn go" @click=${open}>${words.openPage}</button>`}
        ${this.#refusals(question)}
      </div>`;
  }

  #form(question: QuestionView, message: string, fields: readonly QuestionField[]) {
    return html`<p class="words" tabindex="0">${message}</p>
      <form
        class="fields"
        novalidate
        @submit=${(event: Event) => {
          event.preventDefault();
          this.#submit(question, fields);
        }}
      >
        ${fields.map((field, index) => this.#field(field, `field-${index}`))}
        <div class="btns answers"><button class="btn go">${words.answer}</button>${this.#refusals(question)}</div>
      </form>`;
  }

  #submit(question: QuestionView, fields: readonly QuestionField[]): void {
    const outcome = questionContent(fields, this.typed);
    if ('content' in outcome) return this.#send(question, { action: 'accept', content: outcome.content });
    this.problems = outcome.problems;
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
  }

  #field(field: QuestionField, id: string) {
    const problem = this.problems.get(field.name);
    const described = [field.description ? `${id}-about` : '', problem ? `${id}-problem` : ''].filter(Boolean).join(' ') || nothing;
    const type = (value: QuestionTyped): void => void (this.typed = { ...this.typed, [field.name]: value });
    const about = html`${field.description ? html`<p class="tiny soft" id="${id}-about">${field.description}</p>` : nothing}
      ${problem ? html`<p class="small problem" id="${id}-problem">${problemText(problem, field)}</p>` : nothing}`;
    const name = html`${field.label}${field.isRequired || field.kind === 'boolean' ? nothing : html` <span class="faint">(${words.optional})</span>`}`;
    const typed = this.typed[field.name] ?? field.initial;
    switch (field.kind) {
      case 'boolean':
        return html`<div class="field"><label class="choice"><input type="checkbox" aria-describedby=${described} .checked=${typed === true} @change=${(event: Event) => type((event.target as HTMLInputElement).checked)} />${name}</label>${about}</div>`;
      case 'choice':
        return html`<div class="field"><label for=${id}>${name}</label>
          <select id=${id} aria-describedby=${described} aria-invalid=${problem ? 'true' : nothing} @change=${(event: Event) => type((event.target as HTMLSelectElement).value)}>
            <option value="" ?selected=${typed === ''}>${words.choose}</option>
            ${field.options.map(({ value, label }) => html`<option value=${value} ?selected=${typed === value}>${label}</option>`)}
          </select>${about}</div>`;
      case 'choices': {
        const chosen = Array.isArray(typed) ? (typed as readonly string[]) : [];
        const toggle = (value: string) => (event: Event) =>
          type((event.target as HTMLInputElement).checked ? [...chosen, value] : chosen.filter((other) => other !== value));
        return html`<fieldset class="field" tabindex="-1" aria-describedby=${described} aria-invalid=${problem ? 'true' : nothing}><legend>${name}</legend>
          ${field.options.map(({ value, label }) => html`<label class="choice"><input type="checkbox" .checked=${chosen.includes(value)} @change=${toggle(value)} />${label}</label>`)}${about}</fieldset>`;
      }
      default:
        return html`<div class="field"><label for=${id}>${name}</label>
          <input id=${id} type=${field.kind === 'number' ? 'text' : field.input} inputmode=${field.kind === 'number' ? 'decimal' : nothing} aria-describedby=${described} aria-invalid=${problem ? 'true' : nothing} aria-required=${field.isRequired ? 'true' : 'false'} autocomplete="off" .value=${String(typed)} @input=${(event: Event) => type((event.target as HTMLInputElement).value)} />
          ${about}</div>`;
    }
  }

  #textarea(label: string) {
    return html`<div class="field"><label for="text">${label}</label><textarea id="text" rows="4" .value=${this.text} @input=${(event: Event) => (this.text = (event.target as HTMLTextAreaElement).value)}></textarea></div>`;
  }

  #answers(question: QuestionView, send: () => unknown) {
    return html`<div class="btns answers"><button class="btn go" @click=${send}>${words.answer}</button>${this.#refusals(question)}</div>`;
  }

  #refusals(question: QuestionView) {
    return html`<button type="button" class="btn" @click=${() => this.#send(question, { action: 'decline' })}>${words.decline}</button>
      <button type="button" class="btn quiet" @click=${() => this.#send(question, { action: 'cancel' })}>${words.cancelQuestion}</button>`;
  }

  #send({ id }: QuestionView, answer: QuestionAnswerView): void {
    this.model.trust.value?.answerQuestion(id, answer);
  }
}

function problemText(problem: QuestionProblem, field: QuestionField): string {
  switch (problem) {
    case 'required':
      return words.required;
    case 'number':
      return words.notANumber;
    case 'range':
      return field.kind === 'choices'
        ? words.outOfRange(field.minItems, field.maxItems)
        : field.kind === 'number'
          ? words.outOfRange(field.minimum, field.maximum)
          : '';
    case 'length':
      return field.kind === 'text' ? words.wrongLength(field.minLength, field.maxLength) : '';
    case 'format':
      return words.wrongFormat;
  }
}
