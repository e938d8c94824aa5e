import { css, html, nothing, type TemplateResult } from 'lit';
import { copyText } from '../elements/clipboard.ts';
import type { AppModel } from '../../view/types.ts';
import { networkStrings, reachText, serverText } from '../network-strings.ts';
import { strings } from '../strings.ts';

/** Which network this is, how one is connected to it and, where asked for, under which address. Its component needs {@link networkCardStyles}. */
export function networkCards(model: AppModel, hasAddress: boolean): TemplateResult {
  const network = model.currentNetwork.value;
  return html`
    <section class="card"><h2 class="label">${networkStrings.currentNetworkIs}</h2><p><b>${network.name}</b><br /><span class="soft">${network.private ? strings.privateNetwork : strings.openNetwork}</span></p></section>
    <section class="card"><h2 class="label">${networkStrings.howConnected}</h2><p>${reachText(model.networkDetail.value.nodes)}</p><p class="soft">${serverText(model.network.value)}</p>${hasAddress ? html`<p class="tiny faint">${networkStrings.myAddress}<br /><span class="mono address">${model.me.value.node}</span></p><button class="btn" @click=${() => copyText(model, model.me.value.node)}>${networkStrings.copyAddress}</button>` : nothing}</section>
  `;
}

export const networkCardStyles = css`
  .address {
    overflow-wrap: anywhere;
  }
  .card {
    font-size: var(--t-s);
    display: grid;
    gap: var(--s2);
  }
  .card b {
    font: 600 var(--t-m) / 1.4 var(--font-text);
    overflow-wrap: anywhere;
  }
`;
