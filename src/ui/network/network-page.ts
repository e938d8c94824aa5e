import { css, html, nothing } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import type { ConnectionCheckView, PeerView } from '../../view/types.ts';
import { ModelElement } from '../elements/model-element.ts';
import { bytes } from '../format.ts';
import { checkNames, checkResults, pathText, peerStates, problemText, strings } from '../strings.ts';
import { shared, sheet } from '../styles/shared.ts';
import { constellation, constellationStyles } from './constellation.ts';
import { networkCards, networkCardStyles } from './network-cards.ts';

/** The live picture of the network, the same as a table, and the connection check. */
@customElement('parley-network')
export class NetworkPage extends ModelElement {
  /** Of the picture, in pixels; 0 until it was measured. */
  @state() private width = 0;
  @state() private checks: readonly ConnectionCheckView[] = [];
  @query('.sky') private readonly sky!: HTMLElement;
  readonly #resizes = new ResizeObserver(() => (this.width = Math.floor(this.sky.clientWidth)));

  static override styles = [
    shared,
    sheet,
    networkCardStyles,
    constellationStyles,
    css`
      .body {
        display: flex;
        flex-direction: column;
        gap: var(--s5);
      }
      .body > * {
        flex: none;
      }
      .sky {
        overflow: hidden;
      }
      .nobody {
        margin: 0 auto;
        max-width: 44ch;
        text-align: center;
      }
      .cards {
        display: none;
      }
      .card {
        background: var(--ground);
        box-shadow: none;
      }
      .checks {
        max-width: 640px;
      }
      .checks th {
        width: 40%;
      }
      .scroll {
        overflow: auto;
      }
      td b {
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      td .mono {
        white-space: nowrap;
      }
      .amount {
        white-space: nowrap;
      }
      @media (max-width: 700px) {
        .cards {
          display: grid;
          gap: var(--s3);
        }
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.updateComplete.then(() => this.isConnected && this.#resizes.observe(this.sky));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resizes.disconnect();
  }

  override render() {
    const { model } = this;
    const peers = model.peers.value;
    const agents = model.agents.value;
    const links = peers.filter((peer) => peer.state === 'connected');
    return html`
      <header class="head">
        <div class="grow"><h1 class="title">${strings.networkPicture}</h1><div class="small soft">${strings.networkPictureText(links.length + 1, links.length, agents.length)}</div></div>
        <button class="btn" @click=${this.#check}>${strings.checkConnection}</button>
      </header>
      <div class="body">
        ${this.checks.length === 0 ? nothing : this.#checks()}
        <div class="sky">${this.width === 0 ? nothing : constellation(this.width, model.me.value, peers, agents)}</div>
        ${peers.length === 0 ? html`<p class="nobody soft">${strings.noPeers}</p>` : this.#table(peers)}
        <div class="cards">${networkCards(model, true)}</div>
      </div>
    `;
  }

  #checks() {
    return html`<section class="checks" role="region" aria-label=${strings.connectionCheck} aria-live="polite">
      <h2 class="label">${strings.connectionCheck}</h2>
      <table><tbody>${this.checks.map((check) => html`<tr><th scope="row">${checkNames[check.what]}</th><td>${checkResults[check.result]}${check.detail ? html` · ${check.detail}` : nothing}${check.problem ? html`<br />${problemText(check.problem)}` : nothing}</td></tr>`)}</tbody></table>
    </section>`;
  }

  #table(peers: readonly PeerView[]) {
    return html`<div class="scroll" tabindex="0" role="group" aria-label=${strings.peers}><table>
      <thead><tr><th scope="col">${strings.person}</th><th scope="col">${strings.state}</th><th scope="col">${strings.path}</th><th scope="col">${strings.data}</th></tr></thead>
      <tbody>${peers.map(
        (peer) => html`<tr>
        <td><b>${peer.person?.name ?? '…'}</b><br /><span class="mono faint" title=${peer.node}>${peer.node.slice(-10)}</span></td>
        <td>${peerStates[peer.state]}${peer.problem ? html`<br /><span class="soft">${problemText(peer.problem)}</span>` : nothing}</td>
        <td>${peer.path ? pathText(peer.path) : '–'}</td>
        <td class="amount">↑ ${bytes(peer.bytesSent)}<br />↓ ${bytes(peer.bytesReceived)}</td>
      </tr>`,
      )}</tbody>
    </table></div>`;
  }

  readonly #check = async (): Promise<void> => {
    this.checks = await this.model.checkConnection();
  };
}
