import { css, html, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { PersonView, PublicationView } from '../../view/types.ts';
import { ModelElement } from '../elements/model-element.ts';
import { isoTime, longDay, timeOfDay } from '../format.ts';
import { networkStrings, publicationText } from '../network-strings.ts';
import { strings } from '../strings.ts';
import { shared } from '../styles/shared.ts';

/** So many are shown at first, and so many more each time. */
const PAGE = 20;

/** What a person published, change by change, each by which device: read when it is unfolded. */
@customElement('parley-publications')
export class PublicationList extends ModelElement {
  @property({ attribute: false }) person!: PersonView;
  @state() private publications: readonly PublicationView[] | undefined;
  @state() private shown = PAGE;
  #of: string | undefined;

  static override styles = [
    shared,
    css`
      ol {
        margin: var(--s2) 0 0;
        padding: 0;
        list-style: none;
      }
      li {
        padding: 6px 0;
        border-top: 1px solid var(--line);
        overflow-wrap: anywhere;
      }
    `,
  ];

  override willUpdate(): void {
    if (this.#of === this.person.id) return;
    this.#of = this.person.id;
    this.publications = undefined;
    this.shown = PAGE;
    const details = this.renderRoot?.querySelector('details');
    if (details) details.open = false;
  }

  override render() {
    return html`<details @toggle=${this.#toggled}>
      <summary class="small">${networkStrings.publishedBy(this.person.name)}</summary>
      ${this.publications === undefined ? nothing : this.#list(this.publications)}
    </details>`;
  }

  #list(publications: readonly PublicationView[]) {
    if (publications.length === 0) return html`<p class="small soft">${networkStrings.publishedNothing}</p>`;
    return html`<ol aria-label=${networkStrings.publishedBy(this.person.name)}>
        ${publications.slice(0, this.shown).map(
          ({ at, device, entries, isConcurrent }) => html`<li>
            <span class="small">${entries.map(publicationText).join(' · ')}</span><br />
            <span class="tiny faint"><time datetime=${isoTime(at)}>${longDay(at)}, ${timeOfDay(at)}</time> · ${networkStrings.byDevice}
              <span class="mono" title=${device}>${device.slice(-10)}</span>${isConcurrent ? html` · ${networkStrings.publishedApart}` : nothing}</span>
          </li>`,
        )}
      </ol>
      ${publications.length > this.shown ? html`<button class="btn" @click=${() => (this.shown += PAGE)}>${strings.showMore}</button>` : nothing}`;
  }

  async #toggled(event: ToggleEvent): Promise<void> {
    if (event.newState !== 'open' || this.publications) return;
    const { id } = this.person;
    const publications = await this.model.publications(id);
    if (this.#of === id) this.publications = publications;
  }
}
