import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOO_LARGE_CODE } from '../../src/mcp/answers/whole-answers.ts';
import { connectClient, goodbye, root, startHost, type Era, type RunningHost } from './host-process.ts';
import { startSignaling } from './signaling.ts';

/** Results that nobody holds whole: from a process, through its host, over WebRTC, through another host, to a client that reads and forgets. */

const MIB = 2 ** 20;
/** What a host may grow by while 100 MiB pass: what is read ahead on the way, and what waits to be collected. */
const MAX_GROWTH_BYTES = 64 * MIB;
const MOODS = ['sdk', 'id-first', 'id-last', 'breaks-off', 'wrong-id'] as const;
type Mood = (typeof MOODS)[number];

let signaling: Awaited<ReturnType<typeof startSignaling>>;
let owner: RunningHost;
let caller: RunningHost;

beforeAll(async () => {
  signaling = await startSignaling();
  const server = (mood: Mood) => ({ command: process.execPath, args: [join(root, 'test/host/large-server.mjs'), mood] });
  const config = { mcpServers: Object.fromEntries(MOODS.map((mood) => [mood, server(mood)])) };
  const policy = { everyone: 'run', limits: { callsPerMinute: 1_000, strangerCallsPerMinute: 1_000 } };
  [owner, caller] = await Promise.all([startHost(signaling.url, { config, policy }), startHost(signaling.url, {})]);
}, 60_000);
afterAll(async () => {
  await Promise.allSettled([owner?.stop(), caller?.stop()]);
  await signaling?.stop();
});

/** A client by hand, which does with an answer what it likes. */
class RawClient {
  readonly #url: string;
  readonly #era: Era;
  #session: string | undefined;
  #nextId = 1;

  constructor(mood: Mood, era: Era) {
    this.#url = `${caller.ready.mcpHttp}/${owner.ready.nodeId}/${mood}`;
    this.#era = era;
  }

  async open(): Promise<this> {
    if (this.#era === 'modern') return this;
    const clientInfo = { name: 'raw', version: '1' };
    const response = await this.ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
    this.#session = response.headers.get('mcp-session-id') ?? undefined;
    await response.text();
    return this;
  }

  call(name: string, args: object): Promise<Response> {
    return this.ask('tools/call', { name, arguments: args }, { 'mcp-name': name });
  }

  ask(method: string, params: object, named: Record<string, string> = {}): Promise<Response> {
    const isModern = this.#era === 'modern';
    const envelope = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    };
    return fetch(this.#url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${caller.token}`,
        ...(isModern ? { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...named } : {}),
        ...(this.#session ? { 'mcp-session-id': this.#session } : {}),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: this.#nextId++, method, params: { ...params, ...(isModern ? { _meta: envelope } : {}) } }),
    });
  }
}

/** Reads a response and forgets it; answers the digest of the text between its `"blob":"` and the next quote. */
async function digestOf(response: Response): Promise<{ readonly bytes: number; readonly sha256: string; readonly around: string }> {
  const hash = createHash('sha256');
  let [around, bytes, state] = ['', 0, 'before' as 'before' | 'in' | 'after'];
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    let text = Buffer.from(chunk).toString('latin1');
    if (state === 'before') {
      around += text;
      const at = around.indexOf('"blob":"');
      if (at < 0) continue;
      text = around.slice(at + 8);
      around = around.slice(0, at);
      state = 'in';
    }
    if (state === 'in') {
      const end = text.indexOf('"');
      const part = end < 0 ? text : text.slice(0, end);
      hash.update(part, 'latin1');
      bytes += part.length;
      if (end < 0) continue;
      state = 'after';
      text = text.slice(end);
    }
    around += text;
  }
  return { bytes, sha256: hash.digest('hex'), around };
}

function expectedDigest(mebibytes: number): string {
  const hash = createHash('sha256');
  for (let number = 0; number < mebibytes; number++) hash.update(Buffer.alloc((MIB / 4) * 3, `piece ${number} `).toString('base64'), 'latin1');
  return hash.digest('hex');
}

function memoryOf({ process: { pid } }: RunningHost): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

