import { html, nothing, type PropertyValues } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { CallView, ConversationView, MessageView, PersonView } from '../../view/types.ts';
import { modal, modalStyles } from '../elements/dialog.ts';
import { icon } from '../elements/icons.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { dayOf, isoTime, longDay, timeOfDay } from '../format.ts';
import { href } from '../router.ts';
import { messageStates, pathText, problemText, strings } from '../strings.ts';
import { shared, sheet } from '../styles/shared.ts';
import { conversationStyles } from './conversation-styles.ts';
import { messageText, messageTextStyles } from './message-text.ts';

/** Messages of one author closer than this stand together. */
const GROUP_MS = 5 * 60_000;
/** This near to the beginning older messages are fetched. Pixels. */
const OLDER_DISTANCE = 400;
/** This near to the end a reader follows what arrives. Pixels. */
const FOLLOW_DISTANCE = 80;

/** One conversation: header, log, composer, and details beside it. */
@customElement('parley-conversation')
export class ConversationPage extends ModelElement {
  @property({ attribute: false }) conversation = '';
  @state() private hasDetails = false;
  @state() private isCalling = false;
  @state() private compared: PersonView | undefined;
  @query('.entries') private readonly entries!: HTMLElement | null;
  @query('.log') private readonly log!: HTMLElement | null;
  @query('textarea') private readonly field!: HTMLTextAreaElement | null;
  #isFollowing = true;
  /** The topmost message on the screen, and where, before the page changes: what comes or grows above it moves nothing that is read. */
  #kept: { readonly message: Element; readonly top: number } | undefined;
  /** Where the log was put last: a scroll event that finds it there is not the reader's. */
  #putAt = -1;
  readonly #growth = new ResizeObserver(() => this.#settle());
  /** The conversation whose draft is in the field: from then on the field belongs to who types. */
  #draftOf: string | undefined;
  #draftEdition = 0;
  /** What this conversation's draft is made of: messages that are being stored, and what is in the field. */
  #draft = { unstored: [] as string[], typed: '' };

