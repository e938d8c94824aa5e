import { css, html } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { copyText } from '../elements/clipboard.ts';
import { modal, modalStyles } from '../elements/dialog.ts';
import { icon } from '../elements/icons.ts';
import { ModelElement } from '../elements/model-element.ts';
import { qrPicture, qrStyles } from '../elements/qr-picture.ts';
import { strings } from '../strings.ts';
import { dialogHost } from '../styles/dialogs.ts';
import { shared } from '../styles/shared.ts';

/** The link that brings somebody in, as text to copy and as a picture to scan. */
@customElement('parley-invite-dialog')
export class InviteDialog extends ModelElement {
  @property({ type: Boolean }) open = false;
  @query('input') private readonly field!: HTMLInputElement;

  static override styles = [
    shared,
    modalStyles,
    dialogHost,
    qrStyles,
    css`
      .stack {
        gap: var(--s4);
      }
      .qr {
        width: min(232px, 70vw);
      }
      .row {
        display: flex;
        gap: var(--s2);
      }
    `,
  ];

  override render() {
    const network = this.model.currentNetwork.value;
    return modal({
      heading: strings.invitePeople,
      open: this.open,
      onClose: this.#closed,
      content: () => this.#content(this.model.inviteLink(), network.private),
    });
  }

  #content(link: string, isPrivate: boolean) {
    return html`<div class="stack">
      <p class="soft small">${isPrivate ? strings.invitePrivateText : strings.inviteText}</p>
      <div class="qr" role="img" aria-label=${strings.inviteQrCode}>${qrPicture(link)}</div>
      <div class="row">
        <input type="text" readonly aria-label=${strings.inviteLink} .value=${link} @focus=${() => this.field.select()} />
        <button class="btn go" @click=${() => copyText(this.model, link, this.field)}>${icon('copy', 18)}${strings.copy}</button>
      </div>
      ${'share' in navigator ? html`<button class="btn" @click=${() => this.#share(link)}>${strings.share}</button>` : ''}
      ${this.model.network.value.mode === 'centralised' ? '' : html`<button class="btn quiet" @click=${() => this.dispatchEvent(new CustomEvent('join'))}>${strings.joinWithoutServer}</button>`}
    </div>`;
  }

  async #share(link: string): Promise<void> {
    await navigator.share({ title: strings.appName, url: link }).catch(() => {
      // Closing the share sheet is no failure.
    });
  }

  readonly #closed = (): void => {
    this.dispatchEvent(new CustomEvent('close'));
  };
}
