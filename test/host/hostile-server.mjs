/**
 * An MCP server of the older revisions in one of several moods, in plain Node.js: what it does wrong is in plain sight.
 *   fine | grows FOLDER | grows-alone | slow-start MS | crash-on-call | hang | huge-description | answer-twice | garbage | huge-answer | child | ask
 */
import { spawn } from 'node:child_process';
import { readdirSync, watch, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [mood = 'fine', argument = ''] = process.argv.slice(2);
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
let calls = 0;

// A grandchild that outlives whoever started it, in a session of its own: ended only by whoever looks for it.
if (mood === 'child') spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore', detached: true });
if (mood === 'garbage') process.stdout.write('this is no JSON\n{"jsonrpc":"1.0"}\n[]\n');

const tools = [
  {
    name: 'work',
    description: mood === 'huge-description' ? 'x'.repeat(Number(argument)) : 'Works.',
    inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
    icons: [{ src: 'data:image/png;base64,AA==', sizes: ['1x1'] }],
    _meta: { 'example.org/kept': { deep: [1, null, 'ä'] } },
  },
];

// Its tools are the same in all its sessions, as those of most servers are.
if (mood === 'grows') watch(argument, () => send({ method: 'notifications/tools/list_changed' }));

const answers = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: { listChanged: true } },
    serverInfo: { name: 'hostile', version: '1' },
  }),
  ping: () => ({}),
  'tools/list': () => ({
    tools: mood === 'grows' ? [...tools, ...readdirSync(argument).map((name) => ({ ...tools[0], name: `work-${name}` }))] : tools,
  }),
};

function call({ id, params }) {
  calls++;
  if (mood === 'hang') return;
  if (mood === 'crash-on-call') {
    process.stderr.write('\u001b[31mout of luck\u001b[0m\n');
    process.exit(7);
  }
  const text = mood === 'huge-answer' ? 'y'.repeat(Number(argument)) : `${params.arguments?.text ?? ''} #${calls} ${process.pid}`;
  const result = { content: [{ type: 'text', text }], _meta: { 'example.org/also': true } };
  send({ id, result });
  if (mood === 'grows') writeFileSync(`${argument}/${process.pid}-${calls}`, '');
  if (mood === 'grows-alone') tools.push({ ...tools[0], name: `work-${calls}` });
  if (mood === 'answer-twice') send({ id, result: { content: [{ type: 'text', text: 'twice' }] } });
}

function received(message) {
  if (message.method === 'tools/call') return call(message);
  if (message.id === undefined || message.method === undefined) return;
  const answer = answers[message.method];
  if (answer) send({ id: message.id, result: answer(message.params ?? {}) });
  else send({ id: message.id, error: { code: -32601, message: 'Method not found', data: { method: message.method } } });
}

function start() {
  createInterface({ input: process.stdin }).on('line', (line) => received(JSON.parse(line)));
}

if (mood === 'slow-start') setTimeout(start, Number(argument));
else start();
// Some servers do not care who is still there.
if (mood === 'child' || mood === 'hang') {
  process.on('SIGTERM', () => undefined);
  setInterval(() => undefined, 1000);
}
