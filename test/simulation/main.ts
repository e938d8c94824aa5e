import { commandFor, readCommandLine, usage } from './command-line.ts';
import type { SimOptions } from './options.ts';
import { simulate, type Report } from './simulation.ts';

const PROGRESS_MS = 20_000;

/** Runs what the command line asks for; answers the status to exit with: 1 for violations, 2 for a command that cannot be meant. */
export async function main(words: readonly string[]): Promise<number> {
  try {
    const { options, isJson, isHelp } = readCommandLine(words);
    if (isHelp) {
      console.log(usage());
      return 0;
    }
    const report = await simulate(options, undefined, progress());
    console.log(isJson ? JSON.stringify(report) : describe(report));
    return conclude(report, options);
  } catch (thrown) {
    console.error(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
    return 2;
  }
}

/** Says on standard error how far a long run is, every {@link PROGRESS_MS}. */
function progress(): (second: number, seconds: number) => void {
  const startedAt = performance.now();
  let next = startedAt + PROGRESS_MS;
  return (second, seconds) => {
    const now = performance.now();
    if (now < next) return;
    next = now + PROGRESS_MS;
    console.error(`${second} of ${seconds} virtual seconds after ${Math.round((now - startedAt) / 1000)} s`);
  };
}

/** The exit status, and for a run that broke something the command that repeats it. */
export function conclude({ violations }: Pick<Report, 'violations'>, options: SimOptions): number {
  if (violations.length === 0) return 0;
  console.error(`${violations.length} violations. Repeat with: ${commandFor(options)}`);
  return 1;
}

function describe({ scenario, nodes, seed, virtualSeconds, wallSeconds, figures, violations, traceHash }: Report): string {
  const lines = [`${scenario}: ${nodes} nodes, seed ${seed}, ${virtualSeconds} virtual seconds in ${wallSeconds} s, trace ${traceHash}`];
  for (const [name, value] of Object.entries(figures)) {
    lines.push(`  ${name}: ${typeof value === 'number' ? value : `p50 ${value.p50}, p95 ${value.p95}, max ${value.max}`}`);
  }
  for (const { checker, atMs, node, detail } of violations) {
    lines.push(`  VIOLATION ${checker} at ${atMs / 1000} s${node === undefined ? '' : `, node ${node}`}: ${detail}`);
  }
  return lines.join('\n');
}
