import type { ReceivedMessage } from '../observer.ts';
import type { World } from '../world.ts';
import { Checker, type ViolationSink } from './checker.ts';

/** No application's message comes twice, at somebody else than its addressee, or under another author's name. */
export class MessagesOnce extends Checker {
  readonly name = 'messages-once';
  readonly #world: () => Pick<World, 'nodes'>;
  readonly #seen = new Set<number>();

  constructor(sink: ViolationSink, world: () => Pick<World, 'nodes'>) {
    super(sink);
    this.#world = world;
  }

  override received({ by, provenSender, claimedSender, addressee, id }: ReceivedMessage): void {
    // What an adversary takes for a message may be anything.
    if (by.adversary) return;
    if (this.#seen.has(id)) this.violated(`Message ${id} came twice.`, by.index);
    this.#seen.add(id);
    // A later run of the same node is the same addressee.
    if (this.#world().nodes[addressee]?.id !== by.id) this.violated(`Message ${id} is for node ${addressee}.`, by.index);
    if (this.#world().nodes[claimedSender]?.id !== provenSender) this.violated(`Message ${id} is not by node ${claimedSender}.`, by.index);
  }
}
