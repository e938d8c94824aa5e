import { css, html, nothing, type PropertyValues } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { AgentView, ToolEntryView } from '../../view/types.ts';
import { authorIcon, authorIconStyles } from '../elements/author-icon.ts';
import { icon } from '../elements/icons.ts';
import { ModelElement } from '../elements/model-element.ts';
import { sigil } from '../elements/sigil.ts';
import { href } from '../router.ts';
import { modeStrings } from '../mode-strings.ts';
import { agentStrings } from '../agent-strings.ts';
import { agentKinds, strings } from '../strings.ts';
import { listStyles } from '../styles/list.ts';
import { shared } from '../styles/shared.ts';
import { trustStrings as words } from '../trust-strings.ts';
import { isOpen } from './access-note.ts';
import { findAgents, findTools, isNothingWanted, type Wanted } from './tool-search.ts';

/** So many rows of each list are drawn at first, and so many more as one comes to their end: one for each of a thousand would make typing slow. */
const PAGE = 30;
/** Agents that are shown before the tools which were found. */
const FEW_AGENTS = 10;

/** Every agent that this node knows, other people's first, and a search over all of their tools. */
@customElement('parley-agent-list')
export class AgentList extends ModelElement {
  @property({ attribute: false }) current: string | undefined;
  @property({ attribute: false }) tool: string | undefined;
  @state() private wanted: Wanted = { words: '' };
  @state() private hasFilters = false;
  /** Tools are listed though nothing is looked for. */
  @state() private areAllListed = false;
  @state() private shown = PAGE;
  @state() private shownAgents = PAGE;
  @query('.more') private readonly more!: HTMLElement | null;
  readonly #sight = new IntersectionObserver(([entry]) => entry?.isIntersecting && (entry.target as HTMLElement).click());
  #asking: AbortController | undefined;

  static override styles = [
    shared,
    listStyles,
    authorIconStyles,
    css`
      .icon-btn.on {
        background: var(--accent-soft);
        color: var(--accent);
      }
      .filters {
        display: grid;
        gap: 6px;
        margin: 0 var(--s2) var(--s3);
      }
      .filters label {
        display: grid;
        grid-template-columns: 64px minmax(0, 1fr);
        gap: 8px;
        align-items: center;
        color: var(--ink-2);
      }
      .filters select {
        min-height: 34px;
        padding: 4px 8px;
        font-size: var(--t-s);
        color: var(--ink);
      }
      h2.label {
        display: flex;
        justify-content: space-between;
        gap: 8px;
        padding: var(--s3) var(--s2) var(--s1);
      }
      .agents .row {
        content-visibility: auto;
        contain-intrinsic-height: auto 64px;
      }
      .tool {
        grid-template-columns: 32px minmax(0, 1fr);
        align-items: start;
        content-visibility: auto;
        contain-intrinsic-height: auto 76px;
      }
      .tool .name {
        overflow-wrap: anywhere;
      }
      .tool .sig {
        grid-row: 1 / 4;
        margin-top: 2px;
      }
      .tool .last {
        grid-column: 2;
      }
      .tool .about {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
        overflow: hidden;
        font-size: var(--t-s);
        color: var(--ink-2);
        overflow-wrap: anywhere;
      }
      .last {
        color: var(--ink-3);
      }
      .more,
      .all {
        display: flex;
        margin: var(--s2) auto;
      }
    `,
  ];

