import { Emitter } from '../base/emitter.ts';
import { ParleyError } from '../base/errors.ts';
import { parseAgentId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { MadeAgent } from '../mcp/agent-host.ts';
import type { Clock } from '../ports/clock.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { Records } from '../ports/records.ts';
import { toHex } from '../base/bytes.ts';

type Note = { readonly id: string; readonly title: string; readonly text: string; readonly tags: readonly string[]; readonly changedAt: number };

const SCHEME = 'note:///';

/** Notes that live in this browser: written, searched and read by tools, offered as resources that can be watched, with prompts over them. */
export function notesAgent(records: Records, clock: Clock, entropy: Entropy): MadeAgent {
  const table = records.table<Note>('notes');
  const changes = new Emitter<{ note: string }>();
  records.onForeignChange((name, key) => name === 'notes' && key !== undefined && changes.emit('note', key));
  const all = async () => [...(await table.all()).values()].sort((a, b) => b.changedAt - a.changedAt);

  async function find(id: string): Promise<Note> {
    const note = await table.get(id);
    if (!note) throw new ParleyError('bad-argument', `There is no note “${id}”.`);
    return note;
  }

  async function save(note: Note): Promise<Note> {
    if (new TextEncoder().encode(note.text).length > LIMITS.maxNoteBytes)
      throw new ParleyError('too-large', `A note has at most ${LIMITS.maxNoteBytes / 1024} KiB.`);
    if (!(await table.get(note.id)) && (await table.all()).size >= LIMITS.maxNotes)
      throw new ParleyError('overloaded', `There are at most ${LIMITS.maxNotes} notes.`);
    await table.put(note.id, note);
    changes.emit('note', note.id);
    return note;
  }

  return {
    id: parseAgentId('notes'),
    title: 'Notes',
    description: 'Notes kept in this browser: write, search, read and remove them.',
    async createServer({ era }) {
      const [{ McpServer, ResourceTemplate, z }, { serveSubscriptions }] = await Promise.all([
        import('../mcp/runtime.ts'),
        import('../mcp/resource-subscriptions.ts'),
      ]);
      const server = new McpServer({ name: 'notes', title: 'Notes', version: '1.0.0' });
      const updated = serveSubscriptions(server, era);
      server.server.onclose = changes.on('note', (id) => {
        updated(SCHEME + id);
        server.sendResourceListChanged();
      });
      const summary = z.object({ id: z.string(), title: z.string(), tags: z.array(z.string()), changedAt: z.string() });
      const summaryOf = (note: Note) => ({ id: note.id, title: note.title, tags: [...note.tags], changedAt: new Date(note.changedAt).toISOString() });
      const said = (text: string) => ({ content: [{ type: 'text' as const, text }] });

      server.registerTool(
        'write_note',
        {
          title: 'Write a note',
          description: 'Writes a new note, or replaces the one with the given id.',
          inputSchema: z.object({
            title: z.string().min(1).max(120).describe('One line that names the note'),
            text: z.string().describe('The note itself; Markdown is welcome'),
            tags: z.array(z.string().min(1).max(40)).max(16).optional().describe('Words to find it by'),
            id: z.string().max(64).optional().describe('The id of a note to replace; leave empty for a new one'),
          }),
          outputSchema: summary,
        },
        async ({ title, text, tags, id }) => {
          if (id) await find(id);
          const note = await save({ id: id || toHex(entropy.bytes(6)), title, text, tags: tags ?? [], changedAt: clock.now() });
          return { ...said(`Kept as ${note.id}.`), structuredContent: summaryOf(note) };
        },
      );
      server.registerTool(
        'search_notes',
        {
          title: 'Search notes',
          description: 'Lists notes, newest first; with a query only those that contain all of its words.',
          inputSchema: z.object({
            query: z.string().max(200).optional().describe('Words that the note must contain'),
            limit: z.number().int().min(1).max(100).optional().describe('At most so many (20 if not given)'),
          }),
          outputSchema: z.object({ notes: z.array(summary), total: z.number() }),
          annotations: { readOnlyHint: true },
        },
        async ({ query, limit }) => {
          const words = (query ?? '').toLowerCase().split(/\s+/).filter(Boolean);
          const matching = (await all()).filter((note) => {
            const text = `${note.title}\n${note.tags.join(' ')}\n${note.text}`.toLowerCase();
            return words.every((word) => text.includes(word));
          });
          const notes = matching.slice(0, limit ?? 20).map(summaryOf);
          const lines = notes.map((note) => `- ${note.title} (${note.id})`).join('\n');
          return { ...said(lines || 'No note matches.'), structuredContent: { notes, total: matching.length } };
        },
      );
      server.registerTool(
        'read_note',
        {
          title: 'Read a note',
          description: 'Answers one note whole.',
          inputSchema: z.object({ id: z.string().describe('The note’s id') }),
          annotations: { readOnlyHint: true },
        },
        async ({ id }) => {
          const note = await find(id);
          return said(`# ${note.title}\n\n${note.text}`);
        },
      );
      server.registerTool(
        'remove_note',
        {
          title: 'Remove a note',
          description: 'Removes one note for good.',
          inputSchema: z.object({ id: z.string().describe('The note’s id') }),
          annotations: { destructiveHint: true },
        },
        async ({ id }) => {
          const note = await find(id);
          await table.delete(id);
          changes.emit('note', id);
          return said(`“${note.title}” is removed.`);
        },
      );
      server.registerResource(
        'note',
        new ResourceTemplate(`${SCHEME}{id}`, {
          list: async () => ({ resources: (await all()).map((note) => ({ uri: SCHEME + note.id, name: note.title, mimeType: 'text/markdown' })) }),
        }),
        { title: 'Notes', description: 'Every note as Markdown', mimeType: 'text/markdown' },
        async (uri, { id }) => {
          const note = await find(String(id));
          return { contents: [{ uri: uri.href, mimeType: 'text/markdown', text: `# ${note.title}\n\n${note.text}` }] };
        },
      );
      server.registerPrompt(
        'summarise_notes',
        {
          title: 'Summarise notes',
          description: 'Asks for a summary of the notes on a topic.',
          argsSchema: z.object({ topic: z.string().describe('What the notes should be about') }),
        },
        async ({ topic }) => {
          const matching = (await all())
            .filter((note) => `${note.title} ${note.tags.join(' ')} ${note.text}`.toLowerCase().includes(topic.toLowerCase()))
            .slice(0, 20);
          const text = matching.map((note) => `## ${note.title}\n${note.text}`).join('\n\n');
          return {
            messages: [
              {
                role: 'user',
                content: { type: 'text', text: `Summarise these notes about “${topic}” in a few sentences:\n\n${text || '(there are none)'}` },
              },
            ],
          };
        },
      );
      return server;
    },
  };
}
