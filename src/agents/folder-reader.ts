import { ParleyError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';

export type FolderEntry = { readonly path: string; readonly isFolder: boolean };
export type FileFacts = { readonly path: string; readonly bytes: number; readonly changedAt: string; readonly mimeType: string };
export type Match = { readonly path: string; readonly line?: number; readonly text?: string };

export type Search = {
  /** Part of a file's name, or a pattern with `*`. */
  readonly name?: string;
  /** Words of a line, without regard to case. */
  readonly text?: string;
  readonly signal?: AbortSignal;
  onVisited?(count: number): void;
};

/** Looks into a folder that the person opened (File System Access), and nowhere else. Every path is relative to it, and every answer is bounded. */
export class FolderReader {
  readonly #root: FileSystemDirectoryHandle;

  constructor(root: FileSystemDirectoryHandle) {
    this.#root = root;
  }

  /** @throws ParleyError `bad-argument`, `refused` when the browser wants to be asked again */
  async list(path: string): Promise<{ readonly entries: readonly FolderEntry[]; readonly isWhole: boolean }> {
    const folder = await this.#folder(partsOf(path));
    const entries: FolderEntry[] = [];
    for await (const [name, handle] of folder.entries()) {
      if (entries.length >= LIMITS.maxFolderEntries) return { entries, isWhole: false };
      entries.push({ path: joined(path, name), isFolder: handle.kind === 'directory' });
    }
    return { entries: entries.sort((a, b) => Number(b.isFolder) - Number(a.isFolder) || a.path.localeCompare(b.path)), isWhole: true };
  }

  async facts(path: string): Promise<FileFacts> {
    const file = await this.#file(path);
    return { path, bytes: file.size, changedAt: new Date(file.lastModified).toISOString(), mimeType: file.type || 'application/octet-stream' };
  }

  /** A piece of a file: only that is read from the disk. `length` in bytes, at most `maxFileReadBytes`. */
  async read(
    path: string,
    offset = 0,
    length: number = LIMITS.maxFileReadBytes,
  ): Promise<{ readonly bytes: Uint8Array; readonly total: number; readonly mimeType: string }> {
    const file = await this.#file(path);
    const end = Math.min(file.size, offset + Math.min(length, LIMITS.maxFileReadBytes));
    const bytes = new Uint8Array(await file.slice(offset, Math.max(offset, end)).arrayBuffer());
    return { bytes, total: file.size, mimeType: file.type || 'application/octet-stream' };
  }

  /** Walks the folder; `isWhole` is false when a limit ended it. */
  async search({ name, text, signal, onVisited }: Search): Promise<{ readonly matches: readonly Match[]; readonly isWhole: boolean }> {
    const fits = nameTest(name);
    const matches: Match[] = [];
    let visited = 0;
    for await (const { path, handle } of this.#walk(this.#root, '', 0)) {
      signal?.throwIfAborted();
      if (++visited > LIMITS.maxSearchedEntries) return { matches, isWhole: false };
      if (visited % 100 === 0) onVisited?.(visited);
      if (!fits(path)) continue;
      if (text === undefined) matches.push({ path });
      else if (handle.kind === 'file') matches.push(...(await linesWith(handle, path, text)));
      if (matches.length > LIMITS.maxSearchMatches) return { matches: matches.slice(0, LIMITS.maxSearchMatches), isWhole: false };
    }
    return { matches, isWhole: true };
  }

  async *#walk(
    folder: FileSystemDirectoryHandle,
    path: string,
    depth: number,
  ): AsyncGenerator<{ path: string; handle: FileSystemFileHandle | FileSystemDirectoryHandle }> {
    for await (const [name, handle] of folder.entries()) {
      const at = joined(path, name);
      yield { path: at, handle: handle as FileSystemFileHandle };
      if (handle.kind === 'directory' && depth < LIMITS.maxFolderDepth) yield* this.#walk(handle as FileSystemDirectoryHandle, at, depth + 1);
    }
  }

  async #file(path: string): Promise<File> {
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) throw new ParleyError('bad-argument', 'This is the folder itself.');
    const folder = await this.#folder(parts);
    return mended(path, async () => (await folder.getFileHandle(name)).getFile());
  }

  async #folder(parts: readonly string[]): Promise<FileSystemDirectoryHandle> {
    let folder = this.#root;
    for (const part of parts) folder = await mended(parts.join('/'), () => folder.getDirectoryHandle(part));
    return folder;
  }
}

/** Names of the way to a file. The browser refuses `..` as well; here it gets words. */
function partsOf(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.some((part) => part === '..' || part.includes('\\') || part.includes('\0')))
    throw new ParleyError('bad-argument', 'Paths stay inside the folder: no “..”, and “/” between names.');
  if (parts.length > LIMITS.maxFolderDepth) throw new ParleyError('too-large', 'The path is too deep.');
  return parts;
}

function joined(path: string, name: string): string {
  const base = path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
  return base === '' ? name : `${base}/${name}`;
}

/** What the browser throws, in words. */
async function mended<Value>(path: string, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (thrown) {
    const { name } = thrown as { name?: unknown };
    if (name === 'NotAllowedError') throw new ParleyError('refused', 'The browser wants the owner to open the folder again.', { cause: thrown });
    if (name === 'NotFoundError' || name === 'TypeMismatchError') throw new ParleyError('bad-argument', `There is no “${path}”.`, { cause: thrown });
    throw new ParleyError('bad-argument', `“${path}” cannot be read.`, { cause: thrown });
  }
}

function nameTest(name: string | undefined): (path: string) => boolean {
  if (!name) return () => true;
  const wanted = name.toLowerCase();
  const pieces = wanted.split('*');
  return (path) => {
    const file = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
    return pieces.length === 1 ? file.includes(wanted) : fitsPieces(file, pieces);
  };
}

/** `*` stands for anything. Without regular expressions: the pattern is a stranger's. */
function fitsPieces(text: string, pieces: readonly string[]): boolean {
  const [first = '', ...rest] = pieces;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at <= text.length - last.length;
}

async function linesWith(handle: FileSystemFileHandle, path: string, wanted: string): Promise<readonly Match[]> {
  const file = await handle.getFile().catch(() => undefined);
  if (!file || file.size > LIMITS.maxSearchedFileBytes) return [];
  const content = await file.text();
  // Files that are no text.
  if (content.includes('\0')) return [];
  const words = wanted.toLowerCase();
  return content
    .split('\n')
    .flatMap((text, index) => (text.toLowerCase().includes(words) ? [{ path, line: index + 1, text: text.trim().slice(0, 300) }] : []))
    .slice(0, LIMITS.maxSearchMatches + 1);
}
