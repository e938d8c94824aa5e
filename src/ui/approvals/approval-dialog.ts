import { css, html, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import type { ApprovalView } from '../../view/types.ts';
import { argumentText } from '../agents/call-card.ts';
import { modal, modalStyles } from '../elements/dialog.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { strings } from '../strings.ts';
import { shared } from '../styles/shared.ts';

/** Asks the owner before somebody else's call runs; everything that the call would do is on the screen. */
@customElement('parley-approval-dialog')
export class ApprovalDialog extends ModelElement {
  static override styles = [
    shared,
    modalStyles,
    css`
      :host {
        display: contents;
      }
      .stack {
        display: grid;
        gap: var(--s3);
      }
      .who {
        display: flex;
        gap: 12px;
        align-items: center;
      }
      .who b {
        font-family: var(--font-text);
      }
      dl {
        display: grid;
        grid-template-columns: max-content minmax(0, 1fr);
        gap: 4px 16px;
        padding: 10px 14px;
        font-size: var(--t-s);
        background: var(--ground);
        border-radius: var(--r2);
        max-height: 40vh;
        overflow: auto;
      }
      dt {
        color: var(--ink-3);
      }
      dd {
        font-family: var(--font-mono);
        font-size: 12.5px;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  ];

  override render() {
    const [first, ...more] = this.model.approvals.value;
    return modal({
      heading: strings.allowToolCall,
      question: true,
      open: first !== undefined,
      content: () => first && this.#question(first, more.length),
    });
  }

  #question(approval: ApprovalView, more: number) {
    const entries = Object.entries(approval.arguments);
    const answer = (kind: 'once' | 'always' | 'refuse') => () => this.model.answerApproval(approval.id, kind);
    return html`<div class="stack">
      <div class="who">${sigil(approval.caller.sigil, 40)}<p><b>${approval.caller.name}</b> ${strings.wantsToCall(approval.tool, approval.agent.title)}</p></div>
      ${approval.toolDescription ? html`<p class="small soft">${approval.toolDescription}</p>` : nothing}
      ${entries.length === 0 ? html`<p class="small">${strings.withNoArguments}</p>` : html`<h3>${strings.withArguments}</h3><dl tabindex="0">${entries.map(([name, value]) => html`<dt>${name}</dt><dd>${argumentText(value)}</dd>`)}</dl>`}
      ${approval.caller.verified ? nothing : html`<p class="note">${strings.notVerifiedCaller}</p>`}
      <div class="btns">
        <button class="btn go" @click=${answer('once')}>${strings.allowOnce}</button>
        <button class="btn" @click=${answer('always')}>${strings.alwaysAllow}</button>
        <button class="btn" @click=${answer('refuse')}>${strings.refuse}</button>
      </div>
      ${more > 0 ? html`<p class="tiny faint">${strings.moreWaiting(more)}</p>` : nothing}
    </div>`;
  }
}
