import { css, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { ModelElement } from '../elements/model-element.ts';
import { serverText, strings } from '../strings.ts';
import { listStyles } from '../styles/list.ts';
import { shared } from '../styles/shared.ts';

/** The list column of the network and settings pages: how one is connected, and to which network. */
@customElement('parley-network-list')
export class NetworkList extends ModelElement {
  @property() page: 'network' | 'settings' = 'network';

  static override styles = [
    shared,
    listStyles,
    css`
      .address {
        overflow-wrap: anywhere;
      }
      .card {
        margin: 0 var(--s2) var(--s3);
        font-size: var(--t-s);
        display: grid;
        gap: var(--s2);
      }
    `,
  ];

  override render() {
    const status = this.model.network.value;
    const network = this.model.currentNetwork.value;
    return html`
      <header><h1>${this.page === 'network' ? strings.network : strings.settings}</h1></header>
      <div class="card"><h2 class="label">${strings.networks}</h2><p><b>${network.name}</b><br /><span class="soft">${network.private ? strings.privateNetwork : strings.openNetwork}</span></p></div>
      <div class="card"><h2 class="label">${strings.howConnected}</h2><p>${serverText(status)}</p>${this.page === 'network' ? html`<p class="tiny faint">${strings.myAddress}<br /><span class="mono address">${this.model.me.value.node}</span></p>` : nothing}</div>
    `;
  }
}
