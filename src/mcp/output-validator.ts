import type { ClientOptions } from '@modelcontextprotocol/client';
import { LIMITS } from '../base/limits.ts';
import { keptIn } from './answers/kept-in.ts';
import { CfWorkerJsonSchemaValidator } from './runtime.ts';

type Validator = NonNullable<ClientOptions['jsonSchemaValidator']>;

/**
 * Checks structured results against the schemas that agents promise them by, as far as a stranger's schema may cost time: patterns, which can take for
 * ever, are not followed, and schemas that are large or refer to themselves many times over are not followed at all.
 */
export function outputValidator(): Validator {
  const checked = new CfWorkerJsonSchemaValidator();
  return {
    getValidator: (schema) => {
      if (isCostly(schema)) return unchecked;
      const check = checked.getValidator(withoutPatterns(schema) as typeof schema);
      // What nobody holds nobody can check.
      return (input) => (keptIn(input) ? unchecked(input) : check(input)) as never;
    },
  };
}

function unchecked(input: unknown): never {
  return { valid: true, data: input, errorMessage: undefined } as never;
}

function isCostly(schema: unknown): boolean {
  const json = JSON.stringify(schema);
  if (json.length > LIMITS.maxCheckedSchemaLength) return true;
  return json.split('"$ref"').length + json.split('"$dynamicRef"').length - 2 > LIMITS.maxCheckedSchemaRefs;
}

/** Members of `properties` may well be called `pattern`: there they are schemas, and stay. */
function withoutPatterns(schema: unknown, areNames = false): unknown {
  if (Array.isArray(schema)) return schema.map((item) => withoutPatterns(item));
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => areNames || (key !== 'pattern' && key !== 'patternProperties'))
      .map(([key, value]) => [key, key === 'const' || key === 'enum' ? value : withoutPatterns(value, !areNames && NAMED.has(key))]),
  );
}

const NAMED: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions', 'dependentSchemas']);
