import { spawn } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { decode, encode, rfc8949EncodeOptions } from 'cborg';
import { WebSocket } from 'ws';

const IDLE = 10_000;
/** Sockets opened at once: the listening queue is not what is measured. */
const AT_ONCE = 100;
const PAIRS = 32;
const BODY_BYTES = 2048;
const RELAY_MS = 4_000;
const MESSAGE = { challenge: 0, join: 1, welcome: 2, relay: 3, relayed: 4 };

function message(...items) {
  return encode(items, rfc8949EncodeOptions);
}

/** A client that has joined, as signaling-server/PROTOCOL.md says. */
function join(url, room, card, { privateKey, node }) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, 'parley-signal.1', { perMessageDeflate: false });
    socket.once('error', reject);
    socket.on('message', function read(bytes) {
      const [type, , challenge] = decode(bytes);
      if (type === MESSAGE.welcome) {
        socket.off('message', read);
        resolve({ socket, node });
      } else if (type === MESSAGE.challenge) {
        const signed = Buffer.concat([Buffer.from('parley/join/v1\0'), challenge, room, createHash('sha256').update(card).digest()]);
        socket.send(message(MESSAGE.join, room, node, card, sign(null, signed, privateKey)));
      } else reject(new Error(`The server answered ${JSON.stringify(decode(bytes))}.`));
    });
  });
}

function newKeys() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { privateKey, node: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32) };
}

async function startServer(root) {
  const unlimited = ['--max-sockets', '20000', '--max-sockets-per-ip', '20000', '--max-sockets-per-prefix', '20000', '--joins-per-minute', '1000000'];
  const args = [
    'signaling-server/launch.mjs',
    '--port',
    '0',
    '--no-stun',
    '--no-qr',
    '--log-level',
    'error',
    '--messages-per-second',
    '1000000',
    ...unlimited,
  ];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise((resolve) => {
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const found = /http:\/\/localhost:(\d+)/.exec(output);
      if (found) resolve(found[1]);
    });
  });
  return { child, url: `ws://127.0.0.1:${port}/signal` };
}

function residentMiB(pid) {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

/** Introductions a second, and memory with ten thousand idle connections; the second one on Linux only, where /proc tells. */
export async function measureServer(root, report) {
  const card = randomBytes(200);
  const relays = await startServer(root);
  const room = randomBytes(32);
  const clients = [];
  for (let index = 0; index < 2 * PAIRS; index++) clients.push(await join(relays.url, room, card, newKeys()));
  let relayed = 0;
  for (const [index, { socket }] of clients.entries()) {
    const other = clients[index ^ 1].node;
    const introduction = message(MESSAGE.relay, other, randomBytes(BODY_BYTES));
    socket.on('message', (bytes) => {
      // The type is the second byte of the array: no need to decode what the clients' share of the machine would pay for.
      if (bytes[1] !== MESSAGE.relayed) return;
      relayed++;
      socket.send(introduction);
    });
    for (let ahead = 0; ahead < 4; ahead++) socket.send(introduction);
  }
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  relayed = 0;
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, RELAY_MS));
  report.add('signaling introductions of 2 KiB', '1/s', relayed / ((performance.now() - began) / 1000));
  for (const { socket } of clients) socket.terminate();
  relays.child.kill('SIGTERM');

  if (process.platform !== 'linux') return;
  const idle = await startServer(root);
  const before = residentMiB(idle.child.pid);
  const sockets = [];
  const keys = Array.from({ length: AT_ONCE }, newKeys);
  try {
    while (sockets.length < IDLE) {
      // Fresh rooms: the same key in one room would replace its former socket.
      const joined = await Promise.all(keys.map((pair) => join(idle.url, randomBytes(32), card, pair)));
      sockets.push(...joined);
    }
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    report.add(`resident memory of the server with ${IDLE} idle connections`, 'MiB', residentMiB(idle.child.pid));
    report.add('resident memory for each idle connection', 'KiB', ((residentMiB(idle.child.pid) - before) * 1024) / IDLE);
  } catch (thrown) {
    console.error(`Only ${sockets.length} connections could be opened: ${thrown.message}`);
  }
  for (const { socket } of sockets) socket.terminate();
  idle.child.kill('SIGTERM');
}
