import { css, html, nothing } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import type { ConnectionCheckView, NodeView } from '../../view/types.ts';
import { ModelElement } from '../elements/model-element.ts';
import { bytes, milliseconds, shortTime } from '../format.ts';
import { modeStrings } from '../mode-strings.ts';
import { checkNames, checkResults, findingText, networkStrings, nodeReach, nodeText, serverStates } from '../network-strings.ts';
import { pathKindText, problemText, strings } from '../strings.ts';
import { shared, sheet } from '../styles/shared.ts';
import { constellation, constellationStyles } from './constellation.ts';
import './mode-section.ts';
import { networkCards, networkCardStyles } from './network-cards.ts';
import './publication-list.ts';
import { throughputChart, throughputStyles } from './throughput-chart.ts';

/** Keys that lead from one star to the next. */
const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** The live picture of the network, the same as a table, servers, what goes to and fro, and the connection check. */
@customElement('parley-network')
export class NetworkPage extends ModelElement {
  /** Of the picture, in pixels; 0 until it was measured. */
  @state() private width = 0;
  @state() private checks: readonly ConnectionCheckView[] = [];
  @state() private isChecking = false;
  @state() private selected: string | undefined;
  @state() private focusable: string | undefined;
  @query('.sky') private readonly sky!: HTMLElement;
  readonly #resizes = new ResizeObserver(() => (this.width = Math.floor(this.sky.clientWidth)));

