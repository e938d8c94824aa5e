import { css, html, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { ConversationRowView, PersonView } from '../../view/types.ts';
import { modal, modalStyles } from '../elements/dialog.ts';
import { icon } from '../elements/icons.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { isoTime, shortTime } from '../format.ts';
import { go, href } from '../router.ts';
import { strings } from '../strings.ts';
import { listStyles } from '../styles/list.ts';
import { shared } from '../styles/shared.ts';

/** All conversations, newest first, and the way to begin one. */
@customElement('parley-conversation-list')
export class ConversationList extends ModelElement {
  @property({ attribute: false }) current: string | undefined;
  @query('.more') private readonly more!: HTMLElement | null;
  /** Who sees the end of the list gets its next page, also for finding little. */
  readonly #sight = new IntersectionObserver(([entry]) => entry?.isIntersecting && void this.model.loadMoreConversations());
  @state() private search = '';
  @state() private isStarting = false;

  static override styles = [
    shared,
    listStyles,
    modalStyles,
    css`
      .more {
        display: flex;
        margin: var(--s2) auto;
      }
      .people {
        display: grid;
        gap: 2px;
        margin-top: var(--s2);
      }
      .people li {
        position: relative;
        display: flex;
        align-items: center;
        border-radius: var(--r2);
      }
      .people li:hover {
        background: var(--raise);
      }
      .people button {
        display: flex;
        align-items: center;
        gap: 12px;
        flex: 1;
        min-width: 0;
        padding: 8px;
      }
      .people button::after {
        content: '';
        position: absolute;
        inset: 0;
      }
      .people .state {
        padding-right: 8px;
      }
    `,
  ];

  override render() {
    const rows = this.model.conversations.value;
    const wanted = this.search.trim().toLocaleLowerCase();
    const shown = rows.filter(
      (row) => wanted === '' || row.title.toLocaleLowerCase().includes(wanted) || row.lastText.toLocaleLowerCase().includes(wanted),
    );
    return html`
      <header>
        <h1>${strings.conversations}</h1>
        <button class="icon-btn primary" aria-label=${strings.newConversation} @click=${() => (this.isStarting = true)}>${icon('plus')}</button>
      </header>
      <div class="search">
        ${icon('search', 18)}
        <input type="search" aria-label=${strings.searchConversations} placeholder=${strings.searchConversations} .value=${this.search} @input=${(event: InputEvent) => (this.search = (event.target as HTMLInputElement).value)} />
      </div>
      <ul aria-label=${strings.conversations}>
        ${repeat(
          shown,
          ({ id }) => id,
          (row) => this.#row(row),
        )}
      </ul>
      ${this.model.hasMoreConversations.value ? html`<button class="btn quiet more" @click=${() => this.model.loadMoreConversations()}>${strings.moreConversations}</button>` : nothing}
      ${shown.length > 0 || this.model.hasMoreConversations.value ? '' : html`<p class="hint">${rows.length > 0 ? strings.nothingFound : html`<b>${strings.noConversations}</b>${strings.noConversationsText}`}</p>`}
      ${modal({ heading: strings.newConversation, open: this.isStarting, onClose: () => (this.isStarting = false), content: () => this.#people() })}
    `;
  }

  override updated(): void {
    const { more } = this;
    this.#sight.disconnect();
    if (more) this.#sight.observe(more);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sight.disconnect();
  }

  #row(row: ConversationRowView) {
    return html`<li>
      <a class="row" href=${href({ page: 'conversations', conversation: row.id })} aria-current=${row.id === this.current ? 'page' : nothing}>
        ${sigil(row.sigil, 44)}
        <span class="name"><span class="clip">${row.title}</span>${row.presence === 'here' ? html`<span class="dot" role="img" aria-label=${strings.here}></span>` : ''}</span>
        ${row.lastTime === undefined ? html`<span></span>` : html`<time datetime=${isoTime(row.lastTime)}>${shortTime(row.lastTime)}</time>`}
        <span class="last clip">${row.lastText}</span>
        ${row.unread > 0 ? html`<span class="count"><span aria-hidden="true">${row.unread}</span><span class="unseen">${strings.unread(row.unread)}</span></span>` : ''}
      </a>
    </li>`;
  }

  #people() {
    const people = this.model.people.value;
    if (people.length === 0)
      return html`<p class="soft small">${strings.nobodyHere}</p><p><button class="btn go" @click=${this.#invite}>${icon('invite', 18)}${strings.invite}</button></p>`;
    return html`<p class="soft small">${strings.newConversationText}</p>
      <ul class="people">
        ${people.map((person) => html`<li><button @click=${() => this.#start(person)}>${sigil(person.sigil, 36)}<span class="clip">${person.name}</span></button><span class="state tiny faint">${person.presence === 'here' ? strings.here : strings.away}</span></li>`)}
      </ul>`;
  }

  async #start(person: PersonView): Promise<void> {
    this.isStarting = false;
    go({ page: 'conversations', conversation: await this.model.startConversation(person.id) });
  }

  readonly #invite = (): void => {
    this.isStarting = false;
    this.dispatchEvent(new CustomEvent('invite'));
  };
}
