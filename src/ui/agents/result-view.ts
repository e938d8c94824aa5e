import { css, html, nothing, type PropertyValues, LitElement, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { asParleyError } from '../../base/errors.ts';
import type { ProblemView, ResultBlockView } from '../../view/types.ts';
import { saveFile } from '../elements/save-file.ts';
import { bytes } from '../format.ts';
import { shared } from '../styles/shared.ts';
import { agentStrings } from '../agent-strings.ts';
import { problemText, strings } from '../strings.ts';
import { dataView, isLarge, json } from './data-view.ts';
import { factStyles } from '../styles/pieces.ts';

/** As much of a text is shown at first, and so much more each time that somebody asks for it. UTF-16 units. */
const FIRST_LENGTH = 2_500;
const MORE_LENGTH = 30_000;
/** An element with more text than this makes scrolling slow; the rest can be saved. */
const MAX_SHOWN_LENGTH = 200_000;

type Read = (uri: string) => Promise<readonly ResultBlockView[]>;
type Block<Kind> = Extract<ResultBlockView, { readonly kind: Kind }>;

/** The blocks of a result. All of it is a peer's data: text is shown as text, links are never followed by themselves. */
@customElement('parley-result')
export class ResultView extends LitElement {
  @property({ attribute: false }) blocks: readonly ResultBlockView[] = [];
  /** Asks the agent for what a link leads to. Without it links are words. */
  @property({ attribute: false }) read: Read | undefined;
  /** How much is shown of long texts, by block. */
  @state() private lengths: ReadonlyMap<ResultBlockView, number> = new Map();
  /** What links led to. */
  @state() private followed: ReadonlyMap<ResultBlockView, readonly ResultBlockView[] | ProblemView | 'waiting'> = new Map();
  #media = new Map<Uint8Array, string>();

  static override styles = [
    shared,
    factStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--s3);
      }
      audio {
        max-width: 100%;
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
      .file,
      .long {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 6px 10px;
      }
      .file {
        overflow-wrap: anywhere;
      }
      .long {
        margin-top: var(--s2);
      }
      .resource {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 4px;
        overflow-wrap: anywhere;
      }
      .bad {
        color: var(--rose);
        font-size: var(--t-s);
      }
    `,
  ];

  override render() {
    if (this.blocks.length === 0) return html`<p class="soft small">${agentStrings.emptyResult}</p>`;
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
        const data = structuredText(block);
        return data === undefined ? this.#text(block, block.text, block.isCut) : this.#data(data);
      }
      case 'markdown':
        return this.#text(block, block.text, block.isCut);
      case 'image':
        return html`<img src=${this.#mediaUrl(block.data, block.mimeType)} alt=${block.alt || agentStrings.imageOfTool} />`;
      case 'audio':
        return html`<audio controls aria-label=${agentStrings.soundOfTool} src=${this.#mediaUrl(block.data, block.mimeType)}></audio>`;
      case 'resource':
        return this.#resource(block);
      case 'file':
        return html`<div class="file"><span class="small"><b>${block.name}</b> <span class="faint">${block.mimeType} · ${bytes(block.data.length)}</span></span>${this.#save(block.name, block.data)}</div>`;
      case 'data':
        return this.#data(block.value);
      case 'kept':
        return html`<div>
          <p class="soft small">${agentStrings.resultKept(bytes(block.content.size))}</p>
          <pre tabindex="0" role="group" aria-label=${agentStrings.result}>${block.beginning}…</pre>
          <div class="long">${this.#save('result.json', block.content)}</div>
        </div>`;
      case 'too-large':
        return html`<p class="soft small">${agentStrings.contentTooLarge(block.type)}</p>`;
      case 'not-kept':
        return html`<p class="soft small">${agentStrings.resultNotKept}</p>`;
      case 'unknown':
        return html`<p class="soft small">${agentStrings.unknownContent(block.type)}</p>`;
    }
  }

  #text(block: ResultBlockView, text: string, isCut = false): TemplateResult {
    const length = this.lengths.get(block) ?? FIRST_LENGTH;
    if (text.length <= length && !isCut) return html`<div class="text">${text}</div>`;
    const canShowMore = length < Math.min(text.length, MAX_SHOWN_LENGTH);
    const more = (): void => void (this.lengths = new Map(this.lengths).set(block, Math.min(length + MORE_LENGTH, MAX_SHOWN_LENGTH)));
    return html`<div>
      <div class="text">${wholeCharacters(text, length)}${text.length > length ? '…' : ''}</div>
      <div class="long">
        <span class="tiny faint">${agentStrings.shownOf(Math.min(length, text.length), text.length)}${isCut ? ` ${agentStrings.cutOff}` : ''}</span>
        ${canShowMore ? html`<button type="button" class="btn" @click=${more}>${strings.showMore}</button>` : nothing}
        ${this.#save('result.txt', text)}
      </div>
    </div>`;
  }

  #resource(block: Block<'resource'>): TemplateResult {
    const facts = [block.mimeType, block.sizeBytes === undefined ? undefined : bytes(block.sizeBytes)].filter((fact) => fact !== undefined);
    return html`<div class="resource">
      <div class="small"><b>${block.name}</b> <span class="mono faint">${block.uri}</span>${facts.length > 0 ? html` <span class="faint">${facts.join(' · ')}</span>` : nothing}</div>
      ${block.description ? html`<p class="small soft">${block.description}</p>` : nothing}
      ${block.text === undefined ? nothing : this.#text(block, block.text)}
      ${block.isLink && this.read ? this.#followed(block, this.read) : nothing}
    </div>`;
  }

  #followed(block: Block<'resource'>, read: Read): TemplateResult {
    const found = this.followed.get(block);
    if (Array.isArray(found)) return html`<parley-result .blocks=${found as readonly ResultBlockView[]} .read=${read}></parley-result>`;
    const problem = found !== undefined && found !== 'waiting' ? (found as ProblemView) : undefined;
    return html`<div class="long"><button type="button" class="btn" aria-label="${agentStrings.read} ${block.name}" ?disabled=${found === 'waiting'} @click=${() => this.#follow(block, read)}>${agentStrings.read}</button>${problem ? html`<span class="bad">${problemText(problem)}</span>` : nothing}</div>`;
  }

  async #follow(block: Block<'resource'>, read: Read): Promise<void> {
    const set = (found: readonly ResultBlockView[] | ProblemView | 'waiting'): void =>
      void (this.followed = new Map(this.followed).set(block, found));
    set('waiting');
    try {
      set(await read(block.uri));
    } catch (thrown) {
      const { code, message } = asParleyError(thrown);
      set({ code, detail: message });
    }
  }

  #save(name: string, content: string | Uint8Array | Blob): TemplateResult {
    return html`<button type="button" class="btn" aria-label=${agentStrings.saveFile(name)} @click=${() => saveFile(name, content)}>${agentStrings.saveAs}</button>`;
  }

  #data(value: unknown): TemplateResult {
    const drawn = html`<div class="scroll" tabindex="0" role="group" aria-label=${agentStrings.result}>${dataView(value)}</div>`;
    return isLarge(value) ? html`<div>${drawn}<div class="long">${this.#save('result.json', json(value))}</div></div>` : drawn;
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

const structured = new WeakMap<Block<'text' | 'markdown'>, { readonly value: unknown }>();

/** The object or list that a text is, where it is nothing but that: many tools answer with JSON as text. */
function structuredText(block: Block<'text' | 'markdown'>): unknown {
  const known = structured.get(block);
  if (known) return known.value;
  let value: unknown;
  try {
    if (/^\s*[[{]/.test(block.text)) value = JSON.parse(block.text);
  } catch {
    // It is text then.
  }
  structured.set(block, { value });
  return value;
}

/** Not cut within a character of two units. */
function wholeCharacters(text: string, length: number): string {
  const shown = text.slice(0, length);
  return /[\ud800-\udbff]$/.test(shown) ? shown.slice(0, -1) : shown;
}
