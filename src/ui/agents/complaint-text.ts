import { agentStrings } from '../agent-strings.ts';
import { withInvisibleWrittenOut } from '../../base/visible-text.ts';
import type { SchemaComplaint } from '../../view/types.ts';

import { FORMAT_EXAMPLES } from './formats.ts';

const { fieldProblems } = agentStrings;
const MAX_SHOWN_LENGTH = 120;

/** What is wrong by a tool's schema, in words that say what to do. */
export function complaintText({ keyword, wanted }: SchemaComplaint): string {
  const number = typeof wanted === 'number' ? wanted : 0;
  switch (keyword) {
    case 'required':
    case 'dependentRequired':
    case 'dependencies':
      return fieldProblems.needed;
    case 'anyOf':
    case 'oneOf':
    case 'not':
    case 'enum':
      return fieldProblems.unfit;
    case 'false':
      return fieldProblems.unknown;
    case 'type':
      return fieldProblems.type(shown(Array.isArray(wanted) ? wanted.join(', ') : wanted));
    case 'const':
      return fieldProblems.constant(shown(wanted));
    case 'pattern':
      return fieldProblems.pattern(shown(wanted));
    case 'format':
      return fieldProblems.format(FORMAT_EXAMPLES[String(wanted)] ?? shown(wanted));
    case 'multipleOf':
      return fieldProblems.multipleOf(shown(wanted));
    case 'uniqueItems':
      return fieldProblems.unique;
    case 'minimum':
      return fieldProblems.atLeast(number);
    case 'maximum':
      return fieldProblems.atMost(number);
    case 'exclusiveMinimum':
      return fieldProblems.moreThan(number);
    case 'exclusiveMaximum':
      return fieldProblems.lessThan(number);
    case 'minLength':
      return fieldProblems.longer(number);
    case 'maxLength':
      return fieldProblems.shorter(number);
    case 'minItems':
      return fieldProblems.moreItems(number);
    case 'maxItems':
      return fieldProblems.fewerItems(number);
    default:
      return fieldProblems.otherwise(shown(`${keyword}: ${JSON.stringify(wanted) ?? ''}`));
  }
}

/** The path that a complaint is about, with the property that is missing there. */
export function complaintPath({ path, keyword, wanted }: SchemaComplaint): readonly string[] {
  return (keyword === 'required' || keyword === 'dependentRequired') && typeof wanted === 'string' ? [...path, wanted] : path;
}

/** A peer's word as it may stand in a sentence. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return withInvisibleWrittenOut(text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text);
}
