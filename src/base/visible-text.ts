/** Everything that can hide or reorder text, except line breaks, tabs and joiners within emoji. */
const INVISIBLE =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Without what can hide or reorder text: for words. */
export function withoutInvisible(text: string): string {
  return text.replace(INVISIBLE, '');
}

/** With what can hide or reorder text written out as JSON and script write it (`\u202e`): for values that somebody has to judge. */
export function withInvisibleWrittenOut(text: string): string {
  return text.replace(INVISIBLE, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
