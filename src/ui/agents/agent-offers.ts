import { css, html, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import { asParleyError } from '../../base/errors.ts';
import type { SuggestedFor, WatchView } from '../../view/activity-types.ts';
import type { AgentDetailView, PromptView, ResourceView, ResultBlockView, TemplateView, ToolView } from '../../view/types.ts';
import { ModelElement } from '../elements/model-element.ts';
import { timeOfDay } from '../format.ts';
import { agentStrings } from '../agent-strings.ts';
import { problemText } from '../strings.ts';
import { link } from '../styles/link.ts';
import { shared } from '../styles/shared.ts';
import { trustStrings as words } from '../trust-strings.ts';
import { offerCard, offerStyles } from './offer-card.ts';
import './result-view.ts';
import './text-arguments.ts';
import type { TextArgument } from './text-arguments.ts';
import './tool-form.ts';

/** The resources and prompts of an agent: read, watched and got. */
@customElement('parley-agent-offers')
export class AgentOffers extends ModelElement {
  @property({ attribute: false }) detail!: AgentDetailView;
  /** A prompt whose arguments are asked for. */
  @state() private prompt: PromptView | undefined;
  /** A template whose address is to be filled in. */
  @state() private template: TemplateView | undefined;
  @state() private reading: { readonly name: string; readonly blocks: readonly ResultBlockView[] } | undefined;

  static override styles = [
    shared,
    link,
    offerStyles,
    css`
      .link[aria-pressed='true'] {
        font-weight: 600;
        text-decoration: underline;
      }
      :host,
      section {
        display: grid;
        gap: var(--s5);
      }
      section {
        gap: var(--s2);
      }
      .watched {
        display: grid;
        gap: var(--s2);
        padding: 12px 14px;
        border: 1px solid var(--line);
        border-radius: var(--r2);
        overflow-wrap: anywhere;
      }
      .watched .top {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 12px;
        align-items: center;
        justify-content: space-between;
      }
    `,
  ];

  override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('detail');
    if (!before || before.agent.address === this.detail.agent.address) return;
    this.prompt = undefined;
    this.template = undefined;
    this.reading = undefined;
  }

  override render() {
    const { resources, prompts, templates = [] } = this.detail;
    return html`${resources.length > 0 ? this.#resources(resources) : nothing}
      ${templates.length > 0 ? this.#templates(templates) : nothing}
      ${this.#watched()}
      ${prompts.length > 0 ? this.#prompts(prompts) : nothing}
      ${this.reading ? html`<section role="region" aria-label=${agentStrings.result}><h2 class="label">${this.reading.name}</h2>${this.#result(this.reading.blocks)}</section>` : nothing}`;
  }

  get #address(): string {
    return this.detail.agent.address;
  }

  get #activity() {
    return this.model.trust.value?.activity;
  }

  get #watches(): readonly WatchView[] {
    return this.#activity?.watches(this.#address).value ?? [];
  }

  #resources(resources: readonly ResourceView[]) {
    const watched = new Set(this.#watches.filter(({ state }) => state !== 'ended').map(({ uri }) => uri));
    return html`<section>
      <h2 class="label" id="resources">${agentStrings.resources}</h2>
      <ul class="items" aria-labelledby="resources">${resources.map((resource) => html`<li>${this.#resource(resource, watched.has(resource.uri))}</li>`)}</ul>
    </section>`;
  }

  #resource({ uri, name, description, icon }: ResourceView, isWatched: boolean) {
    const toggle = (): void => (isWatched ? this.#activity?.unwatch(this.#address, uri) : this.#activity?.watch(this.#address, uri));
    const watch = this.detail.canWatch
      ? html`<button class="link more" aria-pressed=${isWatched} aria-label="${words.watch} ${name}" @click=${toggle}>${words.watch}</button>`
      : nothing;
    return offerCard(
      '',
      `${agentStrings.read} ${name}`,
      description,
      () => void this.#show(name, () => this.model.readResource(this.#address, uri)),
      undefined,
      watch,
      icon,
    );
  }

  #templates(templates: readonly TemplateView[]) {
    const { template } = this;
    return html`<section>
      <h2 class="label" id="templates">${words.templates}</h2>
      <ul class="items" aria-labelledby="templates">${templates.map((each) => html`<li>${offerCard('', words.fillIn(each.name), each.description || each.uriTemplate, () => (this.template = each), undefined, nothing, each.icon)}</li>`)}</ul>
      ${
        template
          ? html`<h3 class="mono">${template.uriTemplate}</h3>${this.#texts(
              template.variables.map((name) => ({ name, description: '', required: true })),
              { template: template.uriTemplate },
              agentStrings.read,
              (values) => this.#readTemplate(template, values),
            )}`
          : nothing
      }
    </section>`;
  }

  async #readTemplate({ name, uriTemplate }: TemplateView, values: Readonly<Record<string, string>>): Promise<void> {
    await this.#show(name, async () => this.model.readResource(this.#address, (await this.#activity?.expand(uriTemplate, values)) ?? ''));
  }

  /** Texts for which the agent suggests values, where it can. */
  #texts(args: readonly TextArgument[], of: SuggestedFor, action: string, done: (values: Readonly<Record<string, string>>) => unknown) {
    const suggest = async (name: string, value: string, others: Readonly<Record<string, string>>): Promise<readonly string[]> =>
      this.detail.server?.canComplete ? ((await this.#activity?.suggest(this.#address, of, name, value, others)) ?? []) : [];
    return keyed(
      JSON.stringify(of),
      html`<parley-text-arguments .of=${args} .action=${action} .suggest=${suggest} @done=${(event: CustomEvent<Record<string, string>>) => done(event.detail)}></parley-text-arguments>`,
    );
  }

  #watched() {
    const watches = this.#watches;
    if (watches.length === 0) return nothing;
    return html`<section>
      <h2 class="label" id="watched">${words.watchedResources}</h2>
      <ul class="items" aria-labelledby="watched">${watches.map((watch) => html`<li class="watched">${this.#watch(watch)}</li>`)}</ul>
    </section>`;
  }

  #watch({ uri, state, problem, changes, changedAt, blocks }: WatchView) {
    const name = this.detail.resources.find((resource) => resource.uri === uri)?.name ?? uri;
    return html`<div class="top">
        <b>${name}</b>
        <button class="btn quiet" aria-label="${words.stopWatching}: ${name}" @click=${() => this.#activity?.unwatch(this.#address, uri)}>${words.stopWatching}</button>
      </div>
      <p class="tiny soft" role="status">${changedAt === undefined ? words.watchStates[state] : words.changedTimes(changes, timeOfDay(changedAt))}</p>
      ${problem ? html`<p class="small">${problemText(problem)}</p>` : nothing}
      ${blocks ? this.#result(blocks) : nothing}`;
  }

  #prompts(prompts: readonly PromptView[]) {
    const press = (prompt: PromptView) => () => (prompt.arguments.length > 0 ? this.#ask(prompt) : void this.#getPrompt(prompt.name, {}));
    return html`<section>
      <h2 class="label" id="prompts">${agentStrings.prompts}</h2>
      <ul class="items" aria-labelledby="prompts">${prompts.map((prompt) => html`<li>${offerCard(prompt.title, `${agentStrings.getPrompt} ${prompt.name}`, prompt.description, press(prompt), undefined, nothing, prompt.icon)}</li>`)}</ul>
      ${this.prompt ? this.#promptForm(this.prompt) : nothing}
    </section>`;
  }

  #ask(prompt: PromptView): void {
    this.prompt = prompt;
    this.reading = undefined;
  }

  /** A prompt's arguments are texts. */
  #promptForm({ name, title, description, arguments: args }: PromptView) {
    const get = (values: Readonly<Record<string, string>>): unknown => this.#getPrompt(name, values);
    if (this.detail.server?.canComplete)
      return html`<h3 class="mono">${name}</h3>${this.#texts(args, { prompt: name }, agentStrings.getPrompt, get)}`;
    const properties = Object.fromEntries(args.map((argument) => [argument.name, { type: 'string', description: argument.description }]));
    const inputSchema = { type: 'object', properties, required: args.flatMap((argument) => (argument.required ? [argument.name] : [])) };
    const tool: ToolView = { name, title, description, inputSchema };
    return html`<h3 class="mono">${name}</h3>
      <parley-tool-form .tool=${tool} .action=${agentStrings.getPrompt} @call-tool=${(event: CustomEvent<Record<string, string>>) => get(event.detail)}></parley-tool-form>`;
  }

  #result(blocks: readonly ResultBlockView[]) {
    return html`<parley-result .blocks=${blocks} .read=${(uri: string) => this.model.readResource(this.#address, uri)}></parley-result>`;
  }

  async #getPrompt(name: string, args: Readonly<Record<string, string>>): Promise<void> {
    await this.#show(name, async () => (await this.model.getPrompt(this.#address, name, args)).flatMap(({ blocks }) => blocks));
  }

  async #show(name: string, load: () => Promise<readonly ResultBlockView[]>): Promise<void> {
    try {
      this.reading = { name, blocks: await load() };
    } catch (thrown) {
      const { code, message } = asParleyError(thrown);
      this.model.notify('problem', { code, detail: message });
    }
  }
}
