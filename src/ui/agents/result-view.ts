import { css, html, type PropertyValues, LitElement, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { withInvisibleWrittenOut } from '../../base/visible-text.ts';
import type { ResultBlockView } from '../../view/types.ts';
import { shared } from '../styles/shared.ts';
import { strings } from '../strings.ts';

/** Deeper data is shown as JSON text. */
const MAX_TREE_DEPTH = 6;
/** More values than this are shown as JSON text, and no more of that than this: an element for each would freeze the page. */
const MAX_VALUES = 1_000;
const MAX_JSON_LENGTH = 100_000;
const MAX_SCALAR_LENGTH = 20_000;
const MAX_TABLE_ROWS = 200;
const MAX_TABLE_COLUMNS = 12;

/** The blocks of a result. All of it is a peer's data: text is shown as text, links are never followed by themselves. */
@customElement('parley-result')
export class ResultView extends LitElement {
  @property({ attribute: false }) blocks: readonly ResultBlockView[] = [];
  #media = new Map<Uint8Array, string>();

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        gap: var(--s3);
      }
      .text {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
        max-width: 70ch;
      }
      pre {
        overflow: auto;
        max-height: 360px;
        padding: 10px 12px;
        border-radius: var(--r1);
        background: var(--ground);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      img {
        max-width: 100%;
        max-height: 420px;
        border-radius: var(--r1);
      }
      .scroll {
        overflow: auto;
      }
      dl {
        display: grid;
        grid-template-columns: max-content minmax(0, 1fr);
        gap: 4px 16px;
        font-size: var(--t-s);
      }
      dt {
        color: var(--ink-3);
      }
      dd {
        overflow-wrap: anywhere;
      }
    `,
  ];

  override render() {
    if (this.blocks.length === 0) return html`<p class="soft small">${strings.emptyResult}</p>`;
    return this.blocks.map((block) => this.#block(block));
  }

  override updated(changed: PropertyValues<this>): void {
    if (changed.has('blocks')) this.#releaseMedia(new Set(this.blocks.flatMap((block) => ('data' in block ? [block.data] : []))));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#releaseMedia(new Set());
  }

  #block(block: ResultBlockView): TemplateResult {
    switch (block.kind) {
      case 'text': {
        const data = structuredText(block.text);
        return data === undefined ? html`<div class="text">${block.text}</div>` : this.#data(data);
      }
      case 'markdown':
        return html`<div class="text">${block.text}</div>`;
      case 'image':
        return html`<img src=${this.#mediaUrl(block.data, block.mimeType)} alt=${block.alt} />`;
      case 'audio':
        return html`<audio controls src=${this.#mediaUrl(block.data, block.mimeType)}></audio>`;
      case 'resource':
        return html`<div><div class="small"><b>${block.name}</b> <span class="mono faint">${block.uri}</span></div>${block.text === undefined ? '' : html`<div class="text">${block.text}</div>`}</div>`;
      case 'data':
        return this.#data(block.value);
      case 'unknown':
        return html`<p class="soft small">${strings.unknownContent(block.type)}</p>`;
    }
  }

  #data(value: unknown): TemplateResult {
    return html`<div class="scroll" tabindex="0" role="group" aria-label=${strings.result}>${dataView(value)}</div>`;
  }

  #mediaUrl(data: Uint8Array, type: string): string {
    let url = this.#media.get(data);
    if (url === undefined) {
      url = URL.createObjectURL(new Blob([data as Uint8Array<ArrayBuffer>], { type }));
      this.#media.set(data, url);
    }
    return url;
  }

  #releaseMedia(kept: ReadonlySet<unknown>): void {
    for (const [data, url] of this.#media) {
      if (kept.has(data)) continue;
      URL.revokeObjectURL(url);
      this.#media.delete(data);
    }
  }
}

/** The object or list that a text is, where it is nothing but that: many tools answer with JSON as text. */
function structuredText(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Structured data: rows of equal shape as a table, an object as a list of its fields, the rest as JSON. */
function dataView(value: unknown, depth = 0): TemplateResult {
  if (isScalar(value)) return html`<span class="mono">${scalar(value)}</span>`;
  if (depth === 0 && isLarge(value)) return html`<pre>${json(value)}</pre>`;
  if (isRows(value)) return table(value);
  if (isPlainObject(value) && depth < MAX_TREE_DEPTH) {
    return html`<dl>${Object.entries(value).map(([name, field]) => html`<dt>${scalar(name)}</dt><dd>${isScalar(field) ? scalar(field) : dataView(field, depth + 1)}</dd>`)}</dl>`;
  }
  return html`<pre>${json(value)}</pre>`;
}

/** Whether there are more values than are worth an element each. Looks at no more than it has to, and at any depth. */
function isLarge(value: unknown): boolean {
  const waiting = [value];
  for (let seen = 0; waiting.length > 0; seen++) {
    const next = waiting.pop();
    if (seen + waiting.length > MAX_VALUES) return true;
    if (!isScalar(next)) for (const inner of Object.values(next as object)) if (waiting.push(inner) > MAX_VALUES) return true;
  }
  return false;
}

function json(value: unknown): string {
  return cut(JSON.stringify(value, undefined, 2), MAX_JSON_LENGTH);
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
