import { SeededRandom } from '../../../src/base/seeded-random.ts';
import type { SpawnOptions, World } from '../world.ts';
import type { Adversary } from './adversary.ts';
import { Babbler, Flooder, Garbler, Mute, Reorderer, Replayer } from './frame-adversaries.ts';
import { Impostor, IntroductionFlooder, WrongClock } from './introduction-adversaries.ts';

export type AdversaryKind = {
  readonly name: string;
  readonly summary: string;
  spawn(world: World): SpawnOptions;
};

export const ADVERSARIES: readonly AdversaryKind[] = [
  kind('garbler', 'flips bits in sealed frames', (random) => new Garbler(random)),
  kind('replayer', 'sends frames again', (random) => new Replayer(random)),
  kind('reorderer', 'hands frames over in the wrong order', (random) => new Reorderer(random)),
  kind('flooder', 'sends five frames of noise with each frame', (random) => new Flooder(random)),
  kind('mute', 'completes handshakes and falls silent', (random) => new Mute(random)),
  kind('babbler', 'seals payloads that mean nothing', (random) => new Babbler(random)),
  kind('introduction-flooder', 'sends garbage and repetitions through the server', (random) => new IntroductionFlooder(random)),
  kind('impostor', 'offers in the name of others', (random) => new Impostor(random)),
  kind('wrong-clock', 'lives an hour in the future', () => new WrongClock()),
  {
    name: 'hostile-server',
    summary: 'the signaling server loses and repeats introductions',
    spawn: (world) => {
      world.signaling.dropShare = 0.1;
      world.signaling.repeatShare = 0.3;
      return {};
    },
  },
];

/** @throws when there is no such kind. */
export function adversaryNamed(name: string): AdversaryKind {
  const found = ADVERSARIES.find((known) => known.name === name);
  if (!found) throw new Error(`There is no adversary “${name}”. There are: ${ADVERSARIES.map((known) => known.name).join(', ')}.`);
  return found;
}

function kind(name: string, summary: string, make: (random: SeededRandom) => Adversary): AdversaryKind {
  return { name, summary, spawn: (world) => ({ adversary: make(new SeededRandom(world.random.uint32())) }) };
}
