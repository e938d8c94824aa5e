import type { McpServer } from '@modelcontextprotocol/server';
import { base64 } from '@scure/base';
import { LIMITS } from '../base/limits.ts';
import { McpServer as Server, ResourceTemplate, z } from '../mcp/runtime.ts';
import type { FolderReader } from './folder-reader.ts';

const SCHEME = 'folder:///';
/** A piece of a text that a model or a person reads at once; larger ones are asked for. */
const DEFAULT_TEXT_BYTES = 256 * 1024;
const readOnly = { readOnlyHint: true };
const path = z.string().max(4_096).describe('Relative to the folder, with “/” between names');

/** The folder agent's server: lists, reads in pieces and searches the files of one folder, and changes none. */
export function folderServer(reader: FolderReader, folder: string): McpServer {
  const server = new Server({ name: 'folder', title: `Files of ${folder}`, version: '1.0.0' });
  const said = (text: string) => ({ content: [{ type: 'text' as const, text }] });
  server.registerTool(
    'list_directory',
    {
      title: 'List a folder',
      description: `What is in the folder “${folder}”, or in one inside it.`,
      inputSchema: z.object({ path: path.optional() }),
      outputSchema: z.object({ entries: z.array(z.object({ path: z.string(), isFolder: z.boolean() })), isWhole: z.boolean() }),
      annotations: readOnly,
    },
    async ({ path: at }) => {
      const { entries, isWhole } = await reader.list(at ?? '');
      const lines = entries.map((entry) => (entry.isFolder ? `${entry.path}/` : entry.path)).join('\n');
      return { ...said(lines || 'The folder is empty.'), structuredContent: { entries: [...entries], isWhole } };
    },
  );
  server.registerTool(
    'read_text_file',
    {
      title: 'Read a text',
      description: 'A text file, or a piece of it by bytes. Pieces are read from the disk as they are asked for, so files of any size can be read.',
      inputSchema: z.object({
        path,
        offset: z.number().int().min(0).optional().describe('The first byte'),
        length: z.number().int().min(1).max(LIMITS.maxFileReadBytes).optional().describe('How many bytes'),
      }),
      outputSchema: z.object({ text: z.string(), offset: z.number(), bytes: z.number(), total: z.number() }),
      annotations: readOnly,
    },
    async ({ path: at, offset = 0, length = DEFAULT_TEXT_BYTES }) => {
      const { bytes, total } = await reader.read(at, offset, length);
      const text = new TextDecoder().decode(bytes);
      return { ...said(text), structuredContent: { text, offset, bytes: bytes.length, total } };
    },
  );
  server.registerTool(
    'read_media_file',
    {
      title: 'Read a picture or sound',
      description: `A picture, a sound, or any other file of up to ${LIMITS.maxFileReadBytes / 2 ** 20} MiB, or a piece of it.`,
      inputSchema: z.object({
        path,
        offset: z.number().int().min(0).optional(),
        length: z.number().int().min(1).max(LIMITS.maxFileReadBytes).optional(),
      }),
      annotations: readOnly,
    },
    async ({ path: at, offset, length }) => {
      const { bytes, mimeType } = await reader.read(at, offset, length);
      const data = base64.encode(bytes);
      if (mimeType.startsWith('image/')) return { content: [{ type: 'image', data, mimeType }] };
      if (mimeType.startsWith('audio/')) return { content: [{ type: 'audio', data, mimeType }] };
      return { content: [{ type: 'resource', resource: { uri: uriOf(at), blob: data, mimeType } }] };
    },
  );
  server.registerTool(
    'get_file_info',
    {
      title: 'About a file',
      description: 'Size, kind and time of the last change.',
      inputSchema: z.object({ path }),
      outputSchema: z.object({ path: z.string(), bytes: z.number(), changedAt: z.string(), mimeType: z.string() }),
      annotations: readOnly,
    },
    async ({ path: at }) => {
      const facts = await reader.facts(at);
      return {
        content: [
          { type: 'text', text: JSON.stringify(facts) },
          { type: 'resource_link', uri: uriOf(at), name: at, mimeType: facts.mimeType, size: facts.bytes },
        ],
        structuredContent: { ...facts },
      };
    },
  );
  server.registerTool(
    'search_files',
    {
      title: 'Search',
      description: 'Files by a part of their name (or a pattern with *), by words in their lines, or both.',
      inputSchema: z.object({ name: z.string().max(200).optional(), text: z.string().min(1).max(200).optional() }),
      outputSchema: z.object({
        matches: z.array(z.object({ path: z.string(), line: z.number().optional(), text: z.string().optional() })),
        isWhole: z.boolean(),
      }),
      annotations: readOnly,
    },
    async ({ name, text }, { mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken;
      const { matches, isWhole } = await reader.search({
        ...(name === undefined ? {} : { name }),
        ...(text === undefined ? {} : { text }),
        signal: mcpReq.signal,
        onVisited: (progress) => {
          if (progressToken !== undefined)
            void mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress } }).catch(() => undefined);
        },
      });
      const lines = matches.map((match) => (match.line === undefined ? match.path : `${match.path}:${match.line}: ${match.text ?? ''}`));
      return { ...said(lines.join('\n') || 'Nothing was found.'), structuredContent: { matches: [...matches], isWhole } };
    },
  );
  server.registerResource(
    'file',
    new ResourceTemplate(`${SCHEME}{+path}`, {
      list: async () => ({
        resources: (await reader.list('')).entries.filter(({ isFolder }) => !isFolder).map((entry) => ({ uri: uriOf(entry.path), name: entry.path })),
      }),
    }),
    { title: 'Files', description: `Files of “${folder}” of up to ${LIMITS.maxFileReadBytes / 2 ** 20} MiB` },
    async (uri, { path: at }) => {
      const { bytes, mimeType } = await reader.read(decodeURIComponent(String(at)));
      const isText = mimeType.startsWith('text/') || /json|xml|javascript/.test(mimeType);
      return { contents: [{ uri: uri.href, mimeType, ...(isText ? { text: new TextDecoder().decode(bytes) } : { blob: base64.encode(bytes) }) }] };
    },
  );
  return server;
}

function uriOf(at: string): string {
  return SCHEME + at.split('/').map(encodeURIComponent).join('/');
}
