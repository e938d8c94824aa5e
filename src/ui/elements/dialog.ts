import { css, html, nothing, type ElementPart, type TemplateResult } from 'lit';
import { directive, Directive, PartType, type PartInfo } from 'lit/directive.js';
import { strings } from '../strings.ts';
import { icon } from './icons.ts';

export type ModalOptions = {
  readonly heading: string;
  readonly open: boolean;
  /** A question: only its buttons answer it, whatever else closes dialogs (a second Escape, the way back of a phone), and none of them has the focus. */
  readonly question?: boolean;
  /** Closed by Escape, by its button, or by a click beside it. */
  onClose?(): void;
  readonly content: () => unknown;
};

/**
 * A modal dialog in the component's own shadow root (so that what is in it is a descendant of it, for automation too), named by its
 * heading. Its component needs {@link modalStyles}.
 */
export function modal(options: ModalOptions): TemplateResult {
  const { heading, open, question = false, onClose, content } = options;
  const dialogOf = (event: Event): HTMLDialogElement => (event.currentTarget as HTMLElement).closest('dialog')!;
  const closed = (dialog: HTMLDialogElement): void => {
    // `close` comes in a task of its own: the dialog may be wanted again by then, which is why `beforetoggle` tells first.
    if (dialog.open) return;
    if (question && open) dialog.showModal();
    else if (open) onClose?.();
  };
  return html`<dialog
    ${opened(open)}
    aria-label=${heading}
    @beforetoggle=${(event: ToggleEvent) => !question && event.newState === 'closed' && onClose?.()}
    @close=${(event: Event) => closed(dialogOf(event))}
    @cancel=${(event: Event) => question && event.preventDefault()}
    @keydown=${(event: KeyboardEvent) => question && event.key === 'Escape' && event.preventDefault()}
    @click=${(event: MouseEvent) => !question && event.target === event.currentTarget && dialogOf(event).close()}
  >
    <header class="modal-head">
      <h2 tabindex=${question ? '-1' : nothing} ?autofocus=${question}>${heading}</h2>
      ${question ? nothing : html`<button class="icon-btn" aria-label=${strings.close} @click=${(event: Event) => dialogOf(event).close()}>${icon('close')}</button>`}
    </header>
    <div class="modal-content">${open ? content() : nothing}</div>
  </dialog>`;
}

/** Shows a `<dialog>` as a modal, or closes it: there is no attribute for that. */
class OpenedDirective extends Directive {
  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error('`opened` stands on the element itself.');
  }

  render(_open: boolean): void {}

  override update(part: ElementPart, [open]: [boolean]): void {
    const dialog = part.element as HTMLDialogElement;
    // The content is rendered after this part: the focus goes into it once it is there.
    queueMicrotask(() => {
      if (open && !dialog.open && dialog.isConnected) dialog.showModal();
      if (!open && dialog.open) dialog.close();
    });
  }
}

const opened = directive(OpenedDirective);

export const modalStyles = css`
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
  header.modal-head {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: var(--s2);
    margin: 0;
    padding: 16px 12px 4px 20px;
  }
  .modal-head h2:focus {
    outline: none;
  }
  .modal-content {
    padding: 8px 20px 20px;
    overflow: auto;
  }
  @keyframes rise {
    from {
      opacity: 0;
      transform: translateY(8px);
    }
  }
`;
