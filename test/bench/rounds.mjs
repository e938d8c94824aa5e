import { median, quantile } from './report.mjs';

/**
 * Runs the subjects in turns, each round beginning with another, so that the machine's moods meet all of them alike.
 * `subjects` names functions of the round's number that answer a sample or a list of samples.
 */
export async function inTurns(rounds, subjects) {
  const names = Object.keys(subjects);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let index = 0; index < names.length; index++) {
      const name = names[(round + index) % names.length];
      samples[name].push([await subjects[name](round)].flat());
    }
  }
  return new Rounds(samples);
}

/** What each subject showed in each round. */
class Rounds {
  #samples;

  constructor(samples) {
    this.#samples = samples;
  }

  median(name) {
    return median(this.#samples[name].flat());
  }

  p99(name) {
    return quantile(this.#samples[name].flat(), 0.99);
  }

  /** The median over the rounds of one subject's median to the other's in the same round. */
  ratio(name, baseline) {
    return median(this.#samples[name].map((samples, round) => median(samples) / median(this.#samples[baseline][round])));
  }
}
