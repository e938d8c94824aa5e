import { inTurns } from './rounds.mjs';
import { median, quantile } from './report.mjs';

const HANDSHAKES = 9;
const TRANSFER_ROUNDS = 7;
/** 16 KiB messages are far slower than these. */
const RAW_MESSAGE_BYTES = [64 * 1024, 256 * 1024];
const RAW = 'raw data channel';
const PLAIN = 'plaintext session';

/** Round trips, throughput, lines behind a transfer, handshakes. */
export async function measureLink({ call, both, cpuMs }, report) {
  for (const size of [64, 1024]) await roundTrips(size, call, report);
  await transfers(call, cpuMs, report);
  await linesBehindTransfers(call, report);
  const handshakes = [];
  for (let run = 0; run < HANDSHAKES; run++) handshakes.push((await both('handshakeMs', run))[0]);
  report.add('handshake', 'ms', median(handshakes), { p99: Math.max(...handshakes) });
}

async function roundTrips(size, call, report) {
  const of = (kind) => () => call('echoTimes', kind, size, 100);
  const subjects = { secure: of('secure'), plain: of('plaintext'), raw: of('raw') };
  await inTurns(2, subjects);
  const times = await inTurns(10, subjects);
  const add = (name, subject, baseline, baselineName) =>
    report.add(name, 'ms', times.median(subject), {
      p99: times.p99(subject),
      baseline: { name: baselineName, value: times.median(baseline) },
      ratio: times.ratio(subject, baseline),
    });
  add(`round trip ${size} B`, 'secure', 'raw', RAW);
  add(`round trip ${size} B, plaintext session`, 'plain', 'raw', RAW);
  add(`round trip ${size} B against the plaintext session`, 'secure', 'plain', PLAIN);
}

async function transfers(call, cpuMs, report) {
  const cpu = {};
  const subject = (name, method, of) => async () => {
    const before = await cpuMs();
    const rate = await call(method, of);
    (cpu[name] ??= []).push((await cpuMs()) - before);
    return rate;
  };
  const raw = Object.fromEntries(RAW_MESSAGE_BYTES.map((bytes) => [bytes, subject(bytes, 'rawRate', bytes)]));
  const subjects = { ...raw, secure: subject('secure', 'nodeRate', 'secure'), plain: subject('plain', 'nodeRate', 'plaintext') };
  await inTurns(1, subjects);
  const rates = await inTurns(TRANSFER_ROUNDS, subjects);
  const best = RAW_MESSAGE_BYTES.toSorted((a, b) => rates.median(b) - rates.median(a))[0];
  report.add('throughput 64 MiB', 'MiB/s', rates.median('secure'), {
    baseline: { name: 'raw data channel at its best message size', value: rates.median(best) },
    ratio: rates.ratio('secure', best),
  });
  report.add('throughput 64 MiB against the plaintext session', 'MiB/s', rates.median('secure'), {
    baseline: { name: PLAIN, value: rates.median('plain') },
    ratio: rates.ratio('secure', 'plain'),
  });
  report.add('encryption cost of throughput', '%', 100 * (1 - rates.ratio('secure', 'plain')));
  // Other programs on the machine move it less than they do the rates.
  for (const [baseline, name] of [
    ['plain', PLAIN],
    [best, RAW],
  ]) {
    const ratio = median(cpu.secure.map((ms, round) => ms / cpu[baseline][round]));
    report.add(`CPU of a 64 MiB transfer against the ${name}`, 'ms', median(cpu.secure), { baseline: { name, value: median(cpu[baseline]) }, ratio });
  }
}

async function linesBehindTransfers(call, report) {
  const behind = [];
  const idle = await inTurns(3, {
    idle: () => call('echoTimes', 'secure', 1024, 100),
    transfer: async () => {
      const { times } = await call('linesBehindTransfer', 'secure');
      behind.push(...times);
      return times;
    },
  });
  report.add('chat line behind a 64 MiB transfer, there and back', 'ms', median(behind), {
    p99: quantile(behind, 0.99),
    baseline: { name: 'idle', value: idle.median('idle') },
    ratio: idle.ratio('transfer', 'idle'),
  });
}
