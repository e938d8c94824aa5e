import { createSocket, Socket } from 'node:dgram';
import { afterEach, describe, expect, it, vi } from 'vitest';
import fc from 'fast-check';
import makeMulticastDns from 'multicast-dns';
import { LIMITS } from './limits.ts';
import { readSightings, recordsOf, SERVICE, type Announcement, type ReceivedRecord, type Sighting } from './nearby-records.ts';
import { NearbyTable } from './nearby-table.ts';
import { Nearby, type NearbyOptions } from './nearby.ts';

const HOST: Announcement = { id: '0123456789abcdef', kind: 'host', port: 8790, isTls: false };
const SEEN: Sighting = { ...HOST, ttlSeconds: 120 };
const idOf = (n: number): string => n.toString(16).padStart(16, '0');

const toStop: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

/** The records of an announcement, changed. */
function records(change: (record: ReceivedRecord) => object = () => ({})): readonly ReceivedRecord[] {
  return (recordsOf(HOST, ['192.168.1.5'], 120) as readonly ReceivedRecord[]).map((record) => ({ ...record, ...change(record) }));
}

const withText = (...data: unknown[]) => records(({ type }) => (type === 'TXT' ? { data } : {}));

describe('announcements of the local network', () => {
  it('are read as they were made, whatever case the names have', () => {
    expect(readSightings(records())).toEqual([SEEN]);
    expect(readSightings(records(({ name }) => ({ name: name.toUpperCase() })))).toEqual([SEEN]);
    expect(readSightings(withText(Buffer.from('KIND=host'), Buffer.from(`id=${HOST.id}`), Buffer.from('tls=1')))).toEqual([{ ...SEEN, isTls: true }]);
  });

  it.each<[string, readonly ReceivedRecord[]]>([
    ['no text', records(({ type }) => (type === 'TXT' ? { name: 'x' } : {}))],
    ['text of another form', withText(7, null, {}, '=', '')],
    ['no kind', withText(`id=${HOST.id}`, 'tls=0')],
    ['a kind that is none', withText('kind=printer', `id=${HOST.id}`, 'tls=0')],
    ['no id', withText('kind=host', 'tls=0')],
    ['an id that is none', withText('kind=host', 'id=../../etc', 'tls=0')],
    ['TLS or not, and neither', withText('kind=host', `id=${HOST.id}`, 'tls=maybe')],
    ['too much text before it', withText(...Array.from({ length: 99 }, (_, n) => `x${n}=`), 'kind=host', `id=${HOST.id}`, 'tls=0')],
    ['no port', records(({ type }) => (type === 'SRV' ? { data: { target: 'x.local' } } : {}))],
    ['port 0', records(({ type }) => (type === 'SRV' ? { data: { port: 0 } } : {}))],
    ['a port that is none', records(({ type }) => (type === 'SRV' ? { data: { port: 65_536 } } : {}))],
    ['no place', records(({ type }) => (type === 'SRV' ? { data: null } : {}))],
    ['another service', records(({ type }) => (type === 'PTR' ? { name: '_ipp._tcp.local' } : {}))],
    ['an instance that nothing is said of', records(({ type }) => (type === 'PTR' ? { data: `other.${SERVICE}` } : {}))],
  ])('with %s are none', (_what, received) => {
    expect(readSightings(received)).toEqual([]);
  });

  it('hold no longer than they may, and end with a goodbye', () => {
    expect(readSightings(records(() => ({ ttl: 2 ** 31 - 1 })))).toEqual([SEEN]);
    expect(readSightings(records(() => ({ ttl: 0 })))).toEqual([{ ...SEEN, ttlSeconds: 0 }]);
    expect(readSightings(records(() => ({ ttl: undefined })))).toEqual([{ ...SEEN, ttlSeconds: 0 }]);
  });

  it('are as many as a packet may have', () => {
    const many = Array.from({ length: 99 }, (_, n) => recordsOf({ ...HOST, id: idOf(n) }, [], 120) as readonly ReceivedRecord[]).flat();
    expect(readSightings(many)).toHaveLength(LIMITS.maxNearbyPerPacket);
  });

  it('of any form make no error', () => {
    const record = fc.record({
      type: fc.constantFrom('PTR', 'SRV', 'TXT', 'A'),
      name: fc.constantFrom(SERVICE, 'a', ''),
      ttl: fc.option(fc.integer(), { nil: undefined }),
      data: fc.oneof(fc.constant('a'), fc.constant(null), fc.array(fc.string()), fc.record({ port: fc.anything() }), fc.uint8Array()),
    });
    fc.assert(fc.property(fc.array(record), (received) => Array.isArray(readSightings(received))));
  });
});

