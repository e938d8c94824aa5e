import { createHash } from 'node:crypto';
import { applyEdits, findNodeAtLocation, getNodeValue, modify, parseTree, type ParseError } from 'jsonc-parser';
import { ParleyError } from '../../base/errors.ts';
import { canonicalJson } from '../../mcp/canonical-json.ts';

export type JsonPath = readonly string[];

/** The value at a path of a JSON file with comments; `undefined` when there is none. */
export function valueAt(text: string, path: JsonPath): unknown {
  const root = parseTree(text, [], { allowTrailingComma: true });
  const node = root && findNodeAtLocation(root, [...path]);
  return node && getNodeValue(node);
}

/** The text with another value at the path, or without it; all else stays, comments too; lines beside it may be wrapped anew. @throws ParleyError `malformed` */
export function withValueAt(text: string, path: JsonPath, value: unknown): string {
  if (value === undefined && valueAt(text, path) === undefined) return text;
  const changed = edited(text, path, value);
  if (isSo(changed, path, value)) return changed;
  // The library leaves the comma of an only member behind: then its whole object is written anew.
  const [around, name] = [path.slice(0, -1), path.at(-1) ?? ''];
  const { [name]: _removed, ...others } = valueAt(text, around) as Record<string, unknown>;
  const rewritten = value === undefined ? edited(text, around, others) : changed;
  if (isSo(rewritten, path, value)) return rewritten;
  throw new ParleyError('malformed', `“${path.join('.')}” cannot be changed in this file; change it by hand.`);
}

function edited(text: string, path: JsonPath, value: unknown): string {
  return applyEdits(text, modify(text, [...path], value, { formattingOptions: formattingOf(text) }));
}

function isSo(text: string, path: JsonPath, value: unknown): boolean {
  const errors: ParseError[] = [];
  parseTree(text, errors, { allowTrailingComma: true });
  return errors.length === 0 && digestOf(valueAt(text, path)) === digestOf(value);
}

/** The same for the same value, however it is written; `null` where nothing stands. */
export function digestOf(value: unknown): string | null {
  return value === undefined ? null : createHash('sha256').update(canonicalJson(value)).digest('base64url');
}

function formattingOf(text: string): { readonly insertSpaces: boolean; readonly tabSize: number; readonly eol: string } {
  const indent = /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';
  return { insertSpaces: !indent.startsWith('\t'), tabSize: indent.length, eol: text.includes('\r\n') ? '\r\n' : '\n' };
}
