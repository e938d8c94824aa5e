import { css, html, nothing } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import type { SettingsView, Theme } from '../../view/types.ts';
import { copyText } from '../elements/clipboard.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { bytes } from '../format.ts';
import { networkStrings } from '../network-strings.ts';
import { problemText, strings } from '../strings.ts';
import '../network/mode-section.ts';
import { networkCards, networkCardStyles } from '../network/network-cards.ts';
import { shared, sheet } from '../styles/shared.ts';
import { choiceStyles, factStyles } from '../styles/pieces.ts';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
const IDS = ['person', 'device', 'node'] as const;
/** As the wire has it (`MAX_NETWORK_NAME_LENGTH`, the directory's names). */
const MAX_NAME_LENGTH = 64;

@customElement('parley-settings')
export class SettingsPage extends ModelElement {
  @state() private networkName = '';
  @query('#name') private readonly nameField!: HTMLInputElement;

  static override styles = [
    shared,
    sheet,
    networkCardStyles,
    choiceStyles,
    factStyles,
    css`
      .body {
        display: grid;
        gap: var(--s6);
        align-content: start;
      }
      section,
      fieldset {
        display: grid;
        gap: var(--s2);
        max-width: 560px;
      }
      legend {
        margin-bottom: var(--s2);
      }
      .row {
        display: flex;
        gap: var(--s2);
        align-items: center;
      }
      .row input {
        flex: 1;
        min-width: 0;
      }
      .themes {
        display: flex;
        flex-wrap: wrap;
        gap: 0 var(--s5);
      }
      .cards {
        display: none;
      }
      .card {
        background: var(--ground);
        box-shadow: none;
      }
      @media (max-width: 700px) {
        .cards {
          display: grid;
          gap: var(--s3);
        }
      }
      .network {
        display: flex;
        align-items: center;
        gap: 12px;
        padding: 8px 0;
        border-bottom: 1px solid var(--line);
      }
      .network span {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
      }
    `,
  ];

  override render() {
    const settings = this.model.settings.value;
    return html`
      <header class="head"><div class="grow"><h1 class="title">${strings.settings}</h1></div></header>
      <div class="body">
        <section>
          <h2 class="label"><label for="name">${strings.displayName}</label></h2>
          <form class="row" @submit=${this.#saveName}>
            ${sigil(this.model.me.value.sigil, 40)}
            <input id="name" type="text" autocomplete="nickname" maxlength=${MAX_NAME_LENGTH} .value=${settings.name} aria-describedby="name-text" />
            <button class="btn">${strings.save}</button>
          </form>
          <p class="tiny soft" id="name-text">${strings.displayNameText}</p>
        </section>
        ${this.#ids()}
        <fieldset role="radiogroup" aria-labelledby="theme">
          <legend id="theme">${strings.theme}</legend>
          <div class="themes">${THEMES.map((theme) => html`<label class="choice"><input type="radio" name="theme" .checked=${settings.theme === theme} @change=${() => this.model.setTheme(theme)} />${strings.themes[theme]}</label>`)}</div>
        </fieldset>
        <parley-mode .model=${this.model}></parley-mode>
        ${this.#networks(settings)} ${this.#storage(settings)}
        <div class="cards">${networkCards(this.model, false)}</div>
        <section><h2 class="label">${strings.about}</h2><p class="small soft">${strings.version(settings.version)}</p></section>
      </div>
    `;
  }

  #ids() {
    const me = this.model.me.value;
    return html`<section>
      <h2 class="label" id="ids">${networkStrings.ids}</h2>
      <dl aria-labelledby="ids">${IDS.map(
        (whose) =>
          html`<dt>${networkStrings.idNames[whose]}</dt><dd><span class="mono">${me[whose]}</span> <button class="btn quiet" aria-label=${networkStrings.copyIds[whose]} @click=${() => copyText(this.model, me[whose])}>${strings.copy}</button></dd>`,
      )}</dl>
      <p class="tiny soft">${networkStrings.idsText}</p>
    </section>`;
  }

  #networks(settings: SettingsView) {
    return html`<section>
      <h2 class="label">${strings.networks}</h2>
      <ul>${settings.networks.map((network) => html`<li class="network"><span>${network.name}<br /><small class="soft">${network.private ? strings.privateNetwork : strings.openNetwork}</small></span>${network.current ? html`<small class="soft">${strings.currentNetwork}</small>` : html`<button class="btn" aria-label="${strings.switchTo}: ${network.name}" @click=${() => this.model.switchNetwork(network.id)}>${strings.switchTo}</button>`}</li>`)}</ul>
      <form @submit=${this.#createNetwork}>
        <label for="network-name">${strings.newPrivateNetwork}</label>
        <div class="row">
          <input id="network-name" type="text" aria-label=${strings.networkName} placeholder=${strings.networkName} maxlength=${MAX_NAME_LENGTH} .value=${this.networkName} aria-describedby="network-text" @input=${(event: InputEvent) => (this.networkName = (event.target as HTMLInputElement).value)} />
          <button class="btn">${strings.create}</button>
        </div>
      </form>
      <p class="tiny soft" id="network-text">${strings.newPrivateNetworkText}</p>
    </section>`;
  }

  #storage({ storage }: SettingsView) {
    return html`<section>
      <h2 class="label">${strings.storage}</h2>
      ${storage.problem ? html`<p class="note">${problemText(storage.problem)}</p>` : nothing}
      ${storage.usedBytes === undefined ? nothing : html`<p class="small">${strings.storageUsed(bytes(storage.usedBytes), storage.quotaBytes === undefined ? undefined : bytes(storage.quotaBytes))}</p>`}
      <p class="small soft">${storage.persisted ? strings.storagePersisted : strings.storageNotPersisted}</p>
      ${storage.persisted ? nothing : html`<div><button class="btn" @click=${() => this.model.requestPersistence()}>${strings.keepStorage}</button></div>`}
    </section>`;
  }

  readonly #saveName = (event: Event): void => {
    event.preventDefault();
    void this.model.rename(this.nameField.value);
  };

  readonly #createNetwork = (event: Event): void => {
    event.preventDefault();
    const name = this.networkName.trim();
    if (name !== '') void this.model.createPrivateNetwork(name);
  };
}