  static override styles = [
    shared,
    sheet,
    networkCardStyles,
    constellationStyles,
    throughputStyles,
    css`
      .head {
        flex-wrap: wrap;
      }
      .head .grow {
        flex: 1 1 240px;
      }
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
        max-width: 760px;
      }
      .checks th {
        width: 32%;
      }
      .trouble {
        color: var(--rose);
      }
      .chosen-node {
        max-width: 760px;
      }
      .scroll {
        overflow: auto;
      }
      .more {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(280px, 100%), 1fr));
        gap: var(--s5);
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
    const detail = model.networkDetail.value;
    const agents = model.agents.value;
    const present = detail.nodes.filter((node) => node.state !== 'away');
    const links = detail.links.length + present.filter((node) => node.state === 'connected' && node.path?.kind !== 'relayed').length;
    const chosen = detail.nodes.find((node) => node.node === this.selected);
    return html`
      <header class="head">
        <div class="grow"><h1 class="title">${networkStrings.networkPicture}</h1><div class="small soft">${networkStrings.networkPictureText(present.length + 1, links, agents.length)}</div></div>
        ${model.network.value.mode === 'centralised' ? nothing : html`<button class="btn" @click=${() => this.dispatchEvent(new CustomEvent('join'))}>${strings.joinWithoutServer}</button>`}
        <button class="btn" ?disabled=${this.isChecking} @click=${this.#check}>${this.isChecking ? networkStrings.checking : networkStrings.checkConnection}</button>
      </header>
      <div class="body">
        ${this.checks.length === 0 ? nothing : this.#checks()}
        <div class="sky">${
          this.width === 0
            ? nothing
            : constellation({
                width: this.width,
                me: model.me.value,
                detail,
                agents,
                selected: this.selected,
                focusable: this.focusable,
                onSelect: this.#select,
                onKey: this.#key,
              })
        }</div>
        <div aria-live="polite">${chosen ? this.#chosen(chosen) : nothing}</div>
        ${detail.nodes.length === 0 ? html`<p class="nobody soft">${networkStrings.noPeers}</p>` : this.#table(detail.nodes)}
        <div class="more">${this.#servers()}${this.#traffic()}</div>
        <parley-mode .model=${model}></parley-mode>
        <div class="cards">${networkCards(model, true)}</div>
      </div>
    `;
  }

  #checks() {
    return html`<section class="checks" role="region" aria-label=${networkStrings.connectionCheck} aria-live="polite">
      <h2 class="label">${networkStrings.connectionCheck}</h2>
      <table><tbody>${this.checks.map(
        (check) => html`<tr><th scope="row">${checkNames[check.what]}</th><td>
          <b class=${check.result}>${checkResults[check.result]}</b>${check.what === 'server' && check.detail ? html` · ${check.detail}` : nothing}<br />
          ${findingText(check)}${check.what !== 'server' && check.detail ? html` ${check.detail}.` : nothing}${check.problem ? html`<br />${problemText(check.problem)}` : nothing}
        </td></tr>`,
      )}</tbody></table>
    </section>`;
  }

  #chosen(node: NodeView) {
    const { links, nodes } = this.model.networkDetail.value;
    const ends = new Set(links.flatMap(({ from, to }) => (from === node.node ? [to] : to === node.node ? [from] : [])));
    const me = this.model.me.value.node;
    const isLinkedWithMe = ends.delete(me) || (node.state === 'connected' && node.path?.kind !== 'relayed');
    const names = [
      isLinkedWithMe ? [strings.you] : [],
      nodes.filter((other) => ends.has(other.node)).map((other) => other.person?.name ?? '…'),
    ].flat();
    return html`<section class="chosen-node card">
      <p><b>${nodeText(node)}</b></p>
      <p class="small soft">${names.length > 0 ? networkStrings.linkedWith(names.join(', ')) : nodeReach(node)}</p>
      ${node.problem ? html`<p class="small">${problemText(node.problem)}</p>` : nothing}
      <p class="tiny faint mono address">${node.node}</p>
      ${node.person ? html`<parley-publications .model=${this.model} .person=${node.person}></parley-publications>` : nothing}
    </section>`;
  }

  #table(nodes: readonly NodeView[]) {
    return html`<div class="scroll" tabindex="0" role="group" aria-label=${networkStrings.peers}><table>
      <thead><tr><th scope="col">${strings.person}</th><th scope="col">${networkStrings.howReached}</th><th scope="col">${networkStrings.roundTrip}</th><th scope="col">${networkStrings.data}</th><th scope="col">${networkStrings.since}</th></tr></thead>
      <tbody>${nodes.map((node) => this.#row(node))}</tbody>
    </table></div>`;
  }

  #row(node: NodeView) {
    const kind = node.isHost ? strings.host : node.isLeaf ? strings.anotherTab : node.isBehindHosts ? modeStrings.behindHosts : undefined;
    const path = node.path && node.state === 'connected' ? pathKindText(node.path) : nodeReach(node);
    return html`<tr>
      <td><b>${node.person?.name ?? '…'}</b>${kind ? html` <span class="badge">${kind}</span>` : nothing}${node.hasPlaintextClients ? html` <span class="badge">${modeStrings.plaintextClients}</span>` : nothing}<br /><span class="mono faint" title=${node.node}>${node.node.slice(-10)}</span></td>
      <td>${path}${node.problem ? html`<br /><span class="soft">${problemText(node.problem)}</span>` : nothing}</td>
      <td class="amount">${node.path?.rttMs === undefined ? '–' : milliseconds(node.path.rttMs)}</td>
      <td class="amount">↑ ${bytes(node.bytesSent)}<br />↓ ${bytes(node.bytesReceived)}</td>
      <td class="amount">${this.#since(node)}</td>
    </tr>`;
  }

  #since({ connectedAt, lastSeenAt, state: nodeState }: NodeView): string {
    if (nodeState === 'connected' && connectedAt !== undefined) return shortTime(connectedAt);
    return lastSeenAt === undefined ? '–' : networkStrings.lastSeen(shortTime(lastSeenAt));
  }

  #servers() {
    const { servers } = this.model.networkDetail.value;
    return html`<section><h2 class="label">${networkStrings.servers}</h2><table><tbody>${servers.map(
      ({ host, isOwn, state: serverState, hasStun, hasTurn }) => html`<tr>
        <td><b>${host}</b><br /><span class="soft">${isOwn ? networkStrings.ownServer : networkStrings.toldServer}</span></td>
        <td>${serverStates[serverState]}${hasStun ? html` <span class="badge">${networkStrings.withStun}</span>` : nothing}${hasTurn ? html` <span class="badge">${networkStrings.withTurn}</span>` : nothing}</td>
      </tr>`,
    )}</tbody></table></section>`;
  }

  #traffic() {
    const { throughput, relaying } = this.model.networkDetail.value;
    const passed = bytes(relaying.bytes);
    return html`<section><h2 class="label">${networkStrings.throughput}</h2>
      ${throughputChart(throughput)}
      <p class="small soft">${relaying.circuits > 0 ? networkStrings.relaying(relaying.circuits, passed) : relaying.bytes > 0 ? networkStrings.relayed(passed) : networkStrings.relayingNothing}</p>
    </section>`;
  }

  readonly #select = (node: string): void => {
    this.selected = this.selected === node ? undefined : node;
    this.focusable = node;
  };

  readonly #key = (event: KeyboardEvent, nodes: readonly string[]): void => {
    const here = (event.currentTarget as SVGElement).dataset['node'] ?? '';
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      return this.#select(here);
    }
    if (event.key === 'Escape') this.selected = undefined;
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = nodes[(nodes.indexOf(here) + step + nodes.length) % nodes.length];
    this.focusable = next;
    void this.updateComplete.then(() => this.renderRoot.querySelector<SVGElement>(`[data-node="${next ?? ''}"]`)?.focus());
  };

  readonly #check = async (): Promise<void> => {
    this.isChecking = true;
    this.checks = await this.model.checkConnection().finally(() => (this.isChecking = false));
  };
}
