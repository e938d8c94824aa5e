import { css, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { AccessView } from '../../view/trust-types.ts';
import type { PersonView } from '../../view/types.ts';
import { ModelElement } from '../elements/model-element.ts';
import { go } from '../router.ts';
import { strings } from '../strings.ts';
import { shared } from '../styles/shared.ts';
import { trustStrings as words } from '../trust-strings.ts';

/** Why something of somebody else's cannot be called from here, and how to get there. */
@customElement('parley-access-note')
export class AccessNote extends ModelElement {
  @property({ attribute: false }) owner!: PersonView;
  @property({ attribute: false }) access: AccessView = 'never';

  static override styles = [
    shared,
    css`
      .btns {
        margin-top: var(--s2);
      }
      .btn {
        white-space: normal;
        text-align: start;
      }
    `,
  ];

  override render() {
    const { name } = this.owner;
    const canMeet = this.access === 'contacts';
    return html`<div class="note">
      <b>${words.notForYou}</b>
      <p>${canMeet ? words.notForYouYet(name) : words.notForYouAtAll(name)}</p>
      ${canMeet ? html`<div class="btns"><button class="btn" @click=${this.#write}>${strings.writeTo(name)}</button></div>` : nothing}
    </div>`;
  }

  readonly #write = async (): Promise<void> => {
    go({ page: 'conversations', conversation: await this.model.startConversation(this.owner.id) });
  };
}

/** Whether something may be called, or its owner asked for it. Nothing is said of it: it is tried, and the owner's node decides. */
export function isOpen(access: AccessView | undefined): boolean {
  return access !== 'contacts' && access !== 'never';
}
