import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { icon, mark } from '../elements/icons.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { href, route, type Route } from '../router.ts';
import { shared } from '../styles/shared.ts';
import { statusText, strings } from '../strings.ts';
import '../conversations/conversation-list.ts';
import '../conversations/welcome-page.ts';
import './notice-bar.ts';

const PLACES = [
  { page: 'conversations', name: strings.conversations, icon: 'chat' },
  { page: 'agents', name: strings.agents, icon: 'agents' },
  { page: 'network', name: strings.network, icon: 'network' },
  { page: 'settings', name: strings.settings, icon: 'settings' },
] as const;

/** The frame of all screens: navigation, the list of the place one is in, its page, and what can come up anywhere. */
@customElement('parley-app')
export class AppShell extends ModelElement {
  @state() private isInviting = false;
  @state() private isJoining = false;

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        grid-template: minmax(0, 1fr) auto / 96px 308px minmax(0, 1fr);
        height: 100dvh;
        background: var(--ground);
      }
      nav {
        grid-row: 1 / 3;
        display: flex;
        flex-direction: column;
        align-items: center;
        gap: var(--s1);
        padding: var(--s4) 0;
      }
      .mark {
        margin-bottom: var(--s5);
        line-height: 0;
      }
      nav a {
        position: relative;
        display: grid;
        justify-items: center;
        gap: 3px;
        width: 84px;
        padding: 8px 0 6px;
        border-radius: var(--r2);
        color: var(--ink-2);
        font-size: 11px;
        letter-spacing: -0.01em;
        text-decoration: none;
        transition: background var(--fast);
      }
      nav a:hover {
        background: var(--raise);
      }
      nav a[aria-current] {
        color: var(--accent);
        background: var(--accent-soft);
        font-weight: 600;
      }
      .waiting {
        position: absolute;
        top: 4px;
        right: 20px;
        width: 9px;
        height: 9px;
        border-radius: 50%;
        background: var(--rose);
        border: 2px solid var(--ground);
        box-sizing: content-box;
      }
      .me {
        margin-top: auto;
        line-height: 0;
      }
      nav a.skip {
        position: absolute;
        z-index: 6;
        left: var(--s2);
        top: var(--s2);
        width: auto;
        padding: 8px 14px;
        background: var(--sheet);
        color: var(--accent);
        font-size: var(--t-s);
        box-shadow: var(--shadow);
      }
      nav a.skip:not(:focus) {
        clip-path: inset(50%);
        width: 1px;
        height: 1px;
        padding: 0;
        overflow: hidden;
        white-space: nowrap;
      }
      .list {
        min-height: 0;
        overflow: auto;
        padding: var(--s4) var(--s2) 0;
      }
      .on-phone {
        display: none;
      }
      .status {
        display: flex;
        align-items: center;
        gap: 8px;
        padding: var(--s2) var(--s4) var(--s3);
        font-size: var(--t-s);
        line-height: 1.35;
        color: var(--ink-2);
        min-height: 52px;
      }
      .status [role='status'] {
        flex: 1;
        min-width: 0;
      }
      .state {
        white-space: nowrap;
      }
      .mode {
        display: block;
        color: var(--ink-3);
        font-size: var(--t-xs);
      }
      main {
        display: contents;
      }
      .page {
        grid-column: 3;
        grid-row: 1 / 3;
        min-height: 0;
        min-width: 0;
        padding: var(--s3) var(--s3) var(--s3) 0;
        display: grid;
      }
      .page > * {
        min-height: 0;
      }
      @media (max-width: 1000px) {
        .status {
          padding-inline: var(--s3);
          gap: 6px;
        }
        :host {
          grid-template-columns: 92px 260px minmax(0, 1fr);
        }
      }
      @media (max-width: 700px) {
        :host {
          grid-template: minmax(0, 1fr) auto auto / minmax(0, 1fr);
        }
        nav {
          grid-row: 3;
          flex-direction: row;
          justify-content: space-around;
          gap: 0;
          padding: 6px 4px calc(6px + env(safe-area-inset-bottom));
          border-top: 1px solid var(--line);
        }
        nav a {
          flex: 0 1 88px;
        }
        .mark,
        .me {
          display: none;
        }
        .status {
          padding-bottom: var(--s2);
        }
        .on-phone {
          display: block;
          margin: var(--s4) var(--s2);
          border-radius: var(--r3);
        }
        .page {
          display: none;
          grid-column: 1;
          grid-row: 1;
          padding: 0;
        }
        .list {
          grid-row: 1;
        }
        :host([depth='page']) .page {
          display: grid;
        }
        :host([depth='page']) .list {
          display: none;
        }
        :host([depth='page'][bare]) .status {
          display: contents;
        }
        :host([depth='page'][bare]) .status > :not([role='status']) {
          display: none;
        }
        :host([depth='page'][bare]) [role='status'] {
          position: absolute;
          width: 1px;
          height: 1px;
          overflow: hidden;
          clip-path: inset(50%);
          white-space: nowrap;
        }
      }
      @media (min-width: 361px) and (max-width: 700px) {
        .mode {
          display: inline;
          font-size: inherit;
        }
        .mode .unseen {
          position: static;
          margin: 0;
          clip-path: none;
        }
      }
    `,
  ];

  override render() {
    const at = route.value;
    const { model } = this;
    const status = model.network.value;
    return html`
      <nav aria-label=${strings.main}>
        <a class="skip" href=${href(at)} @click=${this.#skip}>${strings.skipToContent}</a>
        <div class="mark">${mark(40)}</div>
        ${PLACES.map((place) => this.#link(place, at))}
        <div class="me" title=${model.me.value.name}>${sigil(model.me.value.sigil, 40)}</div>
      </nav>
      <main>
        <div class="list" tabindex="-1">${this.#list(at)}</div>
        <div class="page" tabindex="-1">${this.#page(at)}</div>
      </main>
      <div class="status">
        <span class="dot ${status.state}" aria-hidden="true"></span>
        <div role="status" aria-label=${strings.networkStatus}><span class="state">${statusText(status)}</span><span class="mode"><span class="unseen"> · </span>${status.mode}</span></div>
        <button class="btn" @click=${() => (this.isInviting = true)}>${icon('invite', 18)}${strings.invite}</button>
      </div>
      <parley-invite-dialog .model=${model} ?open=${this.isInviting} @close=${() => (this.isInviting = false)} @join=${this.#join}></parley-invite-dialog>
      <parley-join-dialog .model=${model} ?open=${this.isJoining} @close=${() => (this.isJoining = false)}></parley-join-dialog>
      <parley-approval-dialog .model=${model}></parley-approval-dialog>
      <parley-call-draft-dialog .model=${model}></parley-call-draft-dialog>
      <parley-question-dialog .model=${model}></parley-question-dialog>
      <parley-notices .model=${model}></parley-notices>
    `;
  }

  protected override firstUpdated(): void {
    void import('./later-screens.ts');
  }

  override updated(changed: PropertyValues<this>): void {
    super.updated(changed);
    const at = route.value;
    const isPage =
      at.page === 'network' ||
      at.page === 'settings' ||
      (at.page === 'conversations' ? at.conversation !== undefined : at.agent !== undefined || at.calls !== undefined);
    this.setAttribute('depth', isPage ? 'page' : 'list');
    this.toggleAttribute('bare', at.page === 'conversations' || at.page === 'agents');
    document.title = this.#title(at);
  }

  readonly #join = (): void => {
    this.isInviting = false;
    this.isJoining = true;
  };

  /** Over navigation and list to the page, or to the list where a phone shows only that. */
  readonly #skip = (event: Event): void => {
    event.preventDefault();
    const places = [...this.renderRoot.querySelectorAll<HTMLElement>('.page, .list')].reverse();
    places.find((place) => place.checkVisibility())?.focus();
  };

  #link(place: (typeof PLACES)[number], at: Route): TemplateResult {
    const isHere = at.page === place.page;
    const unread = place.page === 'conversations' && this.model.conversations.value.some((row) => row.unread > 0);
    return html`<a href=${href({ page: place.page })} aria-current=${isHere ? 'page' : nothing}>
      ${icon(place.icon, 22)}${place.name}${unread ? html`<span class="waiting"></span>` : ''}
    </a>`;
  }

  #list(at: Route): TemplateResult {
    const { model } = this;
    switch (at.page) {
      case 'conversations':
        return html`<parley-conversation-list .model=${model} .current=${at.conversation} @invite=${() => (this.isInviting = true)}></parley-conversation-list>
          ${model.conversations.value.length === 0 ? html`<parley-welcome class="on-phone" .model=${model} @invite=${() => (this.isInviting = true)}></parley-welcome>` : nothing}`;
      case 'agents':
        return html`<parley-agent-list .model=${model} .current=${at.agent} .tool=${at.tool}></parley-agent-list>`;
      case 'network':
      case 'settings':
        return html`<parley-network-list .model=${model} .page=${at.page}></parley-network-list>`;
    }
  }

  #page(at: Route): TemplateResult {
    const { model } = this;
    switch (at.page) {
      case 'conversations':
        return at.conversation
          ? html`<parley-conversation .model=${model} .conversation=${at.conversation}></parley-conversation>`
          : html`<parley-welcome .model=${model} @invite=${() => (this.isInviting = true)}></parley-welcome>`;
      case 'agents':
        return html`<parley-agent .model=${model} .address=${at.agent} .tool=${at.tool} .called=${at.call}></parley-agent>`;
      case 'network':
        return html`<parley-network .model=${model} @join=${this.#join}></parley-network>`;
      case 'settings':
        return html`<parley-settings .model=${model}></parley-settings>`;
    }
  }

  #title(at: Route): string {
    const unread = this.model.conversations.value.reduce((sum, row) => sum + row.unread, 0);
    const place =
      at.page === 'conversations' && at.conversation
        ? this.model.conversation(at.conversation).value?.title
        : PLACES.find(({ page }) => page === at.page)?.name;
    return `${unread > 0 ? `(${unread}) ` : ''}${place ? `${place} · ` : ''}${strings.appName}`;
  }
}
