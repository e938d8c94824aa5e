import { median } from './report.mjs';
import { inTurns } from './rounds.mjs';

const TRANSFER_ROUNDS = 5;
const DIRECT = 'direct session';

/** Round trips and throughput through one relaying tab, beside a direct session of the same tabs. */
export async function measureRelayed({ call, cpuMs }, report) {
  for (const size of [64, 1024]) {
    const of = (kind) => () => call('echoTimes', kind, size, 100);
    const subjects = { relayed: of('relayed'), direct: of('secure') };
    await inTurns(2, subjects);
    const times = await inTurns(10, subjects);
    report.add(`round trip ${size} B over one relay`, 'ms', times.median('relayed'), {
      p99: times.p99('relayed'),
      baseline: { name: DIRECT, value: times.median('direct') },
      ratio: times.ratio('relayed', 'direct'),
    });
  }
  const cpu = { relayed: [], direct: [] };
  const transfer = (name, kind) => async () => {
    const before = await cpuMs();
    const rate = await call('nodeRate', kind);
    cpu[name].push((await cpuMs()) - before);
    return rate;
  };
  const subjects = { relayed: transfer('relayed', 'relayed'), direct: transfer('direct', 'secure') };
  await inTurns(1, subjects);
  const rates = await inTurns(TRANSFER_ROUNDS, subjects);
  report.add('throughput 64 MiB over one relay', 'MiB/s', rates.median('relayed'), {
    baseline: { name: DIRECT, value: rates.median('direct') },
    ratio: rates.ratio('relayed', 'direct'),
  });
  report.add('CPU of a 64 MiB transfer over one relay', 'ms', median(cpu.relayed), { baseline: { name: DIRECT, value: median(cpu.direct) } });
}
