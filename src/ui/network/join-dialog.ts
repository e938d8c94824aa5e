import { css, html, nothing, type PropertyValues } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { JoinView } from '../../view/types.ts';
import { copyText } from '../elements/clipboard.ts';
import { modal, modalStyles } from '../elements/dialog.ts';
import { icon } from '../elements/icons.ts';
import { ModelElement } from '../elements/model-element.ts';
import { qrPicture, qrStyles } from '../elements/qr-picture.ts';
import { networkStrings } from '../network-strings.ts';
import { problemText, strings } from '../strings.ts';
import { dialogHost } from '../styles/dialogs.ts';
import { shared } from '../styles/shared.ts';
import { canScan, scanCode } from './code-scanner.ts';

/** Two people exchange codes, and are linked without any server. Closing it while a code is out lets the code live on. */
@customElement('parley-join-dialog')
export class JoinDialog extends ModelElement {
  @property({ type: Boolean }) open = false;
  @state() private scanning: AbortController | undefined;
  @state() private isCameraMissing = false;
  @query('textarea.theirs') private readonly theirs!: HTMLTextAreaElement | null;
  @query('textarea.yours') private readonly yours!: HTMLTextAreaElement | null;
  @query('video') private readonly video!: HTMLVideoElement | null;

  static override styles = [
    shared,
    modalStyles,
    dialogHost,
    qrStyles,
    css`
      form {
        display: grid;
        gap: var(--s3);
      }
      .stack {
        gap: var(--s4);
      }
      .qr {
        width: min(300px, 76vw);
      }
      textarea {
        resize: none;
        font-family: var(--font-mono);
        font-size: var(--t-xs);
        overflow-wrap: anywhere;
      }
      label {
        display: grid;
        gap: var(--s1);
        font-weight: 600;
      }
      video {
        width: 100%;
        border-radius: var(--r2);
        background: var(--raise);
      }
    `,
  ];

  override render() {
    return modal({ heading: strings.joinWithoutServer, open: this.open, onClose: this.#closed, content: () => this.#content(this.model.join.value) });
  }

  override updated(changed: PropertyValues): void {
    super.updated(changed);
    if (!this.open) this.scanning?.abort();
  }

  #content(join: JoinView) {
    return html`<div class="stack">
      <div role="status">${this.#status(join)}</div>
      ${join.problem ? html`<p class="note bad" role="alert">${problemText(join.problem)}</p>` : nothing}
      ${join.step === 'idle' ? html`<button class="btn go" @click=${() => this.model.beginJoin()}>${networkStrings.joinMake}</button><p class="small soft">${networkStrings.joinOr}</p>` : nothing}
      ${join.step === 'showing' && join.code !== undefined ? this.#code(join.code) : nothing}
      ${join.step === 'idle' || (join.step === 'showing' && join.side === 'offer') ? this.#paste() : nothing}
      ${join.step === 'idle' || join.step === 'preparing' ? nothing : html`<div class="btns"><button class="btn quiet" @click=${() => this.model.cancelJoin()}>${networkStrings.joinAgain}</button></div>`}
    </div>`;
  }

  #status({ step, side, person }: JoinView) {
    const name = person?.name ?? networkStrings.theOther;
    switch (step) {
      case 'idle':
        return html`<p class="small soft">${networkStrings.joinText}</p>`;
      case 'preparing':
        return html`<p class="small soft">${networkStrings.joinPreparing}</p>`;
      case 'showing':
        return html`<p class="small soft">${side === 'offer' ? networkStrings.joinGive : networkStrings.joinAnswer(name)}</p>`;
      case 'connecting':
        return html`<p class="small soft">${networkStrings.joinConnecting}</p>`;
      case 'linked':
        return html`<p>${networkStrings.joinLinked(name)}</p>`;
    }
  }

  #code(code: string) {
    return html`<div class="qr" role="img" aria-label=${networkStrings.joinQr}>${qrPicture(code)}</div>
      <label>${networkStrings.joinYours}<textarea class="yours" readonly rows="4" .value=${code} @focus=${() => this.yours?.select()}></textarea></label>
      <button class="btn go" @click=${() => copyText(this.model, code, this.yours)}>${icon('copy', 18)}${strings.copy}</button>`;
  }

  #paste() {
    return html`<form @submit=${this.#use}>
      <label>${networkStrings.joinTheirs}<textarea class="theirs" rows="3" autocomplete="off" spellcheck="false"></textarea></label>
      ${this.scanning ? html`<video muted playsinline></video>` : nothing}
      ${this.isCameraMissing ? html`<p class="small">${networkStrings.joinNoCamera}</p>` : nothing}
      <div class="btns">
        <button class="btn go">${networkStrings.joinUse}</button>
        ${canScan() ? html`<button class="btn" type="button" @click=${this.#scan}>${this.scanning ? networkStrings.joinStopScan : networkStrings.joinScan}</button>` : nothing}
      </div>
    </form>`;
  }

  readonly #use = (event: Event): void => {
    event.preventDefault();
    const field = this.theirs;
    if (!field) return;
    this.model.pasteJoinCode(field.value);
    field.value = '';
  };

  readonly #scan = async (): Promise<void> => {
    if (this.scanning) return this.scanning.abort();
    const scanning = new AbortController();
    this.scanning = scanning;
    this.isCameraMissing = false;
    await this.updateComplete;
    try {
      const text = this.video ? await scanCode(this.video, scanning.signal) : undefined;
      if (text !== undefined) this.model.pasteJoinCode(text);
    } catch {
      this.isCameraMissing = true;
    } finally {
      this.scanning = undefined;
    }
  };

  readonly #closed = (): void => {
    this.scanning?.abort();
    this.dispatchEvent(new CustomEvent('close'));
  };
}
