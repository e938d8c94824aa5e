import { css, html } from 'lit';
import { customElement } from 'lit/decorators.js';
import { icon } from '../elements/icons.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { href } from '../router.ts';
import { strings } from '../strings.ts';
import { shared, sheet } from '../styles/shared.ts';

/** What a newcomer sees: they are in already. */
@customElement('parley-welcome')
export class WelcomePage extends ModelElement {
  static override styles = [
    shared,
    sheet,
    css`
      h1 {
        font-size: var(--t-xxl);
      }
      .name {
        display: flex;
        align-items: center;
        gap: 12px;
        padding: 10px 16px;
        border-radius: var(--r2);
        background: var(--ground);
        text-align: left;
      }
    `,
  ];

  override render() {
    const me = this.model.me.value;
    return html`<div class="empty">
      <h1>${strings.welcome}</h1>
      <p class="soft">${strings.welcomeText(this.model.currentNetwork.value.name)}</p>
      <div class="name">
        ${sigil(me.sigil, 40)}
        <div><div class="tiny faint">${strings.yourName}</div><b>${me.name}</b></div>
        <a class="btn quiet" href=${href({ page: 'settings' })}>${strings.change}</a>
      </div>
      <button class="btn go" @click=${() => this.dispatchEvent(new CustomEvent('invite'))}>${icon('invite', 18)}${strings.invitePeople}</button>
    </div>`;
  }
}
