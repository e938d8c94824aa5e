import { css, html, nothing } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import type { HostUrlProblemView, HostView, ModeName, ModesModel, ModeView } from '../../view/types.ts';
import { ModelElement } from '../elements/model-element.ts';
import { hostSources, hostStates, hostUrlProblems, modeNames, modeStrings, modeTexts, modeTrouble } from '../mode-strings.ts';
import { shared } from '../styles/shared.ts';
import { choiceStyles } from '../styles/pieces.ts';

const MODES = Object.keys(modeNames) as readonly ModeName[];
const SHOWN_HOSTS = 8;

/** The choice of the network's mode, what there is to say about it, and hosts. */
@customElement('parley-mode')
export class ModeSection extends ModelElement {
  @state() private problem: HostUrlProblemView | undefined;
  @query('#host') private readonly hostField!: HTMLInputElement;

  static override styles = [
    shared,
    choiceStyles,
    css`
      :host {
        display: grid;
        gap: var(--s3);
        max-width: 560px;
      }
      fieldset {
        display: grid;
        gap: var(--s2);
      }
      legend {
        margin-bottom: var(--s2);
      }
      .about-choice {
        margin: -6px 0 6px 28px;
        max-width: 60ch;
      }
      .hosts {
        display: grid;
        gap: var(--s2);
      }
      .host {
        display: flex;
        gap: 12px;
        align-items: center;
        padding: 8px 0;
        border-bottom: 1px solid var(--line);
      }
      .host span {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .host b {
        font-variant-ligatures: none;
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
    `,
  ];

  override render() {
    const modes = this.model.modes.value;
    const view = modes?.mode.value;
    const chosen = view?.chosen ?? this.model.network.value.mode;
    return html`
      <fieldset role="radiogroup" aria-labelledby="mode">
        <legend id="mode">${modeStrings.networkMode}</legend>
        ${MODES.map((mode) => html`<label class="choice"><input type="radio" name="mode" .checked=${chosen === mode} ?disabled=${!modes} aria-describedby="mode-${mode}" @change=${() => modes?.choose(mode)} /><span>${modeNames[mode]}</span></label><p class="about-choice small soft" id="mode-${mode}">${modeTexts[mode]}</p>`)}
      </fieldset>
      <div role="status">${view ? modeTrouble(view).map((text) => html`<p class="note">${text}</p>`) : nothing}</div>
      ${modes && view && (view.need || view.hosts.length > 0) ? this.#hosts(modes, view) : nothing}
    `;
  }

  #hosts(modes: ModesModel, { hosts }: ModeView) {
    // Anybody may say to be a host: of those that nothing speaks for, a few.
    const shown = hosts.filter(({ source, state: hostState }, index) => index < SHOWN_HOSTS || source === 'own' || hostState === 'linked');
    return html`<section class="hosts">
      <h2 class="label" id="hosts">${modeStrings.hosts}</h2>
      <p class="small soft">${modeStrings.hostsText}</p>
      ${shown.length > 0 ? html`<ul aria-labelledby="hosts">${shown.map((host) => this.#host(modes, host))}</ul>` : nothing}
      <form class="hosts" @submit=${(event: Event) => this.#add(event, modes)}>
        <label for="host">${modeStrings.hostAddress}</label>
        <div class="row">
          <input id="host" type="text" inputmode="url" autocomplete="off" autocapitalize="off" spellcheck="false" aria-invalid=${this.problem ? 'true' : 'false'} aria-describedby="host-text" />
          <button class="btn">${modeStrings.addHost}</button>
        </div>
        <p class="tiny soft" id="host-text" role=${this.problem ? 'alert' : nothing}>${this.problem ? hostUrlProblems[this.problem] : modeStrings.hostAddressText}</p>
      </form>
    </section>`;
  }

  #host(modes: ModesModel, { url, source, state: hostState, person, problem }: HostView) {
    const whose = person ? modeStrings.hostOf(person.name) : hostSources[source];
    return html`<li class="host">
      <span><b class="mono small">${url}</b><br /><small class="soft">${problem ? hostUrlProblems[problem] : `${hostStates[hostState]} · ${whose}`}</small></span>
      ${source === 'own' ? html`<button class="btn" aria-label=${modeStrings.removeHost(url)} @click=${() => modes.removeHost(url)}>${modeStrings.remove}</button>` : nothing}
    </li>`;
  }

  async #add(event: Event, modes: ModesModel): Promise<void> {
    event.preventDefault();
    const field = this.hostField;
    this.problem = await modes.addHost(field.value);
    if (this.problem) field.focus();
    else field.value = '';
  }
}
