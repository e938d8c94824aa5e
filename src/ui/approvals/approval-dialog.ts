import { html, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import type { AppModel, ApprovalView } from '../../view/types.ts';
import { argumentList, argumentStyles } from '../elements/argument-list.ts';
import { modal, modalStyles } from '../elements/dialog.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { modeStrings } from '../mode-strings.ts';
import { strings } from '../strings.ts';
import { dialogHost, questionStyles } from '../styles/dialogs.ts';
import { shared } from '../styles/shared.ts';
import { trustStrings as words } from '../trust-strings.ts';

const WANTS: Record<ApprovalView['kind'], string> = {
  tool: strings.wantsToCall,
  resource: strings.wantsToRead,
  prompt: strings.wantsPrompt,
  method: strings.wantsMethod,
};

/** Asks the owner before somebody else's call runs; everything that the call would do is on the screen. */
@customElement('parley-approval-dialog')
export class ApprovalDialog extends ModelElement {
  static override styles = [shared, modalStyles, dialogHost, argumentStyles, questionStyles];

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
    const answer = (kind: Parameters<AppModel['answerApproval']>[1]) => () => this.model.answerApproval(approval.id, kind);
    return html`<div class="stack">
      <div class="who">${sigil(approval.caller.sigil, 40)}<p><b>${approval.caller.name}</b>${approval.hasPlaintextClients ? html` <span class="badge">${modeStrings.plaintextClients}</span>` : nothing} ${WANTS[approval.kind]} <code>${approval.tool}</code> ${strings.ofYourAgent(approval.agent.title)}</p></div>
      ${approval.toolDescription ? html`<p class="small soft">${approval.toolDescription}</p>` : nothing}
      ${Object.keys(approval.arguments).length === 0 ? html`<p class="small">${strings.withNoArguments}</p>` : html`<h3>${strings.withArguments}</h3>${argumentList(approval.arguments)}`}
      ${approval.caller.verified ? nothing : html`<p class="note">${approval.relation === 'everyone' ? `${strings.strangerCaller} ` : ''}${strings.notVerifiedCaller}</p>`}
      ${approval.hasPlaintextClients ? html`<p class="note">${modeStrings.plaintextCaller}</p>` : nothing}
      ${approval.conversation === undefined ? nothing : html`<p class="small">${words.fromConversation(approval.caller.name)}</p>`}
      <p class="tiny soft">${approval.kind === 'resource' ? `${strings.readsAll} ` : ''}${strings.alwaysAllowText}</p>
      ${more > 0 ? html`<p class="tiny faint">${strings.moreWaiting(more)}</p>` : nothing}
      <div class="btns answers">
        <button class="btn go" @click=${answer('once')}>${strings.allowOnce}</button>
        ${approval.conversation === undefined ? nothing : html`<button class="btn" @click=${answer('conversation')}>${words.allowInConversation}</button>`}
        <button class="btn" @click=${answer('hour')}>${strings.allowForAnHour}</button>
        <button class="btn" @click=${answer('always')}>${strings.alwaysAllow}</button>
        <button class="btn" @click=${answer('refuse')}>${strings.refuse}</button>
      </div>
    </div>`;
  }
}
