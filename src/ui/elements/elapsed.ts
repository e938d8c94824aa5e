import { html, LitElement } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { milliseconds } from '../format.ts';

/** How long something has been going on, second by second. Not told by assistive technology, which would say nothing else. */
@customElement('parley-elapsed')
export class Elapsed extends LitElement {
  /** Unix milliseconds. */
  @property({ type: Number }) since = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.ariaHidden = 'true';
    this.#timer = setInterval(() => this.requestUpdate(), 1_000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  override render() {
    return html`${milliseconds(Math.floor(Math.max(0, Date.now() - this.since) / 1_000) * 1_000 || 0)}`;
  }
}
