/** Numbers, times and sizes in the reader's language and customs. */

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' });
const shortDate = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const longDate = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

const DAY_MS = 86_400_000;

export function timeOfDay(ms: number): string {
  return clock.format(ms);
}

/** Today as a time, this week as a weekday, else a date. */
export function shortTime(ms: number, now: number = Date.now()): string {
  if (dayOf(ms) === dayOf(now)) return clock.format(ms);
  return now - ms < 6 * DAY_MS ? weekday.format(ms) : shortDate.format(ms);
}

export function longDay(ms: number): string {
  return longDate.format(ms);
}

/** The local calendar day, comparable by equality. */
export function dayOf(ms: number): string {
  return new Date(ms).toDateString();
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Powers of 1000, as file managers and data plans count. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${number.format(value)} ${units[unit]}`;
}

export function milliseconds(ms: number): string {
  if (ms < 1) return '< 1 ms';
  return ms < 1000 ? `${Math.round(ms)} ms` : `${number.format(ms / 1000)} s`;
}

export function count(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? '' : 's'}`;
}
