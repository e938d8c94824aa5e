import { html, LitElement, render } from 'lit';
import { equal, mounted, rendered } from '../../../test/support/components.ts';
import { argumentList } from './argument-list.ts';
import { modal, modalStyles } from './dialog.ts';
import { sigil } from './sigil.ts';

class Page extends LitElement {
  static override styles = modalStyles;
  static override properties = { open: { type: Boolean }, question: { type: Boolean } };
  declare open: boolean;
  declare question: boolean;
  closed = 0;

  override render() {
    const onClose = (): void => {
      this.closed++;
      this.open = false;
    };
    return html`<button id="opener" @click=${() => (this.open = true)}>Open</button>
      ${modal({ heading: 'A dialog', open: this.open, question: this.question, onClose, content: () => html`<input id="inside" />` })}`;
  }
}
customElements.define('test-page', Page);

async function openedPage(isQuestion = false) {
  const page = new Page();
  page.question = isQuestion;
  const root = await mounted(page);
  const opener = root.getElementById('opener') as HTMLButtonElement;
  opener.focus();
  opener.click();
  await rendered(page);
  await Promise.resolve();
  return { page, root, opener, dialog: root.querySelector('dialog')! };
}

function escape(dialog: HTMLDialogElement): boolean {
  return dialog.dispatchEvent(new Event('cancel', { cancelable: true }));
}

describe('a dialog', () => {
  it('is modal, named by its heading, has the focus, and gives it back where it was', async () => {
    const { page, root, dialog, opener } = await openedPage();
    equal([dialog.open, dialog.matches(':modal'), dialog.getAttribute('aria-label')], [true, true, 'A dialog']);
    equal(dialog.contains(root.activeElement), true);
    const closed = new Promise((resolve) => dialog.addEventListener('close', resolve));
    dialog.querySelector<HTMLButtonElement>('[aria-label=Close]')!.click();
    await closed;
    await rendered(page);
    equal([dialog.open, page.closed], [false, 1]);
    equal(root.activeElement, opener);
    equal(root.getElementById('inside'), null);
  });

  it('stays when it is opened again at once', async () => {
    const { page, dialog, opener } = await openedPage();
    const closed = new Promise((resolve) => dialog.addEventListener('close', resolve));
    dialog.querySelector<HTMLButtonElement>('[aria-label=Close]')!.click();
    opener.click();
    await closed;
    await rendered(page);
    equal([dialog.open, page.open, page.closed], [true, true, 1]);
  });

  it('closes by a click beside it and by Escape, unless it asks a question', async () => {
    const { dialog } = await openedPage();
    equal(escape(dialog), true);
    dialog.dispatchEvent(new MouseEvent('click'));
    equal(dialog.open, false);
    const question = (await openedPage(true)).dialog;
    equal(escape(question), false);
    question.dispatchEvent(new MouseEvent('click'));
    equal([question.open, question.querySelector('[aria-label=Close]')], [true, null]);
    // What no page can prevent, as a phone's second way back: it is asked again.
    const closed = new Promise((resolve) => question.addEventListener('close', resolve));
    question.close();
    await closed;
    equal(question.matches(':modal'), true);
  });
});

function drawn(key: string, kind: 'person' | 'agent' = 'person', size = 40): string {
  const place = document.createElement('div');
  render(sigil({ key, kind, verified: false }, size), place);
  return place.querySelector('svg')!.innerHTML.replaceAll(/<!--.*?-->/g, '');
}

describe('a sigil', () => {
  it('is the same figure for the same key, at any size and for any kind', () => {
    equal(drawn('ada'), drawn('ada'));
    equal(drawn('ada'), drawn('ada', 'agent', 200));
  });

  it('is another one for another key, however alike', () => {
    const keys = Array.from({ length: 300 }, (_, index) => `person-${index}`);
    equal(new Set(keys.map((key) => drawn(key))).size, keys.length);
  });

  it('does not change from one version of the app to the next', () => {
    const numbers = drawn('parley').match(/[\d.]+/g)!.length;
    equal([drawn('parley').match(/oklch\([^)]*\)/)?.[0], numbers > 20], [FIRST_COLOUR_OF_PARLEY, true]);
  });
});

const FIRST_COLOUR_OF_PARLEY = 'oklch(0.9 0.045 306)';

describe('a call’s arguments', () => {
  it('show what is invisible or turns the line around, written out', () => {
    const place = document.createElement('div');
    render(argumentList({ 'na\u200bme': 'safe\u202e.txt', lines: 'one\ntwo' }), place);
    equal(
      [...place.querySelectorAll('dt, dd')].map((part) => part.textContent),
      ['na\\u200bme', '"safe\\u202e.txt"', 'lines', '"one\\ntwo"'],
    );
  });
});
