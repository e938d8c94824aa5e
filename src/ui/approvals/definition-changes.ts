import { css, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { DefinitionChangeView } from '../../view/trust-types.ts';
import { ModelElement } from '../elements/model-element.ts';
import { shared } from '../styles/shared.ts';
import { trustStrings as words } from '../trust-strings.ts';

const SIGNS = { same: ' ', removed: '−', added: '+' } as const;

/** What an agent says of itself differently from when it was accepted: line by line, and held back until it is accepted again. */
@customElement('parley-definition-changes')
export class DefinitionChanges extends ModelElement {
  @property({ attribute: false }) address!: string;

  static override styles = [
    shared,
    css`
      :host {
        display: contents;
      }
      .note {
        display: grid;
        gap: var(--s2);
      }
      .lines {
        max-height: 40vh;
        overflow: auto;
        padding: 8px 0;
        border: 1px solid var(--line);
        border-radius: var(--r2);
        background: var(--sheet);
        color: var(--ink);
        font-size: 12.5px;
        font-variant-ligatures: none;
      }
      .lines li {
        padding: 0 10px 0 26px;
        text-indent: -16px;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .removed {
        background: color-mix(in oklab, var(--rose) 16%, transparent);
      }
      .added {
        background: var(--accent-soft);
      }
    `,
  ];

  override render() {
    const changes = this.model.trust.value?.changes(this.address).value ?? [];
    if (changes.length === 0) return nothing;
    const accept = () =>
      this.model.trust.value?.acceptChanges(
        this.address,
        changes.map(({ hash }) => hash),
      );
    return html`<section class="note bad" aria-label=${words.changed}>
      <b>${words.changed}</b>
      <p class="small">${words.changedText}</p>
      ${changes.map((change, index) => this.#change(change, index))}
      <div><button class="btn" @click=${accept}>${words.accept}</button></div>
    </section>`;
  }

  #change({ kind, name, isNew, lines }: DefinitionChangeView, index: number) {
    const what = name === '' ? kind : `${kind} ${name}`;
    return html`<h2 class="small" id="change-${index}">${isNew ? words.isNew(what) : words.isChanged(what)}</h2>
      <ul class="lines mono" tabindex="0" aria-labelledby="change-${index}">${lines.map(({ sign, text }) => html`<li class=${sign}>${SIGNS[sign]}${sign === 'same' ? nothing : html`<span class="unseen">${sign === 'added' ? words.addedLine : words.removedLine}: </span>`} ${text}</li>`)}</ul>`;
  }
}