describe('the table of who is near', () => {
  it('knows an address and a port, and a scheme and path of its own', () => {
    const table = new NearbyTable();
    expect(table.seen(SEEN, '192.168.1.5', 0)).toBe(true);
    expect(table.seen({ ...SEEN, id: idOf(1), kind: 'server', port: 443, isTls: true }, '192.168.1.6', 0)).toBe(true);
    expect(table.urls('host')).toEqual(['ws://192.168.1.5:8790/']);
    expect(table.urls('server')).toEqual(['wss://192.168.1.6:443/signal']);
  });

  it('forgets who falls silent, and keeps who says again that it is there', () => {
    const table = new NearbyTable();
    table.seen(SEEN, '192.168.1.5', 0);
    table.seen({ ...SEEN, id: idOf(1), port: 1 }, '192.168.1.6', 0);
    expect(table.seen(SEEN, '192.168.1.5', 60_000)).toBe(false);
    expect(table.sweep(119_999)).toBe(false);
    expect(table.sweep(120_000)).toBe(true);
    expect(table.urls('host')).toEqual(['ws://192.168.1.5:8790/']);
    table.sweep(180_000);
    expect(table.urls('host')).toEqual([]);
  });

  it('lets nobody but the address itself move or end what it announced', () => {
    const table = new NearbyTable();
    table.seen(SEEN, '192.168.1.5', 0);
    expect(table.seen({ ...SEEN, port: 1 }, '192.168.1.66', 1)).toBe(false);
    expect(table.seen({ ...SEEN, ttlSeconds: 0 }, '192.168.1.66', 1)).toBe(false);
    expect(table.urls('host')).toEqual(['ws://192.168.1.5:8790/']);
    expect(table.seen({ ...SEEN, port: 8791 }, '192.168.1.5', 1)).toBe(true);
    expect(table.urls('host')).toEqual(['ws://192.168.1.5:8791/']);
    expect(table.seen({ ...SEEN, ttlSeconds: 0 }, '192.168.1.5', 1)).toBe(true);
    expect(table.urls('host')).toEqual([]);
  });

  it('holds so many, and so many of one address', () => {
    const table = new NearbyTable();
    for (let n = 0; n < 99; n++) table.seen({ ...SEEN, id: idOf(n), port: n + 1 }, '192.168.1.66', 0);
    expect(table.urls('host')).toHaveLength(LIMITS.maxNearbyPerAddress);
    for (let n = 0; n < 99; n++) table.seen({ ...SEEN, id: idOf(n + 100) }, `192.168.1.${n + 100}`, 0);
    expect(table.urls('host')).toHaveLength(LIMITS.maxNearbyPlaces);
    expect(table.seen({ ...SEEN, id: idOf(500), kind: 'server' }, '192.168.1.7', 0)).toBe(true);
  });
});

/** Each test has an address of the loopback for itself, so that no other one of this machine is found. */
function open(interfaceAddress: string, own: NearbyOptions['own']): { readonly nearby: Nearby; once(holds: () => boolean): Promise<void> } {
  const changes: (() => void)[] = [];
  const nearby = new Nearby({
    interfaceAddress,
    ...(own ? { own } : {}),
    onChange: () => changes.splice(0).forEach((resolve) => resolve()),
    onTrouble: (error) => {
      throw error;
    },
  });
  toStop.push(() => nearby.stop());
  const once = async (holds: () => boolean) => {
    while (!holds()) await new Promise<void>((resolve) => changes.push(resolve));
  };
  return { nearby, once };
}

