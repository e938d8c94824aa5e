import { css, html, nothing } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { ConnectionCheckView } from '../../view/types.ts';
import { ModelElement } from '../elements/model-element.ts';
import { bytes } from '../format.ts';
import { checkNames, checkResults, pathText, peerStates, problemText, strings } from '../strings.ts';
import { shared, sheet } from '../styles/shared.ts';
import { constellation } from './constellation.ts';

const NARROW_SCREEN = matchMedia('(max-width: 700px)');

/** The live picture of the network, the same as a table, and the connection check. */
@customElement('parley-network')
export class NetworkPage extends ModelElement {
  @state() private isNarrow = NARROW_SCREEN.matches;
  @state() private checks: readonly ConnectionCheckView[] = [];

  static override styles = [
    shared,
    sheet,
    css`
      .body {
        display: grid;
        gap: var(--s5);
        align-content: start;
      }
      .picture {
        display: block;
        width: 100%;
        max-height: 56vh;
        font-family: var(--font-ui);
      }
      .link {
        fill: none;
        stroke: var(--accent);
        stroke-width: 1.6;
        stroke-linecap: round;
      }
      .link.relayed {
        stroke: var(--amber);
        stroke-dasharray: 2 6;
      }
      .link.missing {
        stroke: var(--edge);
        stroke-dasharray: 1 8;
      }
      .string {
        stroke: var(--line);
        stroke-width: 1.4;
      }
      .disc {
        fill: var(--sheet);
      }
      .unknown {
        fill: var(--raise);
      }
      text {
        text-anchor: middle;
        paint-order: stroke;
        stroke: var(--sheet);
        stroke-width: 5px;
      }
      .rtt {
        fill: var(--ink-3);
        font-size: 11px;
      }
      .name {
        fill: var(--ink);
        font-size: 13px;
        font-weight: 600;
      }
      .name.away {
        fill: var(--ink-3);
      }
      .agent {
        fill: var(--ink-2);
        font-size: 12px;
        text-anchor: unset;
      }
      .scroll {
        overflow: auto;
      }
      @media (max-width: 700px) {
        .rtt {
          font-size: 17px;
        }
        .name {
          font-size: 22px;
        }
        .agent {
          font-size: 20px;
        }
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    NARROW_SCREEN.addEventListener('change', this.#resized);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    NARROW_SCREEN.removeEventListener('change', this.#resized);
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
        ${
          this.checks.length === 0
            ? nothing
            : html`<section role="region" aria-label=${strings.connectionCheck} aria-live="polite">
          <h2 class="label">${strings.connectionCheck}</h2>
          <table><tbody>${this.checks.map((check) => html`<tr><th scope="row">${checkNames[check.what]}</th><td>${checkResults[check.result]}${check.detail ? html` · ${check.detail}` : nothing}${check.problem ? html`<br />${problemText(check.problem)}` : nothing}</td></tr>`)}</tbody></table>
        </section>`
        }
        ${constellation(model.me.value, peers, agents, this.isNarrow)}
        ${
          peers.length === 0
            ? html`<p class="soft">${strings.noPeers}</p>`
            : html`<div class="scroll" tabindex="0" role="group" aria-label=${strings.peers}><table>
              <thead><tr><th scope="col">${strings.person}</th><th scope="col">${strings.state}</th><th scope="col">${strings.path}</th><th scope="col">${strings.data}</th></tr></thead>
              <tbody>${peers.map(
                (peer) => html`<tr>
                <td>${peer.person?.name ?? '…'}<br /><span class="mono faint" title=${peer.node}>${peer.node.slice(-10)}</span></td>
                <td>${peerStates[peer.state]}${peer.problem ? html`<br /><span class="soft">${problemText(peer.problem)}</span>` : nothing}</td>
                <td>${peer.path ? pathText(peer.path) : '–'}</td>
                <td>↑ ${bytes(peer.bytesSent)}<br />↓ ${bytes(peer.bytesReceived)}</td>
              </tr>`,
              )}</tbody>
            </table></div>`
        }
      </div>
    `;
  }

  readonly #resized = (): void => {
    this.isNarrow = NARROW_SCREEN.matches;
  };

  readonly #check = async (): Promise<void> => {
    this.checks = await this.model.checkConnection();
  };
}
