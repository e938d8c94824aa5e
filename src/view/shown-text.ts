import { withoutInvisible } from '../base/visible-text.ts';

/** More of a text of somebody else's is read by nobody. */
export const MAX_TEXT_LENGTH = 200_000;

/** A peer's text as it may be shown. */
export function visibleText(text: string): string {
  const bounded = text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;
  return withoutInvisible(bounded);
}
