import type { JsonSchema } from '../../view/types.ts';
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
  const problems = () => [...root.querySelectorAll('.bad')].map((line) => line.textContent);
  return { form, root, called, named, click, choose, problems };
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

  it('writes all arguments as JSON, and goes back to the form only when nothing would be lost', async () => {
    const { called, named, click, problems } = await formOf({ type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] });
    await type(named('a'), '5');
    await click('Write as JSON');
    equal(JSON.parse(named('All arguments as JSON').value), { a: 5 });
    await type(named('All arguments as JSON'), '{"a": 6, "b": "more"}');
    await click('Back to the form');
    equal(problems(), ['The form cannot show all of this, so it stays as JSON.']);
    equal(named('All arguments as JSON').value, '{"a": 6, "b": "more"}');
    await click('Call tool');
    await type(named('All arguments as JSON'), '{"a": 8}');
    await click('Back to the form');
    equal(named('a').value, '8');
    equal(called, [{ a: 6, b: 'more' }]);
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