  override render() {
    const { wanted } = this;
    const agents = this.model.agents.value;
    const isSearching = !isNothingWanted(wanted);
    const found = isSearching ? findAgents(agents, wanted) : agents;
    const tools = isSearching || this.areAllListed ? findTools(this.model.tools.value, wanted) : undefined;
    const agentRows = tools && this.shownAgents === PAGE ? FEW_AGENTS : this.shownAgents;
    const isFiltered = wanted.person !== undefined || wanted.node !== undefined || wanted.kind !== undefined;
    return html`
      <header>
        <h1>${strings.agents}</h1>
        <div class="btns">
          <a class="icon-btn" href=${href({ page: 'agents', calls: true })} aria-label=${agentStrings.callsAndLog}>${icon('history')}</a>
          <button class="icon-btn ${isFiltered ? 'on' : ''}" aria-label=${agentStrings.filters} aria-expanded=${this.hasFilters} @click=${() => (this.hasFilters = !this.hasFilters)}>${icon('filter')}</button>
        </div>
      </header>
      <div @keydown=${this.#pressed}>
        <div class="search">
          ${icon('search', 18)}
          <input type="search" aria-label=${agentStrings.searchTools} placeholder=${agentStrings.searchTools} .value=${wanted.words} @input=${(event: InputEvent) => this.#want({ words: (event.target as HTMLInputElement).value })} />
        </div>
        ${this.hasFilters ? this.#filters(agents) : nothing}
        <p class="unseen" role="status">${isSearching ? agentStrings.foundCount(found.length, tools?.length ?? 0) : ''}</p>
        ${isSearching && found.length > 0 ? html`<h2 class="label">${strings.agents}</h2>` : nothing}
        <ul class="agents" aria-label=${strings.agents}>
          ${repeat(
            found.slice(0, agentRows),
            ({ address }) => address,
            (agent) => this.#agent(agent),
          )}
        </ul>
        ${tools && found.length > agentRows ? html`<button class="btn quiet all" @click=${() => (this.shownAgents = agentRows + PAGE)}>${strings.showMore}</button>` : nothing}
        ${tools ? this.#tools(tools) : nothing}
      </div>
      ${this.#foot(agents, found.length + (tools?.length ?? 0), isSearching)}
    `;
  }

  override updated(changed: PropertyValues<this>): void {
    super.updated(changed);
    this.#sight.disconnect();
    if (this.more) this.#sight.observe(this.more);
    // All agents are listed, a part in each frame: a slow device shows the first at once.
    const isListing = isNothingWanted(this.wanted) && !this.areAllListed;
    if (isListing && this.shownAgents < this.model.agents.value.length) requestAnimationFrame(() => (this.shownAgents += PAGE));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sight.disconnect();
    this.#asking?.abort();
    this.#asking = undefined;
  }

