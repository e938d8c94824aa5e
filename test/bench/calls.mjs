import { inTurns } from './rounds.mjs';

const CALLS_A_ROUND = 100;
/** In one round, 32 at a time. */
const CALLS = { secure: 1000, plaintext: 1000, memory: 1000, http: 300 };
const BASELINES = {
  plaintext: 'plaintext session',
  http: 'SDK over Streamable HTTP, page to Node.js on one machine',
  memory: 'SDK in memory, one page',
};

/** One tool call of 1 KiB after the other, and 32 at a time; from tab to tab, and by the ways that it competes with. */
export async function measureCalls({ call }, report) {
  const ways = Object.keys(CALLS);
  const subjects = Object.fromEntries(ways.map((way) => [way, () => call('callTimes', way, CALLS_A_ROUND)]));
  subjects.raw = () => call('echoTimes', 'raw', 1024, CALLS_A_ROUND);
  await inTurns(2, subjects);
  const times = await inTurns(10, subjects);
  const against = (way, name) => ({ baseline: { name, value: times.median(way) }, ratio: times.ratio('secure', way) });
  report.add('tool call 1 KiB', 'ms', times.median('secure'), { p99: times.p99('secure'), ...against('raw', 'raw data channel round trip') });
  report.add('tool call 1 KiB beyond the raw round trip', 'ms', times.median('secure') - times.median('raw'));
  for (const [way, name] of Object.entries(BASELINES))
    report.add(`tool call 1 KiB against the ${name}`, 'ms', times.median('secure'), against(way, name));
  report.add('encryption cost of a tool call 1 KiB', '%', 100 * (times.ratio('secure', 'plaintext') - 1));

  const rates = await inTurns(5, Object.fromEntries(ways.map((way) => [way, () => call('callRate', way, CALLS[way])])));
  for (const [way, name] of Object.entries(BASELINES)) {
    const suffix = way === 'plaintext' ? '' : ` against the ${name}`;
    report.add(`tool calls, 32 in flight${suffix}`, 'calls/s', rates.median('secure'), {
      baseline: { name, value: rates.median(way) },
      ratio: rates.ratio('secure', way),
    });
  }
}
