import { css, html } from 'lit';
import { customElement } from 'lit/decorators.js';
import type { GrantView } from '../../view/trust-types.ts';
import { ModelElement } from '../elements/model-element.ts';
import { shortTime } from '../format.ts';
import { shared } from '../styles/shared.ts';
import { calledText, trustStrings as words } from '../trust-strings.ts';

/** What was allowed for longer than once, each to be taken back. */
@customElement('parley-grants')
export class GrantList extends ModelElement {
  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      li {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 12px;
        align-items: center;
        padding: 8px 0;
        border-bottom: 1px solid var(--line);
      }
      li span {
        flex: 1;
        min-width: 200px;
        overflow-wrap: anywhere;
      }
    `,
  ];

  override render() {
    const grants = this.model.trust.value?.grants.value ?? [];
    return html`<h2 class="label" id="grants">${words.grants}</h2>
      ${grants.length === 0 ? html`<p class="small soft">${words.noGrants}</p>` : html`<ul aria-labelledby="grants">${grants.map((grant) => this.#line(grant))}</ul>`}`;
  }

  #line({ id, person, kind, tool, agentTitle, expiresAt, isOfConversation }: GrantView) {
    const text = words.grantLine(person.name, kind === 'resource' ? words.grantedRead : calledText(kind, tool), agentTitle);
    return html`<li><span>${text} <small class="soft">${isOfConversation ? `${words.inConversation}, ` : ''}${words.until(shortTime(expiresAt))}</small></span><button class="btn" aria-label="${words.takeBack}: ${text}" @click=${() => this.model.trust.value?.revokeGrant(id)}>${words.takeBack}</button></li>`;
  }
}