describe('servers and hosts on one network', () => {
  it('find each other, and forget who says goodbye', async () => {
    const on = '127.53.0.1';
    const server = open(on, { kind: 'server', port: 1111, isTls: false, listensOn: undefined });
    const host = open(on, { kind: 'host', port: 2222, isTls: false, listensOn: on });
    const watcher = open(on, undefined);
    await server.once(() => server.nearby.urls('host').length === 1);
    await host.once(() => host.nearby.urls('server').length === 1);
    await watcher.once(() => watcher.nearby.urls('server').length === 1 && watcher.nearby.urls('host').length === 1);
    expect(server.nearby.urls('host')).toEqual([`ws://${on}:2222/`]);
    expect(server.nearby.urls('server')).toEqual([]);
    expect(host.nearby.urls('server')).toEqual([`ws://${on}:1111/signal`]);
    await host.nearby.stop();
    await server.once(() => server.nearby.urls('host').length === 0);
  });

  it('forget who falls silent', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    toStop.push(async () => void vi.useRealTimers());
    const on = '127.53.0.5';
    const speaker = makeMulticastDns({ interface: on, bind: '0.0.0.0' });
    toStop.push(() => new Promise((resolve) => speaker.destroy(resolve)));
    await new Promise<void>((resolve) => speaker.once('ready', resolve));
    // It answers while this test waits, and is silent afterwards: its turn of the loop does not come any more.
    speaker.on('query', () => speaker.respond(recordsOf(HOST, [], 2 ** 31)));
    const server = open(on, { kind: 'server', port: 1111, isTls: false, listensOn: undefined });
    await server.once(() => server.nearby.urls('host').length === 1);
    vi.advanceTimersByTime((LIMITS.nearbyTtlSeconds - 1) * 1000);
    expect(server.nearby.urls('host')).toEqual([`ws://${on}:${HOST.port}/`]);
    vi.advanceTimersByTime(LIMITS.nearbySweepMs + 1000);
    expect(server.nearby.urls('host')).toEqual([]);
  });

  it('hear from another link nothing, and from garbage neither', async () => {
    const here = open('127.53.0.2', { kind: 'server', port: 1111, isTls: false, listensOn: undefined });
    open('127.53.0.3', { kind: 'host', port: 2222, isTls: false, listensOn: undefined });
    const garbage = createSocket('udp4');
    toStop.push(() => new Promise((resolve) => garbage.close(() => resolve())));
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(12, 0xff), Buffer.alloc(500, 0xc0)]) garbage.send(bytes, 5353, '127.53.0.2');
    const second = open('127.53.0.2', { kind: 'host', port: 3333, isTls: false, listensOn: '127.53.0.2' });
    await here.once(() => here.nearby.urls('host').length > 0);
    expect(here.nearby.urls('host')).toEqual(['ws://127.53.0.2:3333/']);
    await second.once(() => second.nearby.urls('server').length > 0);
    expect(second.nearby.urls('server')).toEqual(['ws://127.53.0.2:1111/signal']);
  });

  it.each([
    ['127.0.0.1', undefined, false],
    ['localhost', undefined, false],
    ['127.0.0.1', '127.53.0.4', false],
    ['::1', '127.53.0.4', false],
    ['0.0.0.0', '127.53.0.4', true],
    ['::', '127.53.0.4', true],
    ['127.53.0.4', '127.53.0.4', true],
  ])('say nothing of what listens where those who hear it cannot reach it: %s by way of %s', (listensOn, interfaceAddress, isAnnounced) => {
    const nearby = new Nearby({
      own: { kind: 'host', port: 1, isTls: false, listensOn },
      ...(interfaceAddress ? { interfaceAddress } : {}),
      onChange: () => undefined,
      onTrouble: () => undefined,
    });
    toStop.push(() => nearby.stop());
    expect(nearby.isAnnounced).toBe(isAnnounced);
  });

  it('say once that there is no multicast, and stop all the same', async () => {
    const troubles: Error[] = [];
    const first = new Promise<void>((resolve) => {
      const nearby = new Nearby({
        interfaceAddress: '203.0.113.7',
        own: { kind: 'host', port: 1, isTls: false, listensOn: undefined },
        onChange: () => undefined,
        onTrouble: (error) => {
          troubles.push(error);
          resolve();
        },
      });
      toStop.push(() => nearby.stop());
    });
    await first;
    await toStop.pop()?.();
    expect(troubles).toHaveLength(1);
  });

  it('say once that the port is taken, and stop all the same', async () => {
    const taken = Object.assign(new Error('bind EADDRINUSE'), { code: 'EADDRINUSE', syscall: 'bind' });
    const bind = vi.spyOn(Socket.prototype, 'bind').mockImplementation(function (this: Socket) {
      setImmediate(() => this.emit('error', taken));
      return this;
    });
    const troubles: Error[] = [];
    await new Promise<void>((resolve) => {
      const own = { kind: 'host', port: 1, isTls: false, listensOn: undefined } as const;
      const nearby = new Nearby({ own, onChange: () => undefined, onTrouble: (error) => troubles.push(error) && resolve() });
      toStop.push(() => nearby.stop());
    });
    await toStop.pop()?.();
    bind.mockRestore();
    expect(troubles).toEqual([taken]);
  });
});
