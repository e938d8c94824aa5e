/**
 * A server of the official SDK with one resource, the content of a file, that tells of its changes: in both revisions of MCP, or (`legacy`) only in the older
 * ones. It shows one of its tools only to clients that can be asked something, and says on standard error who watches.
 */
import { readFileSync, watchFile } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';

const [file, mood] = process.argv.slice(2);
const URI = 'test://watched';

function make(era) {
  const server = new McpServer({ name: 'watched', version: '1' }, { capabilities: { resources: { subscribe: true } } });
  const text = () => readFileSync(file, 'utf8');
  server.registerResource('watched', URI, {}, () => ({ contents: [{ uri: URI, text: text() }] }));
  server.registerResource('other', 'test://other', {}, () => ({ contents: [{ uri: 'test://other', text: '' }] }));
  server.registerTool('plain', {}, () => ({ content: [] }));
  const subscribed = new Set();
  if (era === 'legacy') {
    server.server.setRequestHandler('resources/subscribe', ({ params }) => {
      process.stderr.write(`subscribed ${params.uri}\n`);
      subscribed.add(params.uri);
      return {};
    });
    server.server.setRequestHandler('resources/unsubscribe', ({ params }) => {
      process.stderr.write(`unsubscribed ${params.uri}\n`);
      subscribed.delete(params.uri);
      return {};
    });
    server.server.oninitialized = () => {
      if (server.server.getClientCapabilities()?.elicitation) server.registerTool('ask', {}, () => ({ content: [] }));
    };
  }
  watchFile(file, { interval: 20, persistent: false }, () => {
    if (era !== 'legacy' || subscribed.has(URI)) server.server.sendResourceUpdated({ uri: URI }).catch(() => undefined);
  });
  return server;
}

if (mood === 'legacy') await make('legacy').connect(new StdioServerTransport());
else serveStdio(({ era }) => make(era));
