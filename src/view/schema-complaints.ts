import { Validator, type OutputUnit, type SchemaDraft } from '@cfworker/json-schema';
import type { JsonSchema, SchemaComplaint } from './types.ts';

/** Nobody corrects more than this at once. */
const MAX_COMPLAINTS = 50;

/** They say that something within is wrong, which is told where it is. */
const WRAPPERS = new Set(
  '$ref $recursiveRef $dynamicRef allOf properties patternProperties additionalProperties unevaluatedProperties propertyNames items prefixItems additionalItems unevaluatedItems if dependentSchemas'.split(
    ' ',
  ),
);
const ALTERNATIVES = new Set(['anyOf', 'oneOf']);
/** Who breaks one of these did not mean this alternative. */
const TELLING = new Set(['type', 'const', 'enum', 'required', 'false']);

/**
 * Which rules of a tool's schema its arguments break (JSON Schema 2020-12, or the draft that `$schema` names). A schema that cannot be
 * understood has no rules: the agent checks what it gets anyway. A peer's patterns can take for ever: not for the page's own thread.
 */
export function complaintsOf(schema: JsonSchema, args: unknown): readonly SchemaComplaint[] {
  let errors: readonly OutputUnit[];
  try {
    ({ errors } = new Validator(schema as object, draftOf(schema), false).validate(args));
  } catch {
    return [];
  }
  const told = withinAlternatives(errors).filter(({ keyword }) => !WRAPPERS.has(keyword));
  const complaints = told.map((error) => ({ path: stepsOf(error.instanceLocation), keyword: error.keyword, wanted: wantedBy(schema, error) }));
  const known = new Set<string>();
  return complaints.filter((complaint) => !known.has(JSON.stringify(complaint)) && known.add(JSON.stringify(complaint))).slice(0, MAX_COMPLAINTS);
}

/** Of what is wrong in each alternative only that of the one which was meant; where that cannot be told, that none fits. */
function withinAlternatives(errors: readonly OutputUnit[]): readonly OutputUnit[] {
  let left = errors;
  for (const choice of errors) {
    if (!ALTERNATIVES.has(choice.keyword) || !left.includes(choice)) continue;
    const start = `${choice.keywordLocation}/`;
    const inner = left.filter(({ keywordLocation }) => keywordLocation.startsWith(start));
    const branchOf = ({ keywordLocation }: OutputUnit): string => keywordLocation.slice(start.length).split('/')[0] ?? '';
    const branches = [...new Set(inner.map(branchOf))].map((branch) => inner.filter((error) => branchOf(error) === branch));
    const isMeant = (branch: readonly OutputUnit[]): boolean =>
      branch.every(
        ({ keyword, instanceLocation }) => !TELLING.has(keyword) || stepsOf(instanceLocation).length > stepsOf(choice.instanceLocation).length + 1,
      );
    const meant = branches.filter(isMeant);
    const [only] = meant.length === 1 ? meant : [[choice]];
    left = left.filter((error) => (error !== choice && !inner.includes(error)) || only?.includes(error));
  }
  return left;
}

function draftOf({ $schema }: { readonly $schema?: unknown }): SchemaDraft {
  const named = typeof $schema === 'string' ? $schema : '';
  if (named.includes('draft-07') || named.includes('draft-06')) return '7';
  if (named.includes('draft-04')) return '4';
  return named.includes('2019-09') ? '2019-09' : '2020-12';
}

/** What the broken keyword has for a value. */
function wantedBy(schema: JsonSchema, { keyword, keywordLocation, error }: OutputUnit): unknown {
  let at: unknown = schema;
  for (const step of stepsOf(keywordLocation)) {
    const next: unknown = own(at, step);
    at = step === '$ref' && typeof next === 'string' ? stepsOf(next).reduce(own, schema as unknown) : next;
  }
  // Names of properties stand in the words only.
  return keyword === 'required' || keyword === 'dependentRequired' ? (/"([^"]*)"[^"]*$/.exec(error)?.[1] ?? at) : at;
}

function own(value: unknown, step: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined;
}

/** The steps of a JSON pointer in a URI fragment (RFC 6901 §6). */
function stepsOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => decodeURIComponent(step.replaceAll('~1', '/').replaceAll('~0', '~')));
}
