import type { PersonId } from '../base/ids.ts';
import type { ChatStore } from '../ports/chat-store.ts';
import { directConversationId } from './chat-event.ts';

/** How far back in a conversation an answer of mine is looked for. */
const LAST_EVENTS = 100;

/** People whom this person chose to talk with: those whom they wrote to. That somebody writes to me makes nobody my contact. */
export class Contacts {
  readonly #store: ChatStore;
  readonly #networkId: Uint8Array;
  readonly #me: PersonId;
  readonly #known = new Set<PersonId>();

  constructor(store: ChatStore, networkId: Uint8Array, me: PersonId) {
    this.#store = store;
    this.#networkId = networkId;
    this.#me = me;
  }

  async has(person: PersonId): Promise<boolean> {
    if (this.#known.has(person)) return true;
    const events = await this.#store.page(directConversationId(this.#networkId, this.#me, person), LAST_EVENTS);
    if (!events.some(({ author }) => author === this.#me)) return false;
    this.#known.add(person);
    return true;
  }
}
