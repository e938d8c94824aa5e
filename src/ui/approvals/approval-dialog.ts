import { css, html, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import type { ApprovalView } from '../../view/types.ts';
import { argumentList, argumentStyles } from '../elements/argument-list.ts';
import { modal, modalStyles } from '../elements/dialog.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { strings } from '../strings.ts';
import { shared } from '../styles/shared.ts';

const WANTS: Record<ApprovalView['kind'], string> = {
  tool: strings.wantsToCall,
  resource: strings.wantsToRead,
  prompt: strings.wantsPrompt,
  method: strings.wantsMethod,
};

/** Asks the owner before somebody else's call runs; everything that the call would do is on the screen. */
@customElement('parley-approval-dialog')
export class ApprovalDialog extends ModelElement {
  static override styles = [
    shared,
    modalStyles,
    argumentStyles,
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
      .who p {
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .who b {
        font: 600 1em / 1.4 var(--font-text);
      }
      .who code {
        font-weight: 600;
      }
      .arguments {
        border-radius: var(--r2);
      }
      /* However much is asked for, the answers are in sight. */
      .answers {
        position: sticky;
        bottom: -20px;
        margin-bottom: -20px;
        padding: var(--s2) 0 20px;
        background: var(--sheet);
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
    const answer = (kind: 'once' | 'hour' | 'always' | 'refuse') => () => this.model.answerApproval(approval.id, kind);
    return html`<div class="stack">
      <div class="who">${sigil(approval.caller.sigil, 40)}<p><b>${approval.caller.name}</b> ${WANTS[approval.kind]} <code>${approval.tool}</code> ${strings.ofYourAgent(approval.agent.title)}</p></div>
      ${approval.toolDescription ? html`<p class="small soft">${approval.toolDescription}</p>` : nothing}
      ${Object.keys(approval.arguments).length === 0 ? html`<p class="small">${strings.withNoArguments}</p>` : html`<h3>${strings.withArguments}</h3>${argumentList(approval.arguments)}`}
      ${approval.caller.verified ? nothing : html`<p class="note">${approval.relation === 'everyone' ? `${strings.strangerCaller} ` : ''}${strings.notVerifiedCaller}</p>`}
      <p class="tiny soft">${approval.kind === 'resource' ? `${strings.readsAll} ` : ''}${strings.alwaysAllowText}</p>
      ${more > 0 ? html`<p class="tiny faint">${strings.moreWaiting(more)}</p>` : nothing}
      <div class="btns answers">
        <button class="btn go" @click=${answer('once')}>${strings.allowOnce}</button>
        <button class="btn" @click=${answer('hour')}>${strings.allowForAnHour}</button>
        <button class="btn" @click=${answer('always')}>${strings.alwaysAllow}</button>
        <button class="btn" @click=${answer('refuse')}>${strings.refuse}</button>
      </div>
    </div>`;
  }
}
