import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/doubles/virtual-clock.ts';
import { ParleyError } from '../../base/errors.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import { createLogger } from '../logger.ts';
import { OpenedPort, type PortState } from './opened-port.ts';
import type { RouterPort, RouterProtocol } from './routers.ts';

/** A router of the test's own, which opens what is asked for and remembers it. */
class TestRouter implements RouterProtocol {
  readonly name: string;
  readonly asked: string[] = [];
  address = '203.0.113.5';
  answers = true;
  taken: readonly number[] = [];

  constructor(name = 'UPnP') {
    this.name = name;
  }

  async open(_port: number, wanted: number): Promise<RouterPort> {
    this.asked.push(`open ${wanted}`);
    if (!this.answers) throw new ParleyError('unreachable', `no router answered to ${this.name}`);
    if (this.taken.includes(wanted)) throw new ParleyError('unreachable', 'it conflicts with a mapping');
    return { host: this.address, port: wanted };
  }

  async close(_port: number, { port }: RouterPort): Promise<void> {
    this.asked.push(`close ${port}`);
    if (!this.answers) throw new ParleyError('unreachable', 'gone');
  }
}

function opened(...protocols: readonly RouterProtocol[]) {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const states: PortState[] = [];
  const log = createLogger('debug', (line) => lines.push(line));
  const port = new OpenedPort({ port: 4000, protocols, clock, log, onChange: (state) => states.push(state) });
  return { clock, port, states, log: () => lines.join('') };
}

const HALF_LEASE_MS = (HOST_LIMITS.portLeaseSeconds * 1000) / 2;

describe('a port of the router', () => {
  it('is opened by the first protocol that answers, renewed at half its time, and closed at the end', async () => {
    const [silent, router] = [new TestRouter('NAT-PMP'), new TestRouter()];
    silent.answers = false;
    const { clock, port, log } = opened(silent, router);
    await port.start();
    expect(port.state).toEqual({ state: 'open', by: 'UPnP', host: '203.0.113.5', port: 4000, isPublic: true });
    await clock.advance(HALF_LEASE_MS * 2);
    // The one that answered is asked again, not the other.
    expect([silent.asked, router.asked]).toEqual([['open 4000'], ['open 4000', 'open 4000', 'open 4000']]);
    await port.stop();
    await clock.advance(HALF_LEASE_MS * 4);
    expect(router.asked.slice(3)).toEqual(['close 4000']);
    expect(log().match(/lets connections in at/g)?.length).toBe(1);
  });

  it('is another one where that is taken', async () => {
    const router = new TestRouter();
    router.taken = [4000, 4001];
    const { port } = opened(router);
    await port.start();
    expect(port.state).toMatchObject({ state: 'open', port: 4002 });
    await port.stop();
    expect(router.asked.at(-1)).toBe('close 4002');
  });

  it('that nobody opens is told and tried again, and what changes is told', async () => {
    const router = new TestRouter();
    router.answers = false;
    const { clock, port, states, log } = opened(router);
    await port.start();
    expect(port.state).toEqual({ state: 'closed', reason: 'no router answered to UPnP.' });
    expect(log()).toContain('does not let connections in to port 4000');
    router.answers = true;
    await clock.advance(HOST_LIMITS.portRetryMs);
    expect(port.state.state).toBe('open');
    router.address = '203.0.113.6';
    await clock.advance(HALF_LEASE_MS);
    expect(log()).toContain('at 203.0.113.6:4000');
    await clock.advance(HALF_LEASE_MS);
    router.answers = false;
    await port.stop();
    expect(log()).toContain('did not close its port 4000');
    // Each change once, and the end, whatever the router makes of it.
    expect(states.map((state) => (state.state === 'open' ? state.host : state.state))).toEqual(['closed', '203.0.113.5', '203.0.113.6', 'closed']);
  });

  it.each(['10.1.2.3', '172.20.0.1', '192.168.1.2', '100.64.0.7', '0.0.0.0'])(
    'of a router that is itself behind another one is no way in: %s',
    async (address) => {
      const router = new TestRouter();
      router.address = address;
      const { port, log } = opened(router);
      await port.start();
      expect(port.state).toMatchObject({ state: 'open', isPublic: false });
      expect(log()).toContain('the router is behind a second one');
      await port.stop();
    },
  );
});
