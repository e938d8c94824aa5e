/** Under this name a result has the whole of its JSON as a `Blob`: no agent can send one, whatever it names its members. */
export const KEPT = 'parley/kept';

/** The whole of a result that is kept, in place of which this is. */
export function keptIn(value: unknown): Blob | undefined {
  if (typeof value !== 'object' || value === null || typeof Blob === 'undefined') return undefined;
  const kept = (value as Readonly<Record<string, unknown>>)[KEPT];
  return kept instanceof Blob ? kept : undefined;
}
