import type { ModeKeeper, ModeKeeperOptions } from '../modes/mode-keeper.ts';
import type { ModesSurroundings } from '../view/modes-model.ts';
import type { ModesModel } from '../view/types.ts';
import type { ModesLater } from './modes-later.ts';

/** The mode of this tab's node, as far as the first screen needs it; the rest is loaded with the first question. */
export class Modes {
  readonly #options: () => Omit<ModeKeeperOptions, 'links'>;
  #loading: Promise<ModesLater> | undefined;
  #keeper: ModeKeeper | undefined;

  /** `options` are asked for when it is loaded. */
  constructor(options: () => Omit<ModeKeeperOptions, 'links'>) {
    this.#options = options;
  }

  /** The address of a host by which others can come, if this node is linked with one. */
  get linkedHost(): string | undefined {
    return this.#keeper?.linkedHost;
  }

  async start(): Promise<void> {
    this.#keeper = (await this.#load()).keeper;
  }

  setHub(isHub: boolean): void {
    this.#keeper?.setHub(isHub);
  }

  retryNow(): void {
    this.#keeper?.retryNow();
  }

  async model(surroundings: ModesSurroundings): Promise<ModesModel> {
    await this.start();
    const { keeper, ModesViewModel } = await this.#load();
    return new ModesViewModel({ ...surroundings, keeper });
  }

  #load() {
    return (this.#loading ??= import('./modes-later.ts').then(({ createModes }) => createModes(this.#options())));
  }
}
