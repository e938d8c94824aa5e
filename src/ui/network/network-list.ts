import { css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { ModelElement } from '../elements/model-element.ts';
import { strings } from '../strings.ts';
import { listStyles } from '../styles/list.ts';
import { shared } from '../styles/shared.ts';
import { networkCards, networkCardStyles } from './network-cards.ts';

/** The list column of the network and settings pages: how one is connected, and to which network. */
@customElement('parley-network-list')
export class NetworkList extends ModelElement {
  @property() page: 'network' | 'settings' = 'network';

  static override styles = [
    shared,
    listStyles,
    networkCardStyles,
    css`
      .card {
        margin: 0 var(--s2) var(--s3);
      }
    `,
  ];

  override render() {
    return html`
      <header><h1>${this.page === 'network' ? strings.network : strings.settings}</h1></header>
      ${networkCards(this.model, this.page === 'network')}
    `;
  }
}
