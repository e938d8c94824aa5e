import { withoutInvisible } from '../../base/visible-text.ts';
import type { JsonSchema } from '../../view/types.ts';

type Option = { readonly value: string; readonly label: string };
type Facts = { readonly name: string; readonly label: string; readonly description: string; readonly isRequired: boolean };

/** One question of an elicitation form: MCP allows a flat schema of these only. */
export type QuestionField = Facts &
  (
    | {
        readonly kind: 'text';
        readonly input: 'text' | 'email' | 'url' | 'date' | 'datetime-local';
        readonly minLength?: number;
        readonly maxLength?: number;
        readonly initial: string;
      }
    | { readonly kind: 'number'; readonly isWhole: boolean; readonly minimum?: number; readonly maximum?: number; readonly initial: string }
    | { readonly kind: 'boolean'; readonly initial: boolean }
    | { readonly kind: 'choice'; readonly options: readonly Option[]; readonly initial: string }
    | {
        readonly kind: 'choices';
        readonly options: readonly Option[];
        readonly minItems?: number;
        readonly maxItems?: number;
        readonly initial: readonly string[];
      }
  );

/** What was typed: text of text, number and choice fields, choices as their values. */
export type QuestionTyped = string | boolean | readonly string[];
export type QuestionContent = Readonly<Record<string, string | number | boolean | readonly string[]>>;
export type QuestionProblem = 'required' | 'number' | 'range' | 'length' | 'format';

const MAX_FIELDS = 40;
const MAX_OPTIONS = 200;
const MAX_TEXT = 500;
const INPUTS = { email: 'email', uri: 'url', date: 'date', 'date-time': 'datetime-local' } as const;

/** The questions of a schema. What is none of MCP's flat kinds is asked as text: an agent may send anything. */
export function questionFields(schema: JsonSchema): readonly QuestionField[] {
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return Object.entries(record(schema['properties']))
    .slice(0, MAX_FIELDS)
    .map(([name, property]) => fieldOf(name, record(property), required.includes(name)));
}

export function initialTyped(field: QuestionField): QuestionTyped {
  return field.initial;
}

/** What goes to the agent, or which fields are not answered as they ask. Optional questions without an answer are left out. */
export function questionContent(
  fields: readonly QuestionField[],
  typed: Readonly<Record<string, QuestionTyped>>,
): { readonly content: QuestionContent } | { readonly problems: ReadonlyMap<string, QuestionProblem> } {
  const content: [string, string | number | boolean | readonly string[]][] = [];
  const problems = new Map<string, QuestionProblem>();
  for (const field of fields) {
    const outcome = valueOf(field, typed[field.name] ?? field.initial);
    if ('problem' in outcome) problems.set(field.name, outcome.problem);
    else if (outcome.value !== undefined) content.push([field.name, outcome.value]);
  }
  return problems.size > 0 ? { problems } : { content: Object.fromEntries(content) };
}

type Outcome = { readonly value: string | number | boolean | readonly string[] | undefined } | { readonly problem: QuestionProblem };

function valueOf(field: QuestionField, typed: QuestionTyped): Outcome {
  switch (field.kind) {
    case 'boolean':
      return { value: typed === true };
    case 'choices': {
      const chosen = Array.isArray(typed) ? (typed as readonly string[]) : [];
      if (chosen.length === 0 && !field.isRequired) return { value: undefined };
      if (chosen.length === 0) return { problem: 'required' };
      return isWithin(chosen.length, field.minItems, field.maxItems) ? { value: chosen } : { problem: 'range' };
    }
    default:
      return wordsOf(field, String(typed));
  }
}

function wordsOf(field: Extract<QuestionField, { readonly kind: 'text' | 'number' | 'choice' }>, text: string): Outcome {
  if (text.trim() === '') return field.isRequired ? { problem: 'required' } : { value: undefined };
  if (field.kind === 'choice') return { value: text };
  if (field.kind === 'number') {
    const value = Number(text.trim().replace(',', '.'));
    if (!Number.isFinite(value) || (field.isWhole && !Number.isInteger(value))) return { problem: 'number' };
    return isWithin(value, field.minimum, field.maximum) ? { value } : { problem: 'range' };
  }
  // JSON Schema counts code points.
  if (!isWithin(Array.from(text).length, field.minLength, field.maxLength)) return { problem: 'length' };
  if (field.input === 'email' && !/^[^\s@]+@[^\s@]+$/.test(text)) return { problem: 'format' };
  if (field.input === 'url' && !URL.canParse(text)) return { problem: 'format' };
  if (field.input !== 'datetime-local') return { value: text };
  const time = Date.parse(text);
  return Number.isNaN(time) ? { problem: 'format' } : { value: new Date(time).toISOString() };
}

function isWithin(value: number, minimum = -Infinity, maximum = Infinity): boolean {
  return value >= minimum && value <= maximum;
}

function fieldOf(name: string, property: Readonly<Record<string, unknown>>, isRequired: boolean): QuestionField {
  const facts = { name, label: shown(property['title']) || shown(name), description: shown(property['description']), isRequired };
  const { type, default: given } = property;
  const options = optionsOf(property);
  if (type === 'array') {
    const initial = Array.isArray(given) ? given.filter((value): value is string => typeof value === 'string') : [];
    return { ...facts, kind: 'choices', options: optionsOf(record(property['items'])) ?? [], initial, ...bounds(property, 'minItems', 'maxItems') };
  }
  if (options) return { ...facts, kind: 'choice', options, initial: typeof given === 'string' ? given : '' };
  if (type === 'boolean') return { ...facts, kind: 'boolean', initial: given === true };
  if (type === 'number' || type === 'integer') {
    return {
      ...facts,
      kind: 'number',
      isWhole: type === 'integer',
      initial: typeof given === 'number' ? String(given) : '',
      ...bounds(property, 'minimum', 'maximum'),
    };
  }
  const format = property['format'] as keyof typeof INPUTS;
  const input = Object.hasOwn(INPUTS, format) ? INPUTS[format] : 'text';
  return { ...facts, kind: 'text', input, initial: typeof given === 'string' ? given : '', ...bounds(property, 'minLength', 'maxLength') };
}

/** `enum` with the older `enumNames`, or `oneOf`/`anyOf` of constants with titles. */
function optionsOf(property: Readonly<Record<string, unknown>>): readonly Option[] | undefined {
  const titled = property['oneOf'] ?? property['anyOf'];
  if (Array.isArray(titled)) {
    return titled.slice(0, MAX_OPTIONS).flatMap((option) => {
      const { const: value, title } = record(option);
      return typeof value === 'string' ? [{ value, label: shown(title) || shown(value) }] : [];
    });
  }
  if (!Array.isArray(property['enum'])) return undefined;
  const names = Array.isArray(property['enumNames']) ? property['enumNames'] : [];
  return property['enum']
    .slice(0, MAX_OPTIONS)
    .flatMap((value, index) => (typeof value === 'string' ? [{ value, label: shown(names[index]) || shown(value) }] : []));
}

function bounds<Low extends string, High extends string>(
  property: Readonly<Record<string, unknown>>,
  low: Low,
  high: High,
): { readonly [Key in Low | High]?: number } {
  const entries = [low, high].flatMap((key) => (typeof property[key] === 'number' ? [[key, property[key]] as const] : []));
  return Object.fromEntries(entries) as { readonly [Key in Low | High]?: number };
}

function shown(text: unknown): string {
  return typeof text === 'string' ? withoutInvisible(text).slice(0, MAX_TEXT) : '';
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};
}
