import { css, html, LitElement, type PropertyValues } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { shared } from '../styles/shared.ts';
import { strings } from '../strings.ts';
import { icon } from './icons.ts';

/**
 * A modal dialog: named by its heading, closed by Escape, by its button, and (unless it asks a question) by a click beside it.
 * Fires `close` when it is closed, whichever way.
 */
@customElement('parley-dialog')
export class ParleyDialog extends LitElement {
  @property() heading = '';
  @property({ type: Boolean, reflect: true }) open = false;
  /** A question: only its buttons answer it. */
  @property({ type: Boolean }) question = false;
  @query('dialog') private readonly dialog!: HTMLDialogElement;

  static override styles = [
    shared,
    css`
      :host {
        display: contents;
      }
      dialog {
        width: min(440px, calc(100vw - 24px));
        max-height: min(720px, calc(100dvh - 24px));
        margin: auto;
        padding: 0;
        border: 0;
        border-radius: var(--r3);
        background: var(--sheet);
        color: var(--ink);
        box-shadow: var(--shadow);
        overflow: hidden;
      }
      dialog[open] {
        display: flex;
        flex-direction: column;
        animation: rise var(--calm) ease-out;
      }
      dialog::backdrop {
        background: var(--veil);
      }
      header {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--s2);
        padding: 16px 12px 4px 20px;
      }
      .content {
        padding: 8px 20px 20px;
        overflow: auto;
      }
      @keyframes rise {
        from {
          opacity: 0;
          transform: translateY(8px);
        }
      }
    `,
  ];

  override render() {
    return html`<dialog aria-labelledby="heading" @close=${this.#closed} @cancel=${this.#cancelled} @click=${this.#clicked}>
      <header>
        <h2 id="heading">${this.heading}</h2>
        ${this.question ? '' : html`<button class="icon-btn" aria-label=${strings.close} @click=${() => this.dialog.close()}>${icon('close')}</button>`}
      </header>
      <div class="content"><slot></slot></div>
    </dialog>`;
  }

  override updated(changed: PropertyValues<this>): void {
    if (!changed.has('open')) return;
    if (this.open && !this.dialog.open) this.dialog.showModal();
    if (!this.open && this.dialog.open) this.dialog.close();
  }

  readonly #closed = (): void => {
    this.open = false;
    this.dispatchEvent(new CustomEvent('close'));
  };

  readonly #cancelled = (event: Event): void => {
    if (this.question) event.preventDefault();
  };

  readonly #clicked = (event: MouseEvent): void => {
    if (event.target === this.dialog && !this.question) this.dialog.close();
  };
}
