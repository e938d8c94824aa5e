import { signal, type Signal } from '@preact/signals-core';
import { onceATurn } from '../base/once-a-turn.ts';
import type { ModeKeeper } from '../modes/mode-keeper.ts';
import type { People } from './people.ts';
import type { HostUrlProblemView, ModeName, ModesModel, ModeView } from './types.ts';

/** What a loaded part of the app does not have by itself. */
export type ModesSurroundings = { readonly people: People; report(thrown: unknown): void };

export type ModesModelOptions = ModesSurroundings & { readonly keeper: ModeKeeper };

/** The mode and its hosts, for the screens that show and change them. */
export class ModesViewModel implements ModesModel {
  readonly mode: Signal<ModeView>;
  readonly #options: ModesModelOptions;

  constructor(options: ModesModelOptions) {
    this.#options = options;
    this.mode = signal(this.#look());
    options.keeper.onChange = onceATurn(() => this.refresh());
  }

  refresh(): void {
    const now = this.#look();
    // Whoever hears of a change refreshes in turn.
    if (JSON.stringify(now) !== JSON.stringify(this.mode.value)) this.mode.value = now;
  }

  async choose(mode: ModeName): Promise<void> {
    await this.#options.keeper.choose(mode).catch((thrown: unknown) => this.#options.report(thrown));
  }

  async addHost(text: string): Promise<HostUrlProblemView | undefined> {
    try {
      return await this.#options.keeper.addHost(text);
    } catch (thrown) {
      this.#options.report(thrown);
      return undefined;
    }
  }

  async removeHost(url: string): Promise<void> {
    await this.#options.keeper.removeHost(url).catch((thrown: unknown) => this.#options.report(thrown));
  }

  async reload(): Promise<void> {
    await this.#options.keeper.load().catch((thrown: unknown) => this.#options.report(thrown));
  }

  #look(): ModeView {
    const { keeper, people } = this.#options;
    const { hosts, ...state } = keeper.state;
    return {
      ...state,
      hosts: hosts.map(({ url, source, node, state: hostState, problem }) => {
        const person = node && people.ofNode(node);
        return { url, source, state: hostState, ...(person ? { person } : {}), ...(problem ? { problem } : {}) };
      }),
    };
  }
}
