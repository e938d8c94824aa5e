import type { ParleyError } from '../base/errors.ts';
import { problemText, strings } from './strings.ts';

/** What stands on the page when the app cannot start at all. */
export function showFailure(place: HTMLElement, error: ParleyError): void {
  const main = document.createElement('main');
  const heading = document.createElement('h1');
  heading.textContent = strings.cannotStart;
  const text = document.createElement('p');
  text.textContent = error.code === 'overloaded' ? error.message : problemText({ code: error.code, detail: error.message });
  main.className = 'failure';
  main.append(heading, text);
  place.replaceChildren(main);
}
