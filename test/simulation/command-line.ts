import { parseArgs } from 'node:util';
import { ADVERSARIES } from './adversaries/all-adversaries.ts';
import { NAT_TYPES, type NatMix } from './nat.ts';
import { DEFAULTS, type SimOptions } from './options.ts';
import { SCENARIOS } from './scenarios/all-scenarios.ts';

const NAMES = [
  'scenario',
  'nodes',
  'seed',
  'seconds',
  'delay',
  'spread',
  'loss',
  'reorder',
  'adversary',
  'hostile-share',
  'nat',
  'server-off-at',
] as const;
type Name = (typeof NAMES)[number];

/** What the command line asks for. @throws Error with a sentence for what cannot be meant. */
export function readCommandLine(words: readonly string[]): { readonly options: SimOptions; readonly isJson: boolean; readonly isHelp: boolean } {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...words],
    options: { ...(Object.fromEntries(NAMES.map((name) => [name, text])) as Record<Name, typeof text>), json: flag, help: flag },
  });
  const { seconds, adversary } = values;
  const serverOffAt = values['server-off-at'];
  const options: SimOptions = {
    scenario: values.scenario ?? DEFAULTS.scenario,
    nodes: whole(values.nodes, '--nodes', DEFAULTS.nodes, 1),
    seed: whole(values.seed, '--seed', DEFAULTS.seed, 0),
    delayMs: whole(values.delay, '--delay', DEFAULTS.delayMs, 0),
    spread: share(values.spread, '--spread', DEFAULTS.spread),
    loss: share(values.loss, '--loss', DEFAULTS.loss),
    reorder: share(values.reorder, '--reorder', DEFAULTS.reorder),
    hostileShare: share(values['hostile-share'], '--hostile-share', DEFAULTS.hostileShare),
    nat: natMix(values.nat),
    ...(seconds === undefined ? {} : { seconds: whole(seconds, '--seconds', 0, 1) }),
    ...(adversary === undefined ? {} : { adversary }),
    ...(serverOffAt === undefined ? {} : { serverOffAt: whole(serverOffAt, '--server-off-at', 0, 0) }),
  };
  return { options, isJson: values.json, isHelp: values.help };
}

/** The command that repeats a run exactly. */
export function commandFor(options: SimOptions): string {
  const words = [`--nodes ${options.nodes}`, `--seed ${options.seed}`, `--scenario ${options.scenario}`];
  if (options.seconds !== undefined) words.push(`--seconds ${options.seconds}`);
  if (options.delayMs !== DEFAULTS.delayMs) words.push(`--delay ${options.delayMs}`);
  if (options.spread !== DEFAULTS.spread) words.push(`--spread ${options.spread}`);
  if (options.loss !== DEFAULTS.loss) words.push(`--loss ${options.loss}`);
  if (options.reorder !== DEFAULTS.reorder) words.push(`--reorder ${options.reorder}`);
  if (options.adversary !== undefined) words.push(`--adversary ${options.adversary}`);
  if (options.hostileShare !== DEFAULTS.hostileShare) words.push(`--hostile-share ${options.hostileShare}`);
  const mix = Object.entries(options.nat).map(([type, weight]) => `${type}:${weight}`);
  if (mix.join(',') !== 'open:1') words.push(`--nat ${mix.join(',')}`);
  if (options.serverOffAt !== undefined) words.push(`--server-off-at ${options.serverOffAt}`);
  return `npm run sim -- ${words.join(' ')}`;
}

export function usage(): string {
  const list = (items: readonly { readonly name: string; readonly summary: string }[]): string =>
    items.map(({ name, summary }) => `  ${name.padEnd(22)}${summary}`).join('\n');
  return `npm run sim -- [--nodes N] [--seed S] [--scenario NAME] [--json]
  --seconds N           virtual seconds instead of the scenario's own
  --delay MS            mean delay one way (${DEFAULTS.delayMs})
  --spread SHARE        of it that pairs of nodes may be nearer or farther (${DEFAULTS.spread})
  --loss SHARE          of packets (${DEFAULTS.loss})
  --reorder SHARE       of packets (${DEFAULTS.reorder})
  --nat TYPE:WEIGHT,…   ${NAT_TYPES.join(', ')}
  --adversary NAME      for the scenario hostile
  --hostile-share SHARE of the nodes (${DEFAULTS.hostileShare})
  --server-off-at N     the signaling server is switched off at this second
scenarios:
${list(SCENARIOS)}
adversaries:
${list(ADVERSARIES)}`;
}

function whole(text: string | undefined, name: string, otherwise: number, least: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) throw new Error(`${name} takes a whole number of at least ${least}.`);
  return value;
}

function share(text: string | undefined, name: string, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!(value >= 0 && value < 1)) throw new Error(`${name} takes a share from 0 to below 1.`);
  return value;
}

function natMix(text: string | undefined): NatMix {
  if (text === undefined) return DEFAULTS.nat;
  const mix = text.split(',').map((part) => part.split(':') as [string, string | undefined]);
  for (const [type, weight] of mix) {
    if (!(NAT_TYPES as readonly string[]).includes(type) || !(Number(weight) > 0)) throw new Error('--nat takes e.g. open:10,cone:60,symmetric:30.');
  }
  return Object.fromEntries(mix.map(([type, weight]) => [type, Number(weight)]));
}
