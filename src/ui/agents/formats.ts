/** How text of a format is written (JSON Schema Validation 2020-12 §7.3). */
export const FORMAT_EXAMPLES: Readonly<Record<string, string>> = {
  date: '2026-11-25',
  'date-time': '2026-11-25T12:00:00Z',
  time: '12:00:00Z',
  duration: 'P1DT2H30M',
  email: 'name@example.org',
  'idn-email': 'name@example.org',
  hostname: 'example.org',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://…',
  url: 'https://…',
  'uri-reference': '/path/to/it',
  'uri-template': 'https://example.org/{id}',
  uuid: '9f8c0c2e-5b7a-4d0e-8f3e-2f6f0a3c1b5d',
  'json-pointer': '/list/0/name',
  regex: '^[a-z]+$',
};

/** The keyboard that a phone shows. */
export const INPUT_MODES: Readonly<Record<string, string>> = { email: 'email', 'idn-email': 'email', uri: 'url', url: 'url', 'uri-reference': 'url' };

/** Formats for which browsers have a calendar. */
export const PICKERS: Readonly<Record<string, string>> = { date: 'date', 'date-time': 'datetime-local', time: 'time' };

/** What a calendar gave, as RFC 3339 writes it; times are those of this device's place. */
export function pickedText(format: string, picked: string): string {
  if (format === 'date' || picked === '') return picked;
  const at = new Date(format === 'time' ? `1970-01-01T${picked}` : picked);
  const seconds = /:\d\d:\d\d/.test(picked) ? picked : `${picked}:00`;
  return `${seconds}${offsetOf(format === 'time' ? new Date() : at)}`;
}

function offsetOf(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  if (minutes === 0) return 'Z';
  const two = (value: number): string => String(Math.trunc(Math.abs(value))).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}
