import { css, html, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import type { PersonView } from '../../view/types.ts';
import { icon } from '../elements/icons.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { go, href } from '../router.ts';
import { strings } from '../strings.ts';
import { shared, sheet } from '../styles/shared.ts';

/** So many of the people who are here are greeted by name; the others are under "New conversation". */
const MAX_GREETED = 6;

/** What a newcomer sees: they are in already, under a name, and others are here. */
@customElement('parley-welcome')
export class WelcomePage extends ModelElement {
  static override styles = [
    shared,
    sheet,
    css`
      :host {
        overflow: auto;
      }
      .empty {
        gap: var(--s4);
        max-width: 52ch;
      }
      .orbit {
        display: grid;
        place-items: center;
        width: 148px;
        height: 148px;
        margin-bottom: var(--s2);
        border-radius: 50%;
        border: 1.6px dashed var(--accent);
        outline: 1px solid var(--line);
        outline-offset: 14px;
      }
      h1 {
        font-size: var(--t-xxl);
        margin-top: var(--s2);
      }
      .name {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        justify-content: center;
        gap: 0 8px;
      }
      .name b {
        font: 600 var(--t-m) / 1.4 var(--font-text);
        overflow-wrap: anywhere;
      }
      .name a {
        display: inline-flex;
        align-items: center;
        min-height: 24px;
      }
      .here {
        display: grid;
        gap: var(--s2);
        justify-items: center;
        margin-top: var(--s3);
      }
      .people {
        display: flex;
        flex-wrap: wrap;
        justify-content: center;
        gap: var(--s2);
      }
      .people button {
        display: flex;
        align-items: center;
        gap: 8px;
        max-width: 220px;
        padding: 5px 14px 5px 5px;
        border-radius: var(--round);
        border: 1px solid var(--line);
        font-size: var(--t-s);
        font-weight: 600;
        transition: background var(--fast);
      }
      .people button:hover {
        background: var(--raise);
      }
    `,
  ];

  override render() {
    const me = this.model.me.value;
    const here = this.model.people.value.filter(({ presence }) => presence === 'here').slice(0, MAX_GREETED);
    return html`<div class="empty">
      <div class="orbit">${sigil(me.sigil, 104)}</div>
      <h1>${strings.welcome}</h1>
      <p class="soft">${strings.welcomeText(this.model.currentNetwork.value.name)}</p>
      <p class="name"><span class="soft">${strings.yourName}</span> <b>${me.name}</b> <a class="small" href=${href({ page: 'settings' })}>${strings.change}</a></p>
      <button class="btn go" @click=${() => this.dispatchEvent(new CustomEvent('invite'))}>${icon('invite', 18)}${strings.invitePeople}</button>
      ${here.length === 0 ? nothing : this.#here(here)}
    </div>`;
  }

  #here(people: readonly PersonView[]) {
    return html`<div class="here">
      <h2 class="label">${strings.hereNow}</h2>
      <ul class="people">${people.map((person) => html`<li><button aria-label=${strings.writeTo(person.name)} @click=${() => this.#write(person)}>${sigil(person.sigil, 28)}<span class="clip">${person.name}</span></button></li>`)}</ul>
    </div>`;
  }

  async #write(person: PersonView): Promise<void> {
    go({ page: 'conversations', conversation: await this.model.startConversation(person.id) });
  }
}
