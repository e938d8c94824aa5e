import { equal, mounted, rendered, type } from '../../test/support/components.ts';
import { ADA, BO, conversationOf, FakeAppModel, messageBy } from '../../test/doubles/fake-app-model.ts';
import { ERROR_CODES, type ErrorCode } from '../base/errors.ts';
import { ConversationList } from './conversations/conversation-list.ts';
import { ConversationPage } from './conversations/conversation-page.ts';
import { showFailure } from './failure-page.ts';
import { NoticeBar } from './shell/notice-bar.ts';
import { problemText } from './strings.ts';
import { asParleyError, ParleyError } from '../base/errors.ts';

async function conversationPage(model: FakeAppModel) {
  const page = new ConversationPage();
  page.model = model.asModel;
  page.conversation = 'talk';
  const root = await mounted(page);
  const field = (): HTMLTextAreaElement => root.querySelector('textarea')!;
  const send = async (): Promise<void> => {
    root.querySelector('form')!.requestSubmit();
    await rendered(page);
  };
  return { page, root, field, send };
}

describe('a conversation on the screen', () => {
  it('says of each message of mine where it is, and nothing of those of others', async () => {
    const model = new FakeAppModel();
    model.talk.value = conversationOf(
      messageBy(BO, 'from Bo'),
      messageBy(ADA, 'one', 'queued'),
      messageBy(BO, 'between'),
      messageBy(ADA, 'two', 'delivered'),
      messageBy(BO, 'again'),
      messageBy(ADA, 'three', 'failed', { code: 'too-large' }),
    );
    const { root } = await conversationPage(model);
    equal(
      [...root.querySelectorAll('article')].map((article) => article.querySelector('.meta')?.textContent.split(' · ')[1]?.replace('Try again', '')),
      [undefined, 'waiting for the other to be here', undefined, 'delivered', undefined, 'not sent'],
    );
    equal(root.textContent.includes(problemText({ code: 'too-large' })), true);
    root.querySelector<HTMLButtonElement>('.meta button')!.click();
    equal(
      model.done.filter(([name]) => name === 'retryMessage'),
      [['retryMessage', 'three']],
    );
  });

  it('keeps what is being stored as the draft, and lets go of it once it is stored', async () => {
    const model = new FakeAppModel();
    model.talk.value = conversationOf();
    let stored = (): void => undefined;
    model.outcome = new Promise((resolve) => (stored = resolve));
    const { field, send } = await conversationPage(model);
    await type(field(), 'hello');
    await send();
    equal([field().value, model.draft()], ['', 'hello']);
    await type(field(), 'and more');
    equal(model.draft(), 'hello\nand more');
    stored();
    await model.outcome;
    await Promise.resolve();
    equal([field().value, model.draft()], ['and more', 'and more']);
  });

  it('puts a message that could not be stored back before what was typed since', async () => {
    const model = new FakeAppModel();
    model.talk.value = conversationOf();
    let fail = (): void => undefined;
    model.outcome = new Promise((_, reject) => (fail = () => reject(new ParleyError('storage-full', 'Full.'))));
    const { field, send } = await conversationPage(model);
    await type(field(), 'hello');
    await send();
    await type(field(), 'and more');
    fail();
    await model.outcome.catch(() => undefined);
    await Promise.resolve();
    equal([field().value, model.draft()], ['hello\nand more', 'hello\nand more']);
  });

  it('shows no HTML of a peer', async () => {
    const model = new FakeAppModel();
    model.talk.value = conversationOf(messageBy(BO, '<img src=x><b>bold</b>'));
    const { root } = await conversationPage(model);
    equal([root.querySelectorAll('.bubble img, .bubble b').length, root.querySelector('.bubble')?.textContent.trim()], [0, '<img src=x><b>bold</b>']);
  });
});

describe('the list of conversations', () => {
  const row = (id: string, title: string, lastText: string, unread = 0) =>
    ({ id, title, sigil: BO.sigil, presence: 'here', lastText, lastTime: 1_800_000_000_000, unread }) as const;

  it('shows who, the last words and what is unread, and finds by both', async () => {
    const model = new FakeAppModel();
    model.conversations.value = [row('1', 'Bo', 'good morning', 3), row('2', 'Cy', 'see you')];
    const list = new ConversationList();
    list.model = model.asModel;
    const root = await mounted(list);
    const titles = (): unknown => [...root.querySelectorAll('.row .name')].map((name) => name.textContent.trim());
    equal(titles(), ['Bo', 'Cy']);
    equal(root.querySelector('.count .unseen')?.textContent, '3 unread');
    for (const [words, found] of [
      ['SEE', ['Cy']],
      ['bo', ['Bo']],
      ['nobody', []],
    ] as const) {
      await type(root.querySelector('input')!, words);
      equal(titles(), found);
    }
    equal(root.textContent.includes('Nothing matches.'), true);
  });
});

describe('notices', () => {
  it('say each problem in words, stay while they ask something, and can be sent away', async () => {
    const model = new FakeAppModel();
    model.notices.value = [
      { id: 'a', kind: 'problem', text: 'storage-trouble', problem: { code: 'storage-full' } },
      { id: 'b', kind: 'update', text: 'update-ready' },
    ];
    const bar = new NoticeBar();
    bar.model = model.asModel;
    const root = await mounted(bar);
    const lines = (): string[] => [...root.querySelectorAll('p span')].map((line) => line.textContent);
    equal(lines()[0], problemText({ code: 'storage-full' }));
    root.querySelector<HTMLButtonElement>('p button[aria-label=Dismiss]')!.click();
    await rendered(bar);
    equal(lines().length, 1);
    root.querySelector<HTMLButtonElement>('p .btn')!.click();
    equal(model.done, [['dismissNotice', 'a'], ['applyUpdate']]);
  });

  it('has words for every code that can get to a person', () => {
    const silent: readonly ErrorCode[] = ['replayed', 'closed-here', 'fenced', 'internal'];
    const without = (Object.keys(ERROR_CODES) as ErrorCode[]).filter((code) => problemText({ code }).includes('Something went wrong here'));
    equal(
      without.filter((code) => !silent.includes(code)),
      [],
    );
  });
});

describe('the page of a failure', () => {
  it('says what is missing and what to do', () => {
    showFailure(document.body, asParleyError(new ParleyError('platform-missing', 'No crypto.')));
    equal(document.querySelector('main h1')?.textContent, 'Parley cannot start here');
    equal(document.querySelector('main p')?.textContent, problemText({ code: 'platform-missing' }));
  });
});
