/** The figures of one run: `{name, unit, value, p99?, baseline?: {name, value}, ratio?}`. */
export class Report {
  figures = [];

  /** `ratio` is the quotient of value and baseline where none is given: pairs that were measured in turns give the median of theirs. */
  add(name, unit, value, { p99, baseline, ratio } = {}) {
    const figure = { name, unit, value: rounded(value) };
    if (p99 !== undefined) figure.p99 = rounded(p99);
    if (baseline) {
      figure.baseline = { name: baseline.name, value: rounded(baseline.value) };
      if (baseline.value > 0) figure.ratio = rounded(ratio ?? value / baseline.value);
    }
    this.figures.push(figure);
    const beside = baseline ? `   (${baseline.name}: ${figure.baseline.value}, ratio ${figure.ratio})` : '';
    console.log(`${name}: ${figure.value} ${unit}${p99 === undefined ? '' : `, p99 ${figure.p99}`}${beside}`);
  }
}

function rounded(value) {
  return Number(value.toPrecision(4));
}

export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export function median(values) {
  return quantile(values, 0.5);
}
