/** The path of a Chromium, or `undefined` where there is none. */
export function findChromium(): string | undefined;
export const CHROMIUM_FLAGS: string[];
/** The path of a Firefox, or `undefined` where there is none. */
export function findFirefox(): string | undefined;
