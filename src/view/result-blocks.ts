import { base64 } from '@scure/base';
import { withoutInvisible } from '../base/visible-text.ts';
import { keptIn } from '../mcp/answers/kept-in.ts';
import { MAX_TEXT_LENGTH } from './shown-text.ts';
import type { ResultBlockView } from './types.ts';

/** What one result may hold, beside its shorter texts: more is cut, so that no agent can fill the page's memory. What is shown of it at once is the screen's to bound. */
const MAX_RESULT_TEXT_LENGTH = 4 * 2 ** 20;
const MAX_RAW_LENGTH = 100_000;
const MAX_RAW_TEXT_LENGTH = 4_000;
const MAX_BLOCKS = 64;
const MAX_MEDIA_BYTES = 16 * 2 ** 20;
const MAX_WORDS_LENGTH = 1_000;
const MAX_FILE_NAME_LENGTH = 80;
const IMAGE_TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif']);
const AUDIO_TYPES = new Set(['audio/mpeg', 'audio/wav', 'audio/ogg', 'audio/webm', 'audio/mp4', 'audio/aac', 'audio/flac']);

type Content = { readonly type?: unknown; readonly [key: string]: unknown };

/** The SDK checks shapes where it can; programs and older eras may still bring anything. */
function contentOf(item: unknown): Content {
  return typeof item === 'object' && item !== null ? (item as Content) : {};
}

/** MCP content (of a tool's result, a prompt's message) as blocks for the screen. */
export function blocksOf(content: readonly unknown[], structured?: unknown): readonly ResultBlockView[] {
  const items = content.slice(0, MAX_BLOCKS).map(contentOf);
  const kept = keptIn(structured);
  if (kept) return [keptBlock(kept, items[0]?.['text'])];
  if (structured === undefined) return items.map(blockOf);
  // Tools are asked to repeat structured data as text for older clients: once is enough.
  return [...items.filter((item) => !repeats(item, structured)).map(blockOf), { kind: 'data', value: structured }];
}

export function resourceBlocks(contents: readonly unknown[]): readonly ResultBlockView[] {
  return contents.slice(0, MAX_BLOCKS).map((item) => {
    const kept = keptIn(contentOf(item)['_meta']);
    return kept ? keptBlock(kept, contentOf(item)['text']) : resourceBlock(contentOf(item));
  });
}

function keptBlock(content: Blob, beginning: unknown): ResultBlockView {
  return { kind: 'kept', content, beginning: typeof beginning === 'string' ? withoutInvisible(beginning) : '' };
}

/** A result as it came, for whoever wants to see exactly that: long texts and bytes in it are cut, and the whole is. */
export function rawJson(result: unknown): string {
  const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length)}… (${text.length} characters)` : text);
  const json = JSON.stringify(result, (_, value: unknown) => (typeof value === 'string' ? cut(value, MAX_RAW_TEXT_LENGTH) : value), 2) ?? '';
  return cut(json, MAX_RAW_LENGTH);
}

function blockOf(item: Content): ResultBlockView {
  switch (item.type) {
    case 'text':
      return textBlock('text', item['text']);
    case 'image':
    case 'audio':
      return mediaBlock(item['data'], words(item['mimeType']), item.type);
    case 'resource':
      return resourceBlock(contentOf(item['resource']));
    case 'resource_link':
      return linkBlock(item);
    default:
      return { kind: 'unknown', type: words(item.type).slice(0, 40) };
  }
}

function repeats(item: Content, structured: unknown): boolean {
  const { text } = item as { readonly text?: unknown };
  if (item.type !== 'text' || typeof text !== 'string' || text.length > MAX_TEXT_LENGTH || !/^\s*[[{]/.test(text)) return false;
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(structured);
  } catch {
    return false;
  }
}

function textBlock(kind: 'text' | 'markdown', value: unknown): ResultBlockView {
  const text = typeof value === 'string' ? value : '';
  const isCut = text.length > MAX_RESULT_TEXT_LENGTH;
  return { kind, text: withoutInvisible(text.slice(0, MAX_RESULT_TEXT_LENGTH)), ...(isCut ? { isCut } : {}) };
}

/** Bytes as a picture or a sound where every browser draws them by itself, else as a file to keep. */
function mediaBlock(encoded: unknown, mimeType: string, kind: 'image' | 'audio' | 'file', name = ''): ResultBlockView {
  const type = (mimeType || kind).slice(0, 40);
  if (typeof encoded !== 'string') return { kind: 'unknown', type };
  if (encoded.length > (MAX_MEDIA_BYTES * 4) / 3) return { kind: 'too-large', type };
  let data: Uint8Array;
  try {
    data = base64.decode(encoded);
  } catch {
    return { kind: 'unknown', type };
  }
  if (IMAGE_TYPES.has(mimeType)) return { kind: 'image', mimeType, data, alt: '' };
  if (AUDIO_TYPES.has(mimeType)) return { kind: 'audio', mimeType, data };
  return { kind: 'file', name: fileName(name || kind), mimeType: type, data };
}

function resourceBlock(item: Content): ResultBlockView {
  const uri = words(item['uri']);
  const mimeType = words(item['mimeType']);
  if (item['blob'] !== undefined) return mediaBlock(item['blob'], mimeType, 'file', uri);
  if (mimeType === 'text/markdown' && typeof item['text'] === 'string') return textBlock('markdown', item['text']);
  const text = typeof item['text'] === 'string' ? { text: withoutInvisible(item['text'].slice(0, MAX_RESULT_TEXT_LENGTH)) } : {};
  return { kind: 'resource', uri, name: uri, ...(mimeType ? { mimeType } : {}), ...text };
}

function linkBlock(item: Content): ResultBlockView {
  const uri = words(item['uri']);
  const [mimeType, description] = [words(item['mimeType']), words(item['description'])];
  const { size } = item as { readonly size?: unknown };
  return {
    kind: 'resource',
    isLink: true,
    uri,
    name: words(item['title']) || words(item['name']) || uri,
    ...(mimeType ? { mimeType } : {}),
    ...(description ? { description } : {}),
    ...(typeof size === 'number' && size >= 0 ? { sizeBytes: size } : {}),
  };
}

function words(value: unknown): string {
  return typeof value === 'string' ? withoutInvisible(value.slice(0, MAX_WORDS_LENGTH)) : '';
}

/** The last part of an address, as a file may be called anywhere. */
function fileName(uri: string): string {
  const last =
    uri
      .split(/[?#]/)[0]
      ?.split(/[/\\:]/)
      .findLast((part) => part !== '') ?? '';
  return (
    last
      .replace(/[^\p{L}\p{N} ._()-]/gu, '_')
      .replace(/^\.+/, '')
      .slice(-MAX_FILE_NAME_LENGTH) || 'file'
  );
}
