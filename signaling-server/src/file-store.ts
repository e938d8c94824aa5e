import type { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { contentTypeOf } from './content-types.ts';
import { LIMITS } from './limits.ts';

export type Encoding = 'identity' | 'br' | 'gzip';

/** A file of the app, ready to be sent. */
export type StoredFile = {
  readonly path: string;
  readonly contentType: string;
  /** Of the content, without quotes. */
  readonly etag: string;
  readonly isCompressible: boolean;
  readonly body: Buffer;
  readonly modifiedAtMs: number;
  readonly encoded: Map<Encoding, Promise<Buffer>>;
};

const SIBLING_SUFFIX = { br: '.br', gzip: '.gz' } as const;
/** High enough to be close to the best, low enough to be done for the whole app within a second or two. */
const BROTLI_QUALITY = 9;
/** Below one packet there is nothing to win. */
const MIN_COMPRESSED_BYTES = 1024;

/** The files of one folder, read once per change and kept in memory, within bounds. */
export class FileStore {
  readonly root: string;
  readonly #files = new Map<string, StoredFile>();
  #bytes = 0;

  constructor(root: string) {
    this.root = resolve(root);
  }

  /**
   * The file at a URL path such as `/assets/app.js`, or `undefined`: none there, outside the folder (by dots, encodings or links),
   * hidden, or larger than is served.
   */
  async find(urlPath: string): Promise<StoredFile | undefined> {
    const path = this.#resolve(urlPath);
    if (path === undefined) return undefined;
    try {
      const info = await stat(path);
      if (!info.isFile() || info.size > LIMITS.maxCachedFileBytes) return undefined;
      const known = this.#files.get(path);
      if (known && known.modifiedAtMs === info.mtimeMs && known.body.length === info.size) return known;
      if (!(await this.#isInside(path))) return undefined;
      return this.#keep(path, await readFile(path), info.mtimeMs);
    } catch {
      return undefined;
    }
  }

  /** The file's bytes in an encoding: a compressed sibling where the build made one, else compressed here, once. */
  encoded(file: StoredFile, encoding: Encoding): Promise<Buffer> {
    if (encoding === 'identity') return Promise.resolve(file.body);
    let bytes = file.encoded.get(encoding);
    if (!bytes) {
      bytes = this.#encode(file, encoding);
      file.encoded.set(encoding, bytes);
    }
    return bytes;
  }

  /** Compresses what a first visit loads before anybody asks. */
  async warm(): Promise<void> {
    const names = await readdir(this.root, { recursive: true }).catch(() => []);
    for (const name of names.slice(0, LIMITS.maxWarmedFiles)) {
      const file = await this.find(`/${name.split(sep).map(encodeURIComponent).join('/')}`);
      if (file && isWorthCompressing(file)) await this.encoded(file, 'br');
    }
  }

  #resolve(urlPath: string): string | undefined {
    if (urlPath.length > LIMITS.maxPathLength) return undefined;
    let decoded: string;
    try {
      decoded = decodeURIComponent(urlPath);
    } catch {
      return undefined;
    }
    // Dots at the start of a segment: the way up, or a hidden file.
    if (/[\0\\]/.test(decoded) || /(^|\/)\.(?!well-known(\/|$))/.test(decoded)) return undefined;
    const path = resolve(join(this.root, decoded));
    return path.startsWith(this.root + sep) ? path : undefined;
  }

  async #isInside(path: string): Promise<boolean> {
    const [root, target] = await Promise.all([realpath(this.root), realpath(path)]);
    return target.startsWith(root + sep);
  }

  #keep(path: string, body: Buffer, modifiedAtMs: number): StoredFile {
    const { type, isCompressible } = contentTypeOf(path);
    const etag = createHash('sha256').update(body).digest('base64url').slice(0, 22);
    const name = `/${relative(this.root, path).split(sep).join('/')}`;
    const file: StoredFile = { path: name, contentType: type, etag, isCompressible, body, modifiedAtMs, encoded: new Map() };
    this.#bytes += body.length - (this.#files.get(path)?.body.length ?? 0);
    if (this.#bytes > LIMITS.maxFileCacheBytes / 2) {
      // Half of the bound is for the compressed forms. Starting over is rare and simple: the app is far smaller.
      this.#files.clear();
      this.#bytes = body.length;
    }
    this.#files.set(path, file);
    return file;
  }

  async #encode(file: StoredFile, encoding: 'br' | 'gzip'): Promise<Buffer> {
    const sibling = join(this.root, file.path) + SIBLING_SUFFIX[encoding];
    try {
      const info = await stat(sibling);
      if (info.isFile() && info.mtimeMs >= file.modifiedAtMs && info.size <= LIMITS.maxCachedFileBytes) return await readFile(sibling);
    } catch {
      // The build made none.
    }
    if (encoding === 'gzip') return promisify(gzip)(file.body);
    return promisify(brotliCompress)(file.body, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
  }
}

export function isWorthCompressing(file: StoredFile): boolean {
  return file.isCompressible && file.body.length >= MIN_COMPRESSED_BYTES;
}
