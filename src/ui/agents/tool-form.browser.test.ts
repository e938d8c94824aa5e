import fc from 'fast-check';
import type { JsonSchema } from '../../view/types.ts';
import type { ResultView } from './result-view.ts';
import { ToolForm } from './tool-form.ts';
import { equal, mounted, rendered, type } from '../../../test/support/components.ts';

async function formOf(inputSchema: JsonSchema) {
  const form = new ToolForm();
  form.tool = { name: 'try', title: 'Try', description: '', inputSchema };
  const root = await mounted(form);
  const called: unknown[] = [];
  form.addEventListener('call-tool', (event) => called.push((event as CustomEvent).detail));
  const named = <T extends HTMLElement = HTMLInputElement>(label: string): T => {
    const found = [...root.querySelectorAll<T>('input, textarea, select, fieldset')].find((control) => nameOf(control).startsWith(label));
    if (!found) throw new Error(`There is no field ${label}.`);
    return found;
  };
  const button = (name: string): HTMLButtonElement => {
    const found = [...root.querySelectorAll('button')].find(
      (candidate) => (candidate.getAttribute('aria-label') ?? candidate.textContent).trim() === name,
    );
    if (!found) throw new Error(`There is no button ${name}.`);
    return found;
  };
  const click = async (name: string) => {
    button(name).click();
    await rendered(form);
  };
  const choose = async (label: string, option: string) => {
    const select = named<HTMLSelectElement>(label);
    select.value = [...select.options].find(({ text }) => text === option)!.value;
    select.dispatchEvent(new Event('change'));
    await rendered(form);
  };
  const problems = () => [...root.querySelectorAll('p.bad')].map((line) => line.textContent);
  return { form, root, called, named, click, choose, problems };
}

async function give(chooser: HTMLInputElement, file: File, form: ToolForm): Promise<void> {
  const files = new DataTransfer();
  files.items.add(file);
  chooser.files = files.files;
  const before = form.renderRoot.textContent;
  chooser.dispatchEvent(new Event('change'));
  await until(() => form.renderRoot.textContent !== before);
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => requestAnimationFrame(resolve));
}

function nameOf(control: HTMLElement): string {
  const labels = 'labels' in control ? [...((control as HTMLInputElement).labels ?? [])] : [];
  return [...labels, ...control.querySelectorAll(':scope > legend')].map((label) => label.textContent.trim()).join(' ');
}

