import { html, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { icon } from '../elements/icons.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { href } from '../router.ts';
import { strings } from '../strings.ts';
import { listStyles } from '../styles/list.ts';
import { shared } from '../styles/shared.ts';

/** Every agent that this node knows, other people's first. */
@customElement('parley-agent-list')
export class AgentList extends ModelElement {
  @property({ attribute: false }) current: string | undefined;
  @state() private search = '';

  static override styles = [shared, listStyles];

  override render() {
    const wanted = this.search.trim().toLocaleLowerCase();
    const agents = this.model.agents.value.filter(({ title, description, owner }) =>
      [title, description, owner.name].some((text) => text.toLocaleLowerCase().includes(wanted)),
    );
    return html`
      <header><h1>${strings.agents}</h1></header>
      <div class="search">
        ${icon('search', 18)}
        <input type="search" aria-label=${strings.searchAgents} placeholder=${strings.searchAgents} .value=${this.search} @input=${(event: InputEvent) => (this.search = (event.target as HTMLInputElement).value)} />
      </div>
      <ul aria-label=${strings.agents}>
        ${agents.map((agent) => {
          const whose = agent.mine ? strings.yourAgent : strings.agentOf(agent.owner.name);
          return html`<li aria-label="${agent.title}, ${whose}">
            <a class="row" href=${href({ page: 'agents', agent: agent.address })} aria-current=${agent.address === this.current ? 'page' : nothing}>
              ${sigil(agent.sigil, 44)}<span class="name"><span class="clip">${agent.title}</span></span><span></span>
              <span class="last clip">${whose}</span>
            </a>
          </li>`;
        })}
      </ul>
      ${agents.some(({ mine }) => !mine) || wanted !== '' ? nothing : html`<p class="hint">${strings.noAgents}</p>`}
    `;
  }
}
