import { ParleyError } from '../../base/errors.ts';
import { equal, mounted } from '../../../test/support/components.ts';
import { blocksOf } from '../../view/result-blocks.ts';
import type { ResultBlockView } from '../../view/types.ts';
import { ResultView } from './result-view.ts';

async function shown(blocks: readonly ResultBlockView[]): Promise<ShadowRoot> {
  const view = new ResultView();
  view.blocks = blocks;
  return mounted(view);
}

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

describe('the result of a call', () => {
  it('shows text and markdown as text: no HTML of a peer comes to life', async () => {
    const evil = '<img src=x onerror="document.title=1"><script>alert(1)</script> **bold**';
    const root = await shown([
      ...blocksOf([{ type: 'text', text: evil }]),
      { kind: 'markdown', text: evil },
      { kind: 'data', value: { field: evil } },
    ]);
    equal(root.querySelectorAll('img, script').length, 0);
    equal(
      [...root.querySelectorAll('.text, dd')].map((part) => part.textContent),
      [evil, evil, evil],
    );
  });

  it('takes out what is invisible or turns a line around', async () => {
    const root = await shown(blocksOf([{ type: 'text', text: 'pay\u202e 01 \u200bcoins\u{e0041}' }]));
    equal(root.querySelector('.text')?.textContent, 'pay 01 coins');
  });

  it('shows images and sounds that the browser draws by itself, and names the kinds that it does not', async () => {
    const root = await shown(
      blocksOf([
        { type: 'image', mimeType: 'image/png', data: PIXEL },
        { type: 'audio', mimeType: 'audio/wav', data: 'UklGRg==' },
        { type: 'image', mimeType: 'image/svg+xml', data: 'PHN2Zy8+' },
        { type: 'video', mimeType: 'video/mp4' },
      ]),
    );
    const image = root.querySelector('img')!;
    await image.decode();
    equal([image.naturalWidth, image.src.startsWith('blob:')], [1, true]);
    equal(root.querySelector('audio')?.controls, true);
    equal(root.querySelectorAll('p').length, 1);
    equal(root.querySelector('.file')?.textContent.includes('image/svg+xml'), true);
  });

  it('lets go of pictures that are not shown any more', async () => {
    const view = new ResultView();
    view.blocks = blocksOf([{ type: 'image', mimeType: 'image/png', data: PIXEL }]);
    const root = await mounted(view);
    const { src } = root.querySelector('img')!;
    view.blocks = [];
    await view.updateComplete;
    const isGone = await fetch(src).then(
      () => false,
      () => true,
    );
    equal(isGone, true);
  });

  it('shows links to resources as words that lead nowhere by themselves', async () => {
    const root = await shown(
      blocksOf([
        { type: 'resource_link', uri: 'javascript:alert(1)', name: 'A note' },
        { type: 'resource', resource: { uri: 'note:///1', text: 'inside' } },
      ]),
    );
    equal(root.querySelectorAll('a').length, 0);
    equal(root.textContent.includes('A note') && root.textContent.includes('javascript:alert(1)') && root.textContent.includes('inside'), true);
  });

  it('shows rows as a table, objects as their fields, the rest as JSON', async () => {
    const root = await shown(
      blocksOf([], {
        rows: [
          { name: 'a', size: 1 },
          { name: 'b', size: null },
        ],
        nested: { deep: true },
        list: [1, [2]],
      }),
    );
    equal(
      [...root.querySelectorAll('th')].map((head) => head.textContent),
      ['name', 'size'],
    );
    equal(root.querySelectorAll('tbody tr').length, 2);
    equal(
      [...root.querySelectorAll('dt')].map((name) => name.textContent),
      ['rows', 'nested', 'deep', 'list'],
    );
    equal(JSON.parse(root.querySelector('pre')!.textContent), [1, [2]]);
  });

  it('stays small however much an agent answers', async () => {
    const huge = 'x'.repeat(5_000_000);
    const text = await shown(blocksOf([{ type: 'text', text: huge }]));
    equal(text.textContent.length < 10_000, true);
    const many = await shown(blocksOf(Array.from({ length: 10_000 }, () => ({ type: 'text', text: 'line' }))));
    equal(many.querySelectorAll('.text').length, 64);
    const wide = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`field ${index}`, { a: 'b'.repeat(100) }]));
    const data = await shown(blocksOf([], wide));
    equal(data.querySelectorAll('*').length < 5_000, true);
    equal(data.textContent.length < 260_000, true);
    let deep: unknown = 'end';
    for (let depth = 0; depth < 5_000; depth++) deep = { inner: deep };
    const nested = await shown(blocksOf([], deep));
    equal(nested.querySelectorAll('*').length < 500, true);
  });

  it('shows more of a long text as somebody asks for it, and offers all of it as a file', async () => {
    const long = `${'a line of text\n'.repeat(3_000)}the end`;
    const root = await shown(blocksOf([{ type: 'text', text: long }]));
    const view = root.host as ResultView;
    const length = (): number => root.querySelector('.text')!.textContent.length;
    equal([length(), root.querySelector('.long')?.textContent.includes('characters')], [2_501, true]);
    root.querySelector<HTMLButtonElement>('.long button')!.click();
    await view.updateComplete;
    equal(length(), 32_501);
    root.querySelector<HTMLButtonElement>('.long button')!.click();
    await view.updateComplete;
    equal([root.querySelector('.text')?.textContent, root.querySelector('.long')], [long, null]);
  });

  it('offers bytes of any kind as a file, under a name that is fit for one', async () => {
    const evil = '../../\u202egpj.exe/..\\x:y<b>';
    const root = await shown(blocksOf([{ type: 'resource', resource: { uri: `file:///${evil}`, mimeType: 'text/html', blob: 'PGI+aGk8L2I+' } }]));
    const kept: [string, string][] = [];
    const original = HTMLAnchorElement.prototype.click;
    HTMLAnchorElement.prototype.click = function click() {
      kept.push([this.download, this.href.slice(0, 5)]);
    };
    try {
      root.querySelector<HTMLButtonElement>('button')!.click();
    } finally {
      HTMLAnchorElement.prototype.click = original;
    }
    equal(kept, [['y_b_', 'blob:']]);
    equal(root.querySelectorAll('b b, iframe').length, 0);
  });

  it('reads what a link leads to when somebody asks, and says why when that fails', async () => {
    const view = new ResultView();
    view.blocks = blocksOf([
      { type: 'resource_link', uri: 'note:///1', name: 'one', title: 'First', description: 'A note', mimeType: 'text/plain', size: 2_000 },
    ]);
    const asked: string[] = [];
    view.read = (uri) => {
      asked.push(uri);
      return asked.length === 1
        ? Promise.reject(new ParleyError('unreachable', 'Away.'))
        : Promise.resolve(blocksOf([{ type: 'text', text: 'inside' }]));
    };
    const root = await mounted(view);
    equal(
      ['First', 'A note', 'text/plain · 2 kB'].every((part) => root.textContent.includes(part)),
      true,
    );
    const read = async (): Promise<void> => {
      root.querySelector<HTMLButtonElement>('button')!.click();
      await new Promise((resolve) => requestAnimationFrame(resolve));
    };
    await read();
    equal(root.textContent.includes('Not reachable now'), true);
    await read();
    const inner = root.querySelector<ResultView>('parley-result')!;
    await inner.updateComplete;
    equal([inner.shadowRoot!.textContent.includes('inside'), asked], [true, ['note:///1', 'note:///1']]);
  });

  it('shows once what a tool sends as data and as the same text', async () => {
    equal(blocksOf([{ type: 'text', text: '{"a": [1]}' }], { a: [1] }), [{ kind: 'data', value: { a: [1] } }]);
    equal(blocksOf([{ type: 'text', text: '{"a": 2}' }], { a: [1] }).length, 2);
  });

  it('says so when there is nothing, and when the shapes are wrong', async () => {
    equal((await shown([])).textContent.trim(), 'The tool answered with nothing.');
    const root = await shown(blocksOf([null, 5, { type: 'image', mimeType: 'image/png', data: 'no base64!' }]));
    equal(root.querySelectorAll('p').length, 3);
  });
});
