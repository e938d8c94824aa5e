import { css, html, svg, type TemplateResult } from 'lit';
import type { ThroughputView } from '../../view/types.ts';
import { bytes } from '../format.ts';
import { networkStrings } from '../network-strings.ts';

const WIDTH = 280;
const HEIGHT = 56;
/** Below this many bytes per second the line stays flat: an idle node's pings are no news. */
const FULL_BYTES_PER_SECOND = 2_000;

/** What went to and fro in the last minutes, in one line each way; the newest figures in words. */
export function throughputChart(samples: readonly ThroughputView[]): TemplateResult {
  const top = Math.max(FULL_BYTES_PER_SECOND, ...samples.flatMap((sample) => [sample.sentPerSecond, sample.receivedPerSecond]));
  const last = samples.at(-1);
  const text = networkStrings.throughputText(bytes(last?.sentPerSecond ?? 0), bytes(last?.receivedPerSecond ?? 0));
  const line = (valueOf: (sample: ThroughputView) => number): string =>
    samples
      .map((sample, index) => {
        const x = samples.length < 2 ? WIDTH : (index / (samples.length - 1)) * WIDTH;
        return `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${(HEIGHT - 2 - (valueOf(sample) / top) * (HEIGHT - 4)).toFixed(1)}`;
      })
      .join(' ');
  return html`<svg class="throughput" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
      ${svg`<path class="sent" d=${line((sample) => sample.sentPerSecond)} /><path class="received" d=${line((sample) => sample.receivedPerSecond)} />`}
    </svg><p class="small figures">${text}</p>`;
}

export const throughputStyles = css`
  .throughput {
    display: block;
    width: 100%;
    max-width: 420px;
    height: 56px;
    border-bottom: 1px solid var(--line);
    margin: var(--s2) 0;
  }
  .throughput path {
    fill: none;
    stroke: var(--accent);
    stroke-width: 1.6;
    vector-effect: non-scaling-stroke;
  }
  .throughput .received {
    stroke: var(--amber);
    stroke-dasharray: 4 3;
  }
  .figures {
    font-variant-numeric: tabular-nums;
  }
`;
