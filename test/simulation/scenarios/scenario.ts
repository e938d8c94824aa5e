import type { World } from '../world.ts';

/** What happens in a run, and for how long it is watched. */
export type Scenario = {
  readonly name: string;
  /** One sentence for `--help`. */
  readonly summary: string;
  readonly seconds: number;
  /** Asks for everything that is to happen; `seconds` is how long the run is. */
  prepare(world: World, seconds: number): void;
};

/** By then everybody has joined and chosen their links. */
export const SETTLED_MS = 60_000;

/** Joins all nodes within a part of the time that nodes have to settle. */
export function joinCalmly(world: World): void {
  world.join(world.options.nodes, 0, SETTLED_MS / 3);
}

/** A little of what people do: enough that frames carry something. */
export function talkALittle(world: World, from: number, until: number): void {
  world.every(2_000, from, until, () => world.talk('send'));
  world.every(5_000, from, until, () => world.talk('call'));
  world.every(7_000, from, until, () => world.random.pick(world.honest())?.application.publish());
}