/** The most that the hosts grew by while something ran. */
async function growthDuring(run: () => Promise<void>): Promise<Record<'owner' | 'caller', number>> {
  const before = { owner: memoryOf(owner), caller: memoryOf(caller) };
  const peak = { ...before };
  const timer = setInterval(() => {
    peak.owner = Math.max(peak.owner, memoryOf(owner));
    peak.caller = Math.max(peak.caller, memoryOf(caller));
  }, 10);
  try {
    await run();
  } finally {
    clearInterval(timer);
  }
  return { owner: peak.owner - before.owner, caller: peak.caller - before.caller };
}

describe.each([
  ['sdk', 'legacy'],
  ['sdk', 'modern'],
  ['id-first', 'legacy'],
  ['id-last', 'legacy'],
  ['id-last', 'modern'],
] as const)('a result of 100 MiB, %s server, %s client', (mood, era) => {
  it('reaches the client whole, and neither host holds it', async () => {
    const client = await new RawClient(mood, era).open();
    // The way is paved: what grows from here on grows with the result.
    await digestOf(await client.call('large', { mebibytes: 8 }));
    const growth = await growthDuring(async () => {
      const startedAt = performance.now();
      const found = await digestOf(await client.call('large', { mebibytes: 100 }));
      console.info(`${mood}, ${era}: 100 MiB in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
      expect(found.bytes).toBe(100 * MIB);
      expect(found.sha256).toBe(expectedDigest(100));
      expect(found.around).toMatch(/"jsonrpc":"2.0"/);
    });
    console.info(`grown by ${(growth.owner / MIB).toFixed(1)} MiB (owner), ${(growth.caller / MIB).toFixed(1)} MiB (caller)`);
    expect(growth.owner).toBeLessThan(MAX_GROWTH_BYTES);
    expect(growth.caller).toBeLessThan(MAX_GROWTH_BYTES);
  }, 120_000);
});

describe('a large result', () => {
  it('does not stand in the way of the calls beside it', async () => {
    const client = await new RawClient('sdk', 'legacy').open();
    const large = await client.call('large', { mebibytes: 32 });
    const beside = await connectClient(caller, `${owner.ready.nodeId}:sdk`, 'legacy');
    expect(JSON.stringify(await beside.callTool({ name: 'small' }))).toContain('small');
    expect((await digestOf(large)).sha256).toBe(expectedDigest(32));
    await goodbye(beside);
  });

  it('waits in a file where several requests are under way and it says at its end which one it answers', async () => {
    const client = await new RawClient('id-last', 'legacy').open();
    const [small, large, again] = await Promise.all([
      client.call('small', {}).then((response) => response.text()),
      client.call('large', { mebibytes: 24 }).then(digestOf),
      client.call('small', {}).then((response) => response.text()),
    ]);
    expect(large.sha256).toBe(expectedDigest(24));
    expect([small, again].every((text) => text.includes('"small"'))).toBe(true);
  });

  it('that breaks off with its server is no result', async () => {
    const client = await new RawClient('breaks-off', 'legacy').open();
    await expect(client.call('large', { mebibytes: 40 }).then(digestOf)).rejects.toThrow();
  });

  it('that answers another request than the one under way is no result', async () => {
    const client = await new RawClient('wrong-id', 'legacy').open();
    await expect(client.call('large', { mebibytes: 40 }).then(digestOf)).rejects.toThrow();
  });

  it('that its client does not want any more ends at the server’s side, whose session goes on', async () => {
    const client = await new RawClient('id-last', 'legacy').open();
    const response = await client.call('large', { mebibytes: 64 });
    await response.body?.cancel();
    expect(await (await client.call('small', {})).text()).toContain('"small"');
  });

  it.each(['legacy', 'modern'] as const)('is an error with its size for who has to hold it whole: the aggregate, %s', async (era) => {
    const client = await connectClient(caller, undefined, era);
    const { tools } = await client.listTools();
    const name = tools.find((tool) => /^sdk-.*__large$/.test(tool.name))?.name as string;
    const call = (mebibytes: number) => client.callTool({ name, arguments: { mebibytes } });
    expect(JSON.stringify(await call(8)).length).toBeGreaterThan(8 * MIB);
    await expect(call(20)).rejects.toMatchObject({ code: TOO_LARGE_CODE });
    await goodbye(client);
  });
});
