import { css, html } from 'lit';
import { customElement } from 'lit/decorators.js';
import type { NoticeView } from '../../view/types.ts';
import { icon } from '../elements/icons.ts';
import { ModelElement } from '../elements/model-element.ts';
import { noticeText, strings } from '../strings.ts';
import { shared } from '../styles/shared.ts';

/** How long a passing line stays; one with a decision stays until it is answered. */
const PASSING_MS = 6_000;

/** Passing lines at the foot of the screen, told to assistive technology politely. */
@customElement('parley-notices')
export class NoticeBar extends ModelElement {
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  static override styles = [
    shared,
    css`
      :host {
        position: fixed;
        z-index: 5;
        left: calc(200px + 50%);
        bottom: 100px;
        translate: -50% 0;
        width: max-content;
        max-width: min(480px, calc(100vw - 24px));
        pointer-events: none;
      }
      p {
        display: flex;
        align-items: center;
        gap: var(--s3);
        margin-top: var(--s2);
        padding: 10px 8px 10px 16px;
        border-radius: var(--r2);
        background: var(--ink);
        color: var(--sheet);
        box-shadow: var(--shadow);
        font-size: var(--t-s);
        pointer-events: auto;
      }
      p span {
        flex: 1;
      }
      p .btn {
        color: var(--ink);
      }
      @media (max-width: 1000px) {
        :host {
          left: 50%;
        }
      }
      @media (max-width: 700px) {
        :host {
          bottom: calc(152px + env(safe-area-inset-bottom));
        }
      }
      p .icon-btn {
        color: inherit;
      }
      p .icon-btn:hover {
        background: none;
      }
    `,
  ];

  override render() {
    return html`<div role="log" aria-label=${strings.notices}>
      ${this.model.notices.value.map((notice) => this.#line(notice))}
    </div>`;
  }

  override updated(): void {
    for (const { id, kind } of this.model.notices.value) {
      if (kind === 'update' || this.#timers.has(id)) continue;
      this.#timers.set(
        id,
        setTimeout(() => {
          this.#timers.delete(id);
          this.model.dismissNotice(id);
        }, PASSING_MS),
      );
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #line(notice: NoticeView) {
    return html`<p>
      <span>${noticeText(notice)}</span>
      ${notice.kind === 'update' ? html`<button class="btn" @click=${() => this.model.applyUpdate()}>${strings.updateNow}</button>` : ''}
      <button class="icon-btn" aria-label=${strings.dismiss} @click=${() => this.model.dismissNotice(notice.id)}>${icon('close', 18)}</button>
    </p>`;
  }
}
