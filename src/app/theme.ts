import { readTheme } from '../view/app-model.ts';
import type { Theme } from '../view/types.ts';

/** A copy of the setting that can be read before the first paint; the store has the original. */
const COPY = 'parley-theme';
const systemIsDark = matchMedia('(prefers-color-scheme: dark)');
let chosen: Theme = 'system';

export function applyTheme(theme: Theme): void {
  chosen = theme;
  try {
    localStorage.setItem(COPY, theme);
  } catch {
    // A browser that denies storage shows the system's theme for a moment at the next start.
  }
  show();
}

/** For the first paint. */
export function applyRememberedTheme(): void {
  try {
    chosen = readTheme(localStorage.getItem(COPY));
  } catch {
    chosen = 'system';
  }
  show();
  systemIsDark.addEventListener('change', show);
}

function show(): void {
  const isDark = chosen === 'dark' || (chosen === 'system' && systemIsDark.matches);
  document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light';
  document.querySelector('meta[name=theme-color]')?.setAttribute('content', isDark ? '#15181c' : '#f6f3ee');
}