  #foot(agents: readonly AgentView[], found: number, isSearching: boolean) {
    if (isSearching) return found > 0 ? nothing : html`<p class="hint">${strings.nothingFound}</p>`;
    const count = this.model.tools.value.length;
    const unknown = this.model.agentsUnknown.value;
    return html`${count > 0 && !this.areAllListed ? html`<button class="btn quiet all" @click=${this.#listAll}>${agentStrings.allToolsOf(count)}</button>` : nothing}
      ${unknown > 0 ? html`<p class="hint">${agentStrings.toolsUnknown(unknown)}</p>` : nothing}
      ${agents.some(({ mine }) => !mine) ? nothing : html`<p class="hint">${agentStrings.noAgents}</p>`}`;
  }

  #agent(agent: AgentView) {
    const whose = agent.mine ? strings.yourAgent : strings.agentOf(agent.owner.name);
    return html`<li aria-label="${agent.title}, ${whose}">
      <a class="row" href=${href({ page: 'agents', agent: agent.address })} aria-current=${agent.address === this.current ? 'page' : nothing}>
        ${sigil(agent.sigil, 44)}<span class="name">${authorIcon(agent.icon, 20)}<span class="clip">${agent.title}</span></span><span></span>
        <span class="last clip">${agent.isPlaintext ? `${whose} · ${modeStrings.plaintext}` : whose}</span>
      </a>
    </li>`;
  }

  #tools(tools: readonly ToolEntryView[]) {
    const toAsk = this.model.agentsToAsk.value;
    return html`<h2 class="label"><span>${agentStrings.toolsFound}</span><span>${tools.length}</span></h2>
      ${toAsk > 0 && this.#asking ? html`<p class="hint">${agentStrings.askingAgents(toAsk)}</p>` : nothing}
      <ul aria-label=${agentStrings.toolsFound}>
        ${repeat(
          tools.slice(0, this.shown),
          ({ agent, name }) => `${agent.address} ${name}`,
          (tool) => this.#tool(tool),
        )}
      </ul>
      ${tools.length > this.shown ? html`<button class="btn quiet more" @click=${() => (this.shown += PAGE)}>${strings.showMore}</button>` : nothing}`;
  }

  #tool({ agent, name, title, description, access, icon: picture }: ToolEntryView) {
    const whose = agent.mine ? strings.yourAgent : strings.agentOf(agent.owner.name);
    const isCurrent = agent.address === this.current && name === this.tool;
    return html`<li>
      <a class="row tool" href=${href({ page: 'agents', agent: agent.address, tool: name })} aria-current=${isCurrent ? 'page' : nothing}>
        ${sigil(agent.sigil, 32)}
        <span class="name">${authorIcon(picture, 20)}${title || name}</span>
        ${description ? html`<span class="about">${description}</span>` : nothing}
        <span class="last clip">${agent.title} · ${whose}${agent.isPlaintext ? ` · ${modeStrings.plaintext}` : ''}${isOpen(access) ? nothing : ` · ${words.notForYou}`}</span>
      </a>
    </li>`;
  }

  #filters(agents: readonly AgentView[]) {
    const { person, node, kind } = this.wanted;
    const people = new Map(agents.map(({ owner, mine }) => [owner.id, mine ? strings.you : owner.name]));
    const nodes = new Map(
      agents
        .filter(({ owner }) => person === undefined || owner.id === person)
        .map((agent) => [agent.node, agentStrings.nodeOf(agent.mine ? strings.you : agent.owner.name, agent.node.slice(-4))]),
    );
    const kinds = new Map(agents.map((agent) => [agent.kind, agentKinds[agent.kind]]));
    return html`<div class="filters" role="group" aria-label=${agentStrings.filters}>
      ${this.#filter(strings.person, people, person, (value) => this.#want({ person: value, node: undefined }))}
      ${this.#filter(agentStrings.node, nodes, node, (value) => this.#want({ node: value }))}
      ${this.#filter(agentStrings.kind, kinds, kind, (value) => this.#want({ kind: value as Wanted['kind'] }))}
    </div>`;
  }

  #filter(label: string, options: ReadonlyMap<string, string>, chosen: string | undefined, choose: (value: string | undefined) => void) {
    return html`<label>${label}
      <select @change=${(event: Event) => choose((event.target as HTMLSelectElement).value || undefined)}>
        <option value="" .selected=${chosen === undefined}>${agentStrings.everything}</option>
        ${[...options].map(([value, text]) => html`<option value=${value} .selected=${value === chosen}>${text}</option>`)}
      </select>
    </label>`;
  }

  #want(change: { readonly [Key in keyof Wanted]?: Wanted[Key] | undefined }): void {
    const merged = Object.entries({ ...this.wanted, ...change }).filter(([, value]) => value !== undefined);
    this.wanted = Object.fromEntries(merged) as Wanted;
    this.shown = this.shownAgents = PAGE;
    if (!isNothingWanted(this.wanted)) this.#ask();
  }

  readonly #listAll = (): void => {
    this.areAllListed = true;
    this.shownAgents = PAGE;
    this.#ask();
  };

  /** What tools do is asked of their agents when somebody looks for some, and not before. */
  #ask(): void {
    if (this.#asking) return;
    this.#asking = new AbortController();
    void this.model.askAgents(this.#asking.signal).finally(() => (this.#asking = undefined));
  }

  /** From the field into what was found and along it, and back. */
  readonly #pressed = (event: KeyboardEvent): void => {
    const field = this.renderRoot.querySelector<HTMLInputElement>('input[type=search]');
    const places = [field, ...this.renderRoot.querySelectorAll<HTMLElement>('a.row')];
    const at = places.indexOf(this.shadowRoot?.activeElement as HTMLInputElement | null);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = event.key === 'Escape' && at > 0 ? field : step === undefined || at < 0 ? undefined : places[at + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  };
}
