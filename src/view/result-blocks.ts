import { base64 } from '@scure/base';
import { withoutInvisible } from '../base/visible-text.ts';
import type { ResultBlockView } from './types.ts';

/** What one result may show: more is cut, so that no agent can freeze the page. */
const MAX_TEXT_LENGTH = 200_000;
const MAX_BLOCKS = 64;
const MAX_MEDIA_BYTES = 2 * 2 ** 20;
const IMAGE_TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif']);
const AUDIO_TYPES = new Set(['audio/mpeg', 'audio/wav', 'audio/ogg', 'audio/webm', 'audio/mp4', 'audio/aac', 'audio/flac']);

/** A peer's text as it may be shown. */
export function visibleText(text: string): string {
  const bounded = text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;
  return withoutInvisible(bounded);
}

type Content = { readonly type?: unknown; readonly [key: string]: unknown };

/** The SDK checks shapes where it can; programs and older eras may still bring anything. */
function contentOf(item: unknown): Content {
  return typeof item === 'object' && item !== null ? (item as Content) : {};
}

/** MCP content (of a tool's result, a prompt's message) as blocks for the screen. */
export function blocksOf(content: readonly unknown[], structured?: unknown): readonly ResultBlockView[] {
  const blocks = content.slice(0, MAX_BLOCKS).map((item) => blockOf(contentOf(item)));
  return structured === undefined ? blocks : [...blocks, { kind: 'data', value: structured }];
}

export function resourceBlocks(contents: readonly unknown[]): readonly ResultBlockView[] {
  return contents.slice(0, MAX_BLOCKS).map((item) => resourceBlock(contentOf(item)));
}

function blockOf(item: Content): ResultBlockView {
  switch (item.type) {
    case 'text':
      return { kind: 'text', text: visibleText(String(item['text'] ?? '')) };
    case 'image':
    case 'audio':
      return mediaBlock(item, item.type);
    case 'resource':
      return resourceBlock(contentOf(item['resource']));
    case 'resource_link': {
      const uri = visibleText(String(item['uri'] ?? ''));
      return { kind: 'resource', uri, name: visibleText(String(item['name'] ?? uri)) };
    }
    default:
      return { kind: 'unknown', type: visibleText(String(item.type)).slice(0, 40) };
  }
}

function mediaBlock(item: Content, kind: 'image' | 'audio'): ResultBlockView {
  const mimeType = String(item['mimeType'] ?? '');
  const encoded = item['data'];
  const isAllowed = (kind === 'image' ? IMAGE_TYPES : AUDIO_TYPES).has(mimeType);
  if (!isAllowed || typeof encoded !== 'string' || encoded.length > (MAX_MEDIA_BYTES * 4) / 3)
    return { kind: 'unknown', type: visibleText(mimeType || kind).slice(0, 40) };
  try {
    const data = base64.decode(encoded);
    return kind === 'image' ? { kind, mimeType, data, alt: '' } : { kind, mimeType, data };
  } catch {
    return { kind: 'unknown', type: kind };
  }
}

function resourceBlock(item: Content): ResultBlockView {
  const uri = visibleText(String(item['uri'] ?? ''));
  const mimeType = item['mimeType'] === undefined ? undefined : visibleText(String(item['mimeType']));
  if (mimeType === 'text/markdown' && typeof item['text'] === 'string') return { kind: 'markdown', text: visibleText(item['text']) };
  return {
    kind: 'resource',
    uri,
    name: uri,
    ...(mimeType ? { mimeType } : {}),
    ...(typeof item['text'] === 'string' ? { text: visibleText(item['text']) } : {}),
  };
}