  static override styles = [shared, sheet, modalStyles, conversationStyles, messageTextStyles];

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('visibilitychange', this.#look);
    addEventListener('focus', this.#look);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('visibilitychange', this.#look);
    removeEventListener('focus', this.#look);
    this.#growth.disconnect();
  }

  override render() {
    const view = this.model.conversation(this.conversation).value;
    if (view === undefined) return html`<div class="empty" aria-busy="true"></div>`;
    if (view === null) return this.#gone();
    return html`
      ${this.#header(view)}
      <div class="columns">
        <div class="talk">
          <div class="log" role="log" aria-label=${strings.messages} tabindex="0" @scroll=${this.#scrolled}>
            <div class="entries">
            ${view.hasOlder ? html`<button class="btn quiet older" @click=${() => this.model.loadOlder(view.id)}>${strings.olderMessages}</button>` : html`<p class="beginning small soft">${strings.firstMessage(view.title)}</p>`}
            ${repeat(
              view.entries,
              (entry) => entry.id,
              (entry, index) => this.#entry(view, entry, view.entries[index - 1], view.entries[index + 1]),
            )}
            </div>
          </div>
          ${view.path ? nothing : html`<p class="away small" role="note">${strings.notReachedNow}</p>`}
          ${this.isCalling ? html`<parley-tool-caller .model=${this.model} .conversation=${view.id} .people=${view.members.map(({ id }) => id)} @close=${this.#called}></parley-tool-caller>` : nothing}
          <form class="composer" @submit=${this.#submit}>
            <textarea rows="1" aria-label=${strings.message} placeholder=${strings.messageTo(view.title)} @input=${this.#typed} @keydown=${this.#pressed}></textarea>
            <button type="button" class="icon-btn" aria-label=${strings.callATool} aria-expanded=${this.isCalling} @click=${() => (this.isCalling = !this.isCalling)}>${icon('slash')}</button>
            <button class="btn go">${strings.send}</button>
          </form>
        </div>
        ${this.hasDetails ? this.#details(view) : nothing}
      </div>
    `;
  }

  #gone() {
    return html`<header class="head"><a class="icon-btn back" href=${href({ page: 'conversations' })} aria-label=${strings.back}>${icon('back')}</a></header>
      <div class="empty"><p class="soft">${strings.conversationGone}</p></div>`;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('conversation')) {
      this.#isFollowing = true;
      this.isCalling = false;
      this.#draft = { unstored: [], typed: '' };
    }
    this.#kept = this.#isFollowing ? undefined : this.#topmost();
  }

  override updated(): void {
    if (this.entries) this.#growth.observe(this.entries);
    this.#settle();
    this.#showDraft();
    this.#fitField();
    this.#look();
  }

  /** Where the log stands after it grew: at the end for who follows, else where it was. */
  #settle(): void {
    const { log } = this;
    if (!log) return;
    if (this.#isFollowing) {
      log.scrollTop = log.scrollHeight;
      this.#putAt = log.scrollTop;
    } else if (this.#kept?.message.isConnected) log.scrollTop += this.#kept.message.getBoundingClientRect().top - this.#kept.top;
    this.#kept = undefined;
  }

  #topmost(): { readonly message: Element; readonly top: number } | undefined {
    const edge = this.log?.getBoundingClientRect().top ?? 0;
    for (const message of this.entries?.querySelectorAll('article') ?? []) {
      const { top, bottom } = message.getBoundingClientRect();
      if (bottom > edge) return { message, top };
    }
    return undefined;
  }

  #showDraft(): void {
    const view = this.model.conversation(this.conversation).value;
    if (!this.field || !view) return;
    const { draft, draftEdition } = view;
    if (this.#draftOf === this.conversation && this.#draftEdition === draftEdition) return;
    this.#draftOf = this.conversation;
    this.#draftEdition = draftEdition;
    this.field.value = this.#draft.typed = draft;
  }

  #header(view: ConversationView) {
    const areVerified = view.members.every((person) => person.verified);
    return html`<header class="head">
      <a class="icon-btn back" href=${href({ page: 'conversations' })} aria-label=${strings.back}>${icon('back')}</a>
      ${sigil(view.sigil, 40)}
      <div class="grow">
        <h1 class="title">${view.title}</h1>
        <div class="lock">${icon('lock', 14)}<span>${strings.encrypted} · ${areVerified ? html`<b>${strings.verified}</b>` : strings.notVerified}</span></div>
      </div>
      <button class="icon-btn" aria-label=${strings.conversationDetails} aria-expanded=${this.hasDetails} @click=${() => (this.hasDetails = !this.hasDetails)}>${icon('panel')}</button>
    </header>`;
  }

  #entry(
    view: ConversationView,
    entry: MessageView | CallView,
    before: MessageView | CallView | undefined,
    after: MessageView | CallView | undefined,
  ) {
    const time = timeOf(entry);
    const isNewDay = !before || dayOf(timeOf(before)) !== dayOf(time);
    const isFirstUnread = entry.id === view.firstUnread;
    return html`
      ${isNewDay ? html`<div class="day">${longDay(time)}</div>` : nothing}
      ${isFirstUnread ? html`<div class="day unread">${strings.unreadFrom}</div>` : nothing}
      ${entry.kind === 'call' ? this.#call(entry) : this.#message(entry, !isNewDay && !isFirstUnread && belongTogether(before, entry), belongTogether(entry, after) && after?.id !== view.firstUnread)}
    `;
  }

  #message(message: MessageView, isContinued: boolean, goesOn: boolean) {
    const { author, mine } = message;
    const name = mine ? strings.you : author.name;
    const isTold = mine && message.state !== undefined && (!goesOn || message.state === 'failed' || message.state === 'queued');
    return html`<article class="msg ${mine ? 'mine' : ''} ${isContinued ? 'continued' : ''} ${goesOn ? 'goes-on' : ''}" aria-label="${mine ? author.name : name}, ${timeOfDay(message.time)}: ${message.text}">
      ${mine ? nothing : isContinued ? html`<span></span>` : sigil(author.sigil, 36)}
      <div class="what">
        ${mine || isContinued ? nothing : html`<div class="who"><b>${name}</b><time datetime=${isoTime(message.time)}>${timeOfDay(message.time)}</time></div>`}
        <div class="bubble">${messageText(message.text)}</div>
        ${isTold ? html`<div class="meta ${message.state}"><time datetime=${isoTime(message.time)}>${timeOfDay(message.time)}</time> · ${messageStates[message.state!]}${message.problem ? html` · ${problemText(message.problem)}` : nothing}${message.state === 'failed' ? html`<button class="btn quiet" @click=${() => this.model.retryMessage(message.id)}>${strings.tryAgain}</button>` : nothing}</div>` : nothing}
      </div>
    </article>`;
  }

  #call(call: CallView) {
    return html`<article class="msg call" aria-label="${call.agent.title}, ${timeOfDay(call.startedAt)}: ${call.tool}">
      ${sigil(call.agent.sigil, 36)}
      <div class="what">
        <div class="who"><b>${call.agent.title}</b><span class="badge">${call.agent.mine ? strings.yourAgent : strings.agentOf(call.agent.owner.name)}</span><time datetime=${isoTime(call.startedAt)}>${timeOfDay(call.startedAt)}</time><span class="tiny faint">${strings.onlyForYou}</span></div>
        <parley-call .model=${this.model} .call=${call}></parley-call>
      </div>
    </article>`;
  }

  #details(view: ConversationView) {
    const others = view.members.filter(({ id }) => id !== this.model.me.value.person);
    const agents = this.model.agents.value.filter(({ owner }) => others.some(({ id }) => id === owner.id));
    return html`<aside class="details" aria-label=${strings.conversationDetails}>
      <section><h2 class="label">${strings.members}</h2>
        ${view.members.map((person) => html`<div class="member">${sigil(person.sigil, 32)}<span>${person.id === this.model.me.value.person ? strings.you : person.name}<small>${person.verified ? strings.verified : strings.notVerified} · ${person.presence === 'here' ? strings.here : strings.away}</small></span></div>`)}
      </section>
      ${others.map(
        (person) => html`<section>
        <h2 class="label">${strings.safetyNumber}</h2>
        <button class="btn" @click=${() => (this.compared = person)}>${strings.compareSafetyNumber}</button>
      </section>`,
      )}
      <section><h2 class="label">${strings.howYouReach}</h2><p class="small">${view.path ? pathText(view.path) : strings.notReachedNow}</p></section>
      ${
        agents.length === 0
          ? nothing
          : html`<section><h2 class="label">${strings.agentsOf(view.title)}</h2>
        ${agents.map((agent) => html`<a class="member" href=${href({ page: 'agents', agent: agent.address })}>${sigil(agent.sigil, 32)}<span>${agent.title}<small>${agent.description}</small></span></a>`)}
      </section>`
      }
    </aside>
    ${modal({ heading: strings.safetyNumber, open: this.compared !== undefined, onClose: () => (this.compared = undefined), content: () => this.compared && this.#comparison(this.compared) })}`;
  }

  #comparison(person: PersonView) {
    const decide = (isVerified: boolean) => async () => {
      this.compared = undefined;
      await this.model.setVerified(person.id, isVerified);
    };
    return html`<p class="small soft">${strings.safetyNumberText(person.name)}</p>
      <ol class="digits mono" aria-label=${strings.safetyNumber}>${this.model.safetyNumber(person.id).map((group) => html`<li>${group}</li>`)}</ol>
      <div class="btns">
        ${person.verified ? html`<button class="btn" @click=${decide(false)}>${strings.notVerifiedAnyMore}</button>` : html`<button class="btn go" @click=${decide(true)}>${strings.safetyNumberIsSame}</button>`}
      </div>`;
  }

  readonly #submit = (event: Event): void => {
    event.preventDefault();
    const text = this.field?.value.trim() ?? '';
    if (text === '' || !this.field) return;
    this.#isFollowing = true;
    void this.#send(this.conversation, text, this.field);
  };

  /** Until a message is stored it stays in the draft: a page that ends before that loses nothing. */
  async #send(conversation: string, text: string, field: HTMLTextAreaElement): Promise<void> {
    const draft = this.#draft;
    draft.unstored.push(text);
    draft.typed = field.value = '';
    try {
      await this.model.sendMessage(conversation, text);
      draft.unstored.splice(draft.unstored.indexOf(text), 1);
      this.model.setDraft(conversation, textOf(draft));
    } catch {
      // It goes back where it was typed, before what was typed since.
      draft.unstored.splice(draft.unstored.indexOf(text), 1);
      draft.typed = [text, draft.typed].filter((part) => part !== '').join('\n');
      if (draft !== this.#draft || !this.field) return;
      this.field.value = draft.typed;
      this.#typed();
    }
  }

  readonly #typed = (event?: Event): void => {
    this.#fitField();
    // A slash on an empty line calls a tool; one that belongs to a text comes after something, or is pasted.
    if (this.field?.value === '/' && (event as InputEvent | undefined)?.inputType === 'insertText') {
      this.field.value = '';
      this.isCalling = true;
    }
    this.#draft.typed = this.field?.value ?? '';
    this.model.setDraft(this.conversation, textOf(this.#draft));
  };

  readonly #called = ({ detail: text }: CustomEvent<string>): void => {
    this.isCalling = false;
    this.#isFollowing = true;
    if (!this.field) return;
    if (text !== '') {
      this.field.value = [this.field.value, text].filter((part) => part !== '').join(' ');
      this.#typed();
    }
    this.field.focus();
  };

  readonly #pressed = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    this.#submit(event);
  };

  readonly #scrolled = (): void => {
    if (!this.log) return;
    const view = this.model.conversation(this.conversation).value;
    if (this.#isFollowing && Math.abs(this.log.scrollTop - this.#putAt) < 1) return;
    this.#isFollowing = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < FOLLOW_DISTANCE;
    if (view?.hasOlder && this.log.scrollTop < OLDER_DISTANCE) void this.model.loadOlder(this.conversation);
    this.#look();
  };

  /** What is on the screen of somebody who looks at it is read. */
  readonly #look = (): void => {
    if (this.#isFollowing && document.visibilityState === 'visible' && document.hasFocus()) this.model.markRead(this.conversation);
  };

  #fitField(): void {
    if (!this.field) return;
    this.field.style.height = 'auto';
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, 180)}px`;
  }
}

function textOf(draft: { readonly unstored: readonly string[]; readonly typed: string }): string {
  return [...draft.unstored, draft.typed].filter((part) => part !== '').join('\n');
}

function timeOf(entry: MessageView | CallView): number {
  return entry.kind === 'call' ? entry.startedAt : entry.time;
}

function belongTogether(before: MessageView | CallView | undefined, after: MessageView | CallView | undefined): boolean {
  if (before?.kind !== 'message' || after?.kind !== 'message') return false;
  return before.author.id === after.author.id && after.time - before.time < GROUP_MS && dayOf(before.time) === dayOf(after.time);
}
