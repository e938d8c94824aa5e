import { extname } from 'node:path';

type ContentType = { readonly type: string; readonly isCompressible: boolean };

const TEXT = (type: string): ContentType => ({ type: `${type}; charset=utf-8`, isCompressible: true });
const BINARY = (type: string): ContentType => ({ type, isCompressible: false });

/** What the built app is made of. */
const TYPES: Readonly<Record<string, ContentType>> = {
  '.css': TEXT('text/css'),
  '.html': TEXT('text/html'),
  '.js': TEXT('text/javascript'),
  '.json': TEXT('application/json'),
  '.map': TEXT('application/json'),
  '.mjs': TEXT('text/javascript'),
  '.svg': TEXT('image/svg+xml'),
  '.txt': TEXT('text/plain'),
  '.wasm': { type: 'application/wasm', isCompressible: true },
  '.webmanifest': TEXT('application/manifest+json'),
  '.xml': TEXT('application/xml'),
  '.avif': BINARY('image/avif'),
  '.gif': BINARY('image/gif'),
  '.ico': BINARY('image/x-icon'),
  '.jpg': BINARY('image/jpeg'),
  '.mp3': BINARY('audio/mpeg'),
  '.ogg': BINARY('audio/ogg'),
  '.png': BINARY('image/png'),
  '.ttf': BINARY('font/ttf'),
  '.wav': BINARY('audio/wav'),
  '.webm': BINARY('video/webm'),
  '.webp': BINARY('image/webp'),
  '.woff': BINARY('font/woff'),
  '.woff2': BINARY('font/woff2'),
};

const UNKNOWN = BINARY('application/octet-stream');

export function contentTypeOf(path: string): ContentType {
  return TYPES[extname(path).toLowerCase()] ?? UNKNOWN;
}
