import 'axe-core/axe.js';
import type axeCore from 'axe-core';
import { equal, mounted, rendered } from '../../../test/support/components.ts';
import { blocksOf } from '../../view/result-blocks.ts';
import type { JsonSchema } from '../../view/types.ts';
import { ResultView } from './result-view.ts';
import { ToolForm } from './tool-form.ts';

/** Every kind of field at once, filled, left out and wrong. */
const schema: JsonSchema = {
  type: 'object',
  required: ['title', 'when', 'where', 'level', 'position'],
  $defs: { node: { type: 'object', properties: { text: { type: 'string' }, children: { type: 'array', items: { $ref: '#/$defs/node' } } } } },
  properties: {
    title: { type: 'string', maxLength: 80, description: 'One line that names it' },
    when: { type: 'string', format: 'date-time', title: 'When' },
    mail: { type: ['string', 'null'], format: 'email' },
    phone: { type: ['string', 'null'], maxLength: 20 },
    level: { enum: ['low', 'high'] },
    sure: { type: 'boolean', description: 'Whether it is certain' },
    days: { type: 'array', uniqueItems: true, items: { enum: ['Monday', 'Tuesday', 'Wednesday'] } },
    position: {
      type: 'array',
      prefixItems: [
        { type: 'number', title: 'Latitude' },
        { type: 'number', title: 'Longitude' },
      ],
      minItems: 2,
    },
    where: {
      oneOf: [
        { type: 'object', title: 'A street', properties: { street: { type: 'string' }, city: { type: 'string' } }, required: ['city'] },
        { type: 'object', title: 'A link', properties: { url: { type: 'string', format: 'uri' } }, required: ['url'] },
      ],
    },
    picture: { type: 'string', contentEncoding: 'base64', contentMediaType: 'image/png' },
    tags: { type: 'array', items: { type: 'string' } },
    sizes: { type: 'object', additionalProperties: { type: 'integer' } },
    inner: { type: 'object', properties: { folded: { type: 'object', properties: { a: { type: 'string' } } } } },
    tree: { $ref: '#/$defs/node' },
    extra: {},
  },
};

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

const start = {
  title: 'A plan',
  when: 'tomorrow',
  mail: null,
  days: ['Tuesday'],
  tags: ['one', 'two', 'three'],
  sizes: { small: 1 },
  tree: { text: 'root', children: [{ text: 'leaf' }] },
  picture: PIXEL,
  wrong: true,
};

async function filledForm(): Promise<ToolForm> {
  const form = new ToolForm();
  form.tool = { name: 'plan', title: 'Plan', description: '', inputSchema: schema };
  form.start = start;
  const root = await mounted(form);
  root.querySelector('form')!.requestSubmit();
  await rendered(form);
  equal(root.querySelector('[role=alert] b')?.textContent, '4 things to correct');
  return form;
}

async function allContent(): Promise<ResultView> {
  const view = new ResultView();
  view.read = () => Promise.resolve([]);
  view.blocks = blocksOf(
    [
      { type: 'text', text: 'A line. '.repeat(2_000) },
      { type: 'image', mimeType: 'image/png', data: PIXEL },
      { type: 'audio', mimeType: 'audio/wav', data: 'UklGRg==' },
      { type: 'resource_link', uri: 'note:///1', name: 'First', description: 'A note', size: 20 },
      { type: 'resource', resource: { uri: 'file:///a.bin', blob: 'AAAA' } },
      { type: 'video' },
    ],
    { rows: [{ a: 1, b: 2 }], deep: { list: [1, [2]] } },
  );
  await mounted(view);
  return view;
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

describe('forms and results for everybody', () => {
  const { axe } = globalThis as unknown as { axe: typeof axeCore };
  const style = document.createElement('style');

  before(async () => {
    style.textContent = await (await fetch('/src/ui/styles/tokens.css')).text();
    document.head.append(style);
  });

  after(() => {
    style.remove();
    delete document.documentElement.dataset['theme'];
  });

  for (const theme of ['light', 'dark'])
    for (const width of ['900px', '288px'])
      it(`keep to WCAG 2.2 AA, ${theme}, ${width} wide, and need no scrolling sideways`, async () => {
        document.documentElement.dataset['theme'] = theme;
        document.body.style.background = 'var(--sheet)';
        for (const show of [filledForm, allContent]) {
          const shown = await show();
          shown.style.width = width;
          const { violations } = await axe.run(shown, { runOnly: RULES });
          equal(
            violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`),
            [],
          );
          const wide = [...shown.shadowRoot!.querySelectorAll<HTMLElement>('*')].filter(
            (element) => element.getBoundingClientRect().right > shown.getBoundingClientRect().right + 1 && !element.closest('.scroll, .unseen'),
          );
          equal(
            wide.map(({ outerHTML }) => outerHTML.slice(0, 120)),
            [],
          );
        }
      });
});
