import { allCheckers } from './checkers/all-checkers.ts';
import type { Violation } from './checkers/checker.ts';
import { Violations } from './checkers/violations.ts';
import { FigureRecorder, type Figures } from './figures.ts';
import { DEFAULTS, type SimOptions } from './options.ts';
import { assertRealCryptography } from './primitives.ts';
import { scenarioNamed } from './scenarios/all-scenarios.ts';
import { Usability } from './usability.ts';
import { World, type SpawnOptions } from './world.ts';

export type Report = {
  readonly scenario: string;
  readonly nodes: number;
  readonly seed: number;
  readonly virtualSeconds: number;
  readonly wallSeconds: number;
  readonly violations: readonly Violation[];
  readonly figures: Figures;
  readonly traceHash: string;
};

/**
 * Runs one scenario from its seed to its report. `spawnDefaults` is for tests of the simulator: what is wrong with every node. `passed` is told each virtual second.
 * @throws when there is no such scenario or adversary.
 */
export async function simulate(
  chosen: Partial<SimOptions>,
  spawnDefaults?: SpawnOptions,
  passed?: (second: number, seconds: number) => void,
): Promise<Report> {
  const options = { ...DEFAULTS, ...chosen };
  const scenario = scenarioNamed(options.scenario);
  if (!scenario) throw new Error(`There is no scenario “${options.scenario}”.`);
  assertRealCryptography(options.nodes);
  const seconds = options.seconds ?? scenario.seconds;
  const startedAt = performance.now();
  const violations = new Violations(() => world.now);
  const recorder = new FigureRecorder(() => world);
  const world: World = new World(options, [recorder, new Usability(() => world), ...allCheckers(violations, () => world)], spawnDefaults);
  scenario.prepare(world, seconds);
  await world.run(seconds, (second) => passed?.(second, seconds));
  return {
    scenario: options.scenario,
    nodes: options.nodes,
    seed: options.seed,
    virtualSeconds: seconds,
    wallSeconds: Math.round(performance.now() - startedAt) / 1000,
    violations: violations.all(),
    figures: recorder.figures(),
    traceHash: world.trace.hex,
  };
}
