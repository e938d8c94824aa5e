import { html, nothing } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { AppModel, CallDraftView } from '../../view/types.ts';
import { argumentList, argumentStyles } from '../elements/argument-list.ts';
import { modal, modalStyles } from '../elements/dialog.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { agentStrings } from '../agent-strings.ts';
import { strings } from '../strings.ts';
import { dialogHost, questionStyles } from '../styles/dialogs.ts';
import { shared } from '../styles/shared.ts';
import { effects, trustStrings as words } from '../trust-strings.ts';
import './tool-form.ts';

/** Shows a call of mine, as it would be sent, before it is: tools that do more than answer are called on purpose only. */
@customElement('parley-call-draft-dialog')
export class CallDraftDialog extends ModelElement {
  /** The draft whose arguments are changed. */
  @state() private edited: string | undefined;
  readonly #check: AppModel['checkArguments'] = (schema, args) => this.model.checkArguments(schema, args);

  static override styles = [shared, modalStyles, dialogHost, argumentStyles, questionStyles];

  override render() {
    const [draft] = this.model.callDrafts.value;
    return modal({
      heading: words.sendCall,
      open: draft !== undefined,
      onClose: () => draft && this.model.sendDraft(draft.id, undefined),
      content: () => draft && this.#draft(draft),
    });
  }

  #draft(draft: CallDraftView) {
    const { agent, tool, effect } = draft;
    const whose = agent.mine ? strings.yourAgent : strings.agentOf(agent.owner.name);
    return html`<div class="stack">
      <div class="who">${sigil(agent.sigil, 40)}<p><code>${tool}</code> · ${agent.title}, ${whose}</p></div>
      <p class="note">${effects[effect]}</p>
      ${this.edited === draft.id ? this.#form(draft) : this.#asSent(draft)}
    </div>`;
  }

  #asSent({ id, arguments: args, idleMs }: CallDraftView) {
    return html`${Object.keys(args).length === 0 ? html`<p class="small">${strings.withNoArguments}</p>` : html`<h3>${strings.withArguments}</h3>${argumentList(args)}`}
      ${idleMs === undefined ? nothing : html`<p class="small">${agentStrings.givesUp(idleMs)}</p>`}
      <div class="btns answers">
        <button class="btn go" @click=${() => this.model.sendDraft(id, args)}>${words.send}</button>
        <button class="btn" @click=${() => (this.edited = id)}>${words.edit}</button>
        <button class="btn quiet" @click=${() => this.model.sendDraft(id, undefined)}>${words.doNotSend}</button>
      </div>`;
  }

  #form({ id, agent, tool: name, arguments: args }: CallDraftView) {
    const tool = this.model.agentDetail(agent.address).value?.tools.find((known) => known.name === name);
    if (!tool) return html`<p class="small soft" role="status">${strings.loadingAgent}</p>`;
    const send = (event: CustomEvent<Record<string, unknown>>): void => this.model.sendDraft(id, event.detail);
    return html`<parley-tool-form .tool=${tool} .start=${args} .name=${words.argumentsToSend} .action=${words.send} .check=${this.#check} @call-tool=${send}></parley-tool-form>
      <div><button class="btn quiet" @click=${() => this.model.sendDraft(id, undefined)}>${words.doNotSend}</button></div>`;
  }
}
