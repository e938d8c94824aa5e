import { html, render } from 'lit';
import type { AppModel } from '../view/types.ts';
import './shell/app-shell.ts';

/** Puts the app's screens into an element. */
export function mountApp(into: HTMLElement, model: AppModel): void {
  render(html`<parley-app .model=${model}></parley-app>`, into);
}