describe('the form of a tool', () => {
  it('asks for each kind of value, and gives what was typed', async () => {
    const { called, named, click, choose, form } = await formOf({
      type: 'object',
      properties: {
        text: { type: 'string', format: 'email' },
        size: { type: 'number', title: 'How large' },
        sure: { type: 'boolean' },
        colour: { enum: ['red', 'green', null] },
        extra: {},
      },
      required: ['text', 'size', 'colour'],
    });
    await type(named('text'), 'a@example.org');
    await type(named('How large'), '2.5');
    named('sure').click();
    await rendered(form);
    await choose('colour', 'green');
    await type(named('extra (optional, as JSON)'), '{"a": [1]}');
    await rendered(form);
    await click('Call tool');
    equal(called, [{ text: 'a@example.org', size: 2.5, sure: true, colour: 'green', extra: { a: [1] } }]);
  });

  it('leaves out an optional yes or no until it is given, and again after', async () => {
    const { called, named, click } = await formOf({ type: 'object', properties: { sure: { type: 'boolean' } } });
    equal(named('sure').indeterminate, true);
    await click('Call tool');
    named('sure').click();
    await click('Call tool');
    await click('Leave out sure');
    equal([named('sure').checked, named('sure').indeterminate], [false, true]);
    await click('Call tool');
    equal(called, [{}, { sure: true }, {}]);
  });

  it('shows alternatives of all arguments, keeps what was typed in each, and asks for the chosen one only', async () => {
    const { called, named, click, choose, problems, root } = await formOf({
      type: 'object',
      oneOf: [
        { title: 'By number', properties: { id: { type: 'integer' } }, required: ['id'] },
        { title: 'By name', properties: { name: { type: 'string', format: 'hostname' } }, required: ['name'] },
      ],
    });
    await type(named('id'), '7');
    await choose('Kind of Arguments', 'By name');
    await click('Call tool');
    equal(problems(), ['This is needed.']);
    equal((root.activeElement as HTMLInputElement).id, named('name').id);
    await type(named('name'), 'parley');
    await click('Call tool');
    await choose('Kind of Arguments', 'By number');
    equal(named('id').value, '7');
    await click('Call tool');
    equal(called, [{ name: 'parley' }, { id: 7 }]);
  });

  it('adds to lists, and removes the right one', async () => {
    const { called, named, click, choose } = await formOf({
      type: 'object',
      properties: {
        tags: { type: 'array', items: { enum: ['a', 'b', 'c'] }, maxItems: 3 },
        people: { type: 'array', items: { type: 'object', properties: { age: { type: 'integer' } } } },
      },
    });
    for (const value of ['a', 'b', 'c']) {
      await click('Add to tags');
      await choose(`tags ${'abc'.indexOf(value) + 1}`, value);
    }
    await click('Remove tags 2');
    equal(named<HTMLSelectElement>('tags 2').selectedOptions[0]?.text, 'c');
    await click('Add to people');
    await type(named('age'), '40');
    await click('Call tool');
    equal(called, [{ tags: ['a', 'c'], people: [{ age: 40 }] }]);
  });

  it('says at every field what is wrong with it, and goes to the first', async () => {
    const { called, named, click, problems, root } = await formOf({
      type: 'object',
      properties: { fine: { type: 'string' }, first: { type: 'integer' }, second: { type: 'array', items: { type: 'number' }, minItems: 1 } },
      required: ['first', 'second'],
    });
    await click('Call tool');
    equal(problems(), ['Give a number.', 'Give at least 1 item.']);
    equal(root.activeElement, named('first'));
    equal(named('first').getAttribute('aria-invalid'), 'true');
    equal(root.getElementById(named('first').getAttribute('aria-describedby')!)?.textContent, 'Give a number.');
    equal(called, []);
  });

  it('keeps damaged JSON as it was typed, and says so', async () => {
    const { called, named, click, problems } = await formOf({ type: 'object', properties: { data: { type: 'object' } } });
    await type(named('data'), '{"a": 1,');
    await click('Call tool');
    equal(named('data').value, '{"a": 1,');
    equal(problems().length, 1);
    equal(called, []);
  });

  it('writes all arguments as JSON, and brings all of it back to the form', async () => {
    const { called, named, click, problems } = await formOf({ type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] });
    await type(named('a'), '5');
    await click('Write as JSON');
    equal(JSON.parse(named('All arguments as JSON').value), { a: 5 });
    await type(named('All arguments as JSON'), '{"a": 6, "b": ');
    await click('Back to the form');
    equal(problems(), ['Give valid JSON: text in "quotes", lists in [brackets], objects in {braces}.']);
    equal(named('All arguments as JSON').value, '{"a": 6, "b": ');
    await type(named('All arguments as JSON'), '{"a": 6, "b": "more"}');
    await click('Back to the form');
    equal([named('a').value, named('Name of property 1').value, named('b').value], ['6', 'b', '"more"']);
    await click('Call tool');
    equal(called, [{ a: 6, b: 'more' }]);
  });

  it('finds what was typed after a look at the other side, also what cannot be sent', async () => {
    const { named, click, root } = await formOf({ type: 'object', properties: { a: { type: 'integer' }, data: {}, zero: { type: 'string' } } });
    await type(named('a'), 'abc');
    await type(named('data'), '{"x": ');
    await click('Write as JSON');
    equal(JSON.parse(named('All arguments as JSON').value), { a: 'abc', data: '{"x": ' });
    await click('Back to the form');
    equal([named('a').value, named('data').value], ['abc', '{"x": ']);
    await click('Write as JSON');
    const json = '{ "zero":"",\n"a" : 1 }';
    await type(named('All arguments as JSON'), json);
    await click('Back to the form');
    equal([named('a').value, named('zero').value], ['1', '""']);
    await click('Write as JSON');
    equal(named('All arguments as JSON').value, json);
    equal(root.querySelectorAll('textarea').length, 1);
  });

  it('moves items of a list, and keeps the focus with the moved one', async () => {
    const { called, named, click, root } = await formOf({ type: 'object', properties: { tags: { type: 'array', items: { type: 'integer' } } } });
    for (const [index, value] of ['1', '2', '3'].entries()) {
      await click('Add to tags');
      equal(root.activeElement, named(`tags ${index + 1}`));
      await type(named(`tags ${index + 1}`), value);
    }
    await click('Move tags 3 up');
    equal(root.activeElement?.getAttribute('aria-label'), 'Move tags 2 up');
    await click('Move tags 2 up');
    equal(root.activeElement?.getAttribute('aria-label'), 'Move tags 1 down');
    await click('Remove tags 2');
    await click('Call tool');
    equal(called, [{ tags: [3, 2] }]);
  });

  it('asks for properties without a name in the schema, tuples, and any of some values', async () => {
    const { called, named, click, form } = await formOf({
      type: 'object',
      properties: {
        sizes: { type: 'object', additionalProperties: { type: 'integer' } },
        point: {
          type: 'array',
          prefixItems: [
            { type: 'number', title: 'x' },
            { type: 'number', title: 'y' },
          ],
          minItems: 2,
        },
        days: { type: 'array', uniqueItems: true, items: { enum: ['mon', 'tue', 'wed'] } },
      },
      required: ['point'],
    });
    await click('Add a property to sizes');
    await type(named('Name of property 1'), 'small');
    await type(named('small'), '3');
    await type(named('x'), '1');
    await type(named('y'), '2.5');
    named('wed').click();
    await rendered(form);
    named('mon').click();
    await rendered(form);
    await click('Call tool');
    equal(called, [{ sizes: { small: 3 }, point: [1, 2.5], days: ['wed', 'mon'] }]);
  });

  it('opens what goes round as deep as somebody goes, and leaves it out again', async () => {
    const { called, named, click, root } = await formOf({
      type: 'object',
      properties: { value: { type: 'integer' }, next: { $ref: '#' } },
      required: ['value'],
    });
    await type(named('value'), '1');
    await click('Add next');
    const values = (): HTMLInputElement[] => [...root.querySelectorAll<HTMLInputElement>('input')];
    await type(values()[1]!, '2');
    await click('Add next');
    await type(values()[2]!, '3');
    await click('Call tool');
    [...root.querySelectorAll('button')].find(({ textContent }) => textContent === 'Leave out next')!.click();
    await click('Call tool');
    equal(called.length, 2);
    equal(called[0], { value: 1, next: { value: 2, next: { value: 3 } } });
  });

  it('sends null and an empty text where somebody says so', async () => {
    const { called, named, click } = await formOf({
      type: 'object',
      properties: { a: { type: ['string', 'null'] }, b: { type: 'string' } },
      required: ['b'],
    });
    await click('Send null as a');
    equal(named('a').value, 'null');
    await click('Call tool');
    await click('Send empty text as b');
    await click('Call tool');
    await click('Ask for a again');
    await click('Call tool');
    equal(called, [{ a: null, b: '' }, { b: '' }]);
  });

  it('turns a file into the text that stands for it', async () => {
    const { called, named, click, root, form } = await formOf({
      type: 'object',
      properties: {
        picture: { type: 'string', contentEncoding: 'base64', contentMediaType: 'image/png' },
        plain: { type: 'string', format: 'data-url' },
      },
      required: ['picture'],
    });
    await click('Call tool');
    equal(root.querySelector('p.bad')?.textContent, 'Choose a file.');
    const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
    const bytes = Uint8Array.from(atob(pixel), (character) => character.charCodeAt(0));
    await give(named('picture'), new File([bytes], 'dot.png', { type: 'image/png' }), form);
    await give(named('plain'), new File(['hi'], 'hi.txt', { type: 'text/plain' }), form);
    equal(root.querySelector('.chosen')?.textContent.includes('dot.png · 70 B'), true);
    const preview = root.querySelector<ResultView>('parley-result')!;
    await preview.updateComplete;
    equal(preview.renderRoot.querySelector('img')!.alt, 'dot.png');
    await click('Call tool');
    await click('Leave out picture');
    await click('Call tool');
    await give(named('picture'), new File([new Uint8Array(2_000_000)], 'large.png'), form);
    equal(root.querySelector('p.bad')?.textContent, 'A call carries at most 1.4 MB of a file.');
    equal(called, [{ picture: pixel, plain: 'data:text/plain;base64,aGk=' }]);
  });

  it('lists all that is wrong, leads to each, and lets go of what was corrected', async () => {
    const { named, click, root, form } = await formOf({
      type: 'object',
      properties: { first: { type: 'integer' }, second: { type: 'integer' }, third: { type: 'integer' } },
      required: ['first', 'second', 'third'],
    });
    await click('Call tool');
    equal(root.querySelector('[role=alert] b')?.textContent, '3 things to correct');
    root.querySelectorAll<HTMLButtonElement>('[role=alert] .link')[1]!.click();
    equal(root.activeElement, named('second'));
    await type(named('second'), '2');
    await rendered(form);
    equal([named('second').getAttribute('aria-invalid'), root.querySelector('[role=alert] b')?.textContent], [null, '2 things to correct']);
  });

  it('shows at its field what the schema says, and calls anyway for who knows better', async () => {
    const { called, named, click, form, root, problems } = await formOf({
      type: 'object',
      properties: { people: { type: 'array', items: { type: 'object', properties: { mail: { type: 'string', format: 'email' } } } } },
    });
    form.check = () => Promise.resolve([{ path: ['people', '0', 'mail'], keyword: 'format', wanted: 'email' }]);
    await click('Add to people');
    await type(named('mail'), 'nobody');
    await click('Call tool');
    await until(() => root.querySelector('[role=alert]') !== null);
    equal(problems(), ['This is not written as the tool asks for. It looks like this: name@example.org']);
    equal([root.activeElement, named('mail').getAttribute('aria-invalid')], [named('mail'), 'true']);
    equal(called, []);
    await click('Call anyway');
    equal(called, [{ people: [{ mail: 'nobody' }] }]);
    form.check = () => Promise.resolve([]);
    await click('Call tool');
    await until(() => called.length === 2);
  });

  it('starts with arguments that were there before, as JSON where the form cannot show them', async () => {
    const { form, named, root } = await formOf({
      type: 'object',
      oneOf: [
        { properties: { id: { type: 'integer' } }, required: ['id'] },
        { properties: { name: { type: 'integer' } }, required: ['name'] },
      ],
    });
    form.start = { name: 5 };
    await rendered(form);
    equal(named('name').value, '5');
    form.start = { name: 'five' };
    await rendered(form);
    equal(JSON.parse(root.querySelector('textarea')!.value), { name: 'five' });
  });

  it('draws any schema (property)', async () => {
    const part = fc.letrec<{ schema: JsonSchema }>((tie) => ({
      schema: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<JsonSchema>(
          { type: 'string' },
          { type: 'string', format: 'date' },
          { type: 'integer' },
          { type: 'boolean' },
          { $ref: '#' },
          { $ref: '#/$defs/a' },
        ),
        fc.record({ enum: fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 3 }) }),
        fc.record({ anyOf: fc.array(tie('schema'), { maxLength: 3 }), default: fc.jsonValue() }, { requiredKeys: ['anyOf'] }),
        fc.record({ allOf: fc.array(tie('schema'), { maxLength: 2 }) }),
        fc.record({ type: fc.constant('array'), items: tie('schema'), uniqueItems: fc.boolean(), minItems: fc.nat(2) }),
        fc.record({ prefixItems: fc.array(tie('schema'), { maxLength: 3 }), items: fc.constantFrom(false, {}) }),
        fc.record({ additionalProperties: tie('schema') }),
        fc.record({
          properties: fc.dictionary(fc.string({ maxLength: 5 }), tie('schema'), { maxKeys: 4 }),
          required: fc.array(fc.string({ maxLength: 1 })),
          default: fc.jsonValue(),
        }),
        fc.jsonValue({ maxDepth: 2 }).map((value) => value as unknown as JsonSchema),
      ),
    })).schema;
    await fc.assert(
      fc.asyncProperty(part, part, fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 })), async (schema, a, start) => {
        const root = { ...(typeof schema === 'object' ? schema : {}), type: 'object', $defs: { a } };
        const { form, root: drawn } = await formOf(root as JsonSchema);
        if (!drawn.querySelector('form')) throw new Error('There is no form.');
        form.start = start;
        await rendered(form);
        drawn.querySelector('form')!.requestSubmit();
        await rendered(form);
        if (!drawn.querySelector('form')) throw new Error('There is no form any more.');
      }),
      { numRuns: 150 },
    );
  });

  it('keeps what was typed when the agent tells the same tool again, and starts anew for another', async () => {
    const schema = { type: 'object', properties: { a: { type: 'integer' } } };
    const { form, named } = await formOf(schema);
    await type(named('a'), '5');
    form.tool = { ...form.tool, inputSchema: structuredClone(schema) };
    await rendered(form);
    equal(named('a').value, '5');
    form.tool = { ...form.tool, inputSchema: { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } } } };
    await rendered(form);
    equal(named('a').value, '');
  });
});
