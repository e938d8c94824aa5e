import { SeededRandom } from '../../../src/base/seeded-random.ts';
import type { SpawnOptions, World } from '../world.ts';
import type { Adversary } from './adversary.ts';
import { Babbler, Flooder, Garbler, Mute, Reorderer, Replayer } from './frame-adversaries.ts';
import { GossipFlooder, GossipForger, GossipReplayer, Promiser } from './gossip-adversaries.ts';
import { Impostor, IntroductionFlooder, WrongClock } from './introduction-adversaries.ts';
import { CardFlooder, CardReplayer, CrowdMaker, FalseWitness, FutureCards } from './presence-adversaries.ts';
import { Equivocator, ForeignChanges, HugeDocuments, UnsignedChanges } from './registry-adversaries.ts';
import { BlackHole, CircuitLooper, ListLiar } from './routing-adversaries.ts';

export type AdversaryKind = {
  readonly name: string;
  readonly summary: string;
  spawn(world: World): SpawnOptions;
};

/** They do wrong at the edges of a node: frames, payloads, introductions, clocks. */
export const EDGE_ADVERSARIES: readonly AdversaryKind[] = [
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

/** They say on the lanes between neighbours what no honest node says. */
export const LANE_ADVERSARIES: readonly AdversaryKind[] = [
  kind('gossip-forger', 'publishes in the names of others', (random) => new GossipForger(random)),
  kind('gossip-replayer', 'publishes again what others published', (random) => new GossipReplayer(random)),
  kind('gossip-flooder', 'publishes a hundred items a second', (random) => new GossipFlooder(random)),
  kind('promiser', 'announces items that there are not', (random) => new Promiser(random)),
  kind('false-witness', 'says that nodes are gone that are not', (random) => new FalseWitness(random)),
  kind('card-replayer', 'spreads old cards', (random) => new CardReplayer(random)),
  kind('future-cards', 'spreads cards that are not valid yet', (random) => new FutureCards(random)),
  kind('card-flooder', 'makes up thirty nodes a second', (random) => new CardFlooder(random)),
  kind('crowd-maker', 'makes up ten nodes a second for each neighbour', (random) => new CrowdMaker(random)),
  kind('list-liar', 'says to have links that it has not', (random) => new ListLiar(random)),
  {
    name: 'black-hole',
    summary: 'can be reached by everybody, takes circuits and carries nothing',
    spawn: () => ({ adversary: new BlackHole(), nat: 'open' }),
  },
  kind('circuit-looper', 'opens circuits in loops, and too many', (random) => new CircuitLooper(random)),
  kind('unsigned-changes', 'changes of its registry document without a signature', (random) => new UnsignedChanges(random)),
  kind('foreign-changes', 'changes of the documents of others', (random) => new ForeignChanges(random)),
  kind('huge-documents', 'registry messages and items that are as large as can be', (random) => new HugeDocuments(random)),
  kind('equivocator', 'tells half of the network one thing, and half another', (random) => new Equivocator(random)),
];

export const ADVERSARIES: readonly AdversaryKind[] = [...EDGE_ADVERSARIES, ...LANE_ADVERSARIES];

/** @throws when there is no such kind. */
export function adversaryNamed(name: string): AdversaryKind {
  const found = ADVERSARIES.find((known) => known.name === name);
  if (!found) throw new Error(`There is no adversary “${name}”. There are: ${ADVERSARIES.map((known) => known.name).join(', ')}.`);
  return found;
}

function kind(name: string, summary: string, make: (random: SeededRandom) => Adversary): AdversaryKind {
  return { name, summary, spawn: (world) => ({ adversary: make(new SeededRandom(world.random.uint32())) }) };
}
