import { html, type TemplateResult } from 'lit';
import { withInvisibleWrittenOut } from '../../base/visible-text.ts';

/** Deeper data is shown as JSON text. */
const MAX_TREE_DEPTH = 6;
/** More values than this are shown as JSON text, and no more of that than this: an element for each would freeze the page. */
const MAX_VALUES = 1_000;
const MAX_JSON_LENGTH = 100_000;
const MAX_SCALAR_LENGTH = 20_000;
const MAX_TABLE_ROWS = 200;
const MAX_TABLE_COLUMNS = 12;

/** Structured data: rows of equal shape as a table, an object as a list of its fields, the rest as JSON. */
export function dataView(value: unknown, depth = 0): TemplateResult {
  if (isScalar(value)) return html`<span class="mono">${scalar(value)}</span>`;
  if (depth === 0 && isLarge(value)) return html`<pre tabindex="0">${shownJson(value)}</pre>`;
  if (isRows(value)) return table(value);
  if (isPlainObject(value) && depth < MAX_TREE_DEPTH) {
    return html`<dl>${Object.entries(value).map(([name, field]) => html`<dt>${scalar(name)}</dt><dd>${isScalar(field) ? scalar(field) : dataView(field, depth + 1)}</dd>`)}</dl>`;
  }
  return html`<pre tabindex="0">${shownJson(value)}</pre>`;
}

/** Whether there are more values than are worth an element each. Looks at no more than it has to, and at any depth. */
export function isLarge(value: unknown): boolean {
  const waiting = [value];
  for (let seen = 0; waiting.length > 0; seen++) {
    const next = waiting.pop();
    if (seen + waiting.length > MAX_VALUES) return true;
    if (!isScalar(next)) for (const inner of Object.values(next as object)) if (waiting.push(inner) > MAX_VALUES) return true;
  }
  return false;
}

/** The whole, for a file. */
export function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2) ?? '';
}

function shownJson(value: unknown): string {
  return cut(json(value), MAX_JSON_LENGTH);
}

function cut(text: string, maxLength: number): string {
  return withInvisibleWrittenOut(text.length > maxLength ? `${text.slice(0, maxLength)}…` : text);
}

function table(rows: readonly Record<string, unknown>[]): TemplateResult {
  const columns = Object.keys(rows[0] ?? {});
  return html`<table>
    <thead><tr>${columns.map((column) => html`<th scope="col">${scalar(column)}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${columns.map((column) => html`<td>${scalar(row[column])}</td>`)}</tr>`)}</tbody>
  </table>`;
}

function isRows(value: unknown): value is readonly Record<string, unknown>[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_TABLE_ROWS) return false;
  const [first] = value as unknown[];
  if (!isPlainObject(first)) return false;
  const columns = Object.keys(first);
  if (columns.length === 0 || columns.length > MAX_TABLE_COLUMNS) return false;
  return value.every((row) => isPlainObject(row) && Object.keys(row).every((name) => columns.includes(name)) && Object.values(row).every(isScalar));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value !== 'object';
}

function scalar(value: unknown): string {
  return value === undefined ? '' : cut(String(value), MAX_SCALAR_LENGTH);
}
