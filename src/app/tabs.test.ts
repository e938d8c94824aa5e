import { afterEach, describe, expect, it, vi } from 'vitest';
import { FakeLocks, FakeWorker } from '../../test/doubles/fake-browser.ts';
import { VirtualClock } from '../../test/doubles/virtual-clock.ts';
import type { NodeId } from '../base/ids.ts';
import type { Link } from '../ports/link.ts';
import { Tabs, type TabNode } from './tabs.ts';

type Attached = { readonly link: Link; readonly role: 'initiator' | 'responder'; readonly expected: NodeId | undefined };
type Listeners = { up: (peer: { readonly node: NodeId }) => void; down: (ended: { readonly peer: { readonly node: NodeId } }) => void };

/** The part of a node that tabs use. A session is up as soon as there is a link, and ends with it. */
class FakeNode implements TabNode {
  readonly id: NodeId;
  readonly links: Attached[] = [];
  readonly #listeners: Listeners = { up: () => undefined, down: () => undefined };

  constructor(name: string) {
    this.id = name as NodeId;
  }

  attachLink(link: Link, role: Attached['role'], expected?: NodeId): void {
    const attached = { link, role, expected };
    this.links.push(attached);
    link.bind({
      frame: () => undefined,
      drained: () => undefined,
      closed: () => {
        this.links.splice(this.links.indexOf(attached), 1);
        if (expected) this.#listeners.down({ peer: { node: expected } });
      },
    });
    if (expected) this.#listeners.up({ node: expected });
  }

  on(name: 'peer-up' | 'peer-down', listener: unknown): void {
    if (name === 'peer-up') this.#listeners.up = listener as Listeners['up'];
    else this.#listeners.down = listener as Listeners['down'];
  }
}

class Browser {
  readonly clock = new VirtualClock();
  readonly locks = new FakeLocks();
  readonly worker: FakeWorker;
  readonly network = `network ${Math.trunc(performance.now() * 1000)}`;
  readonly tabs: Tabs[] = [];

  constructor(worker = new FakeWorker()) {
    this.worker = worker;
  }

  async open(name: string, options: { readonly locks?: LockManager | undefined } = { locks: this.locks.manager }) {
    const { clock, network } = this;
    const tabs = new Tabs({ locks: options.locks, worker: this.worker.page(), network, clock });
    this.tabs.push(tabs);
    const roles: boolean[] = [await tabs.claim()];
    tabs.onRole = (isHub) => roles.push(isHub);
    const node = new FakeNode(name);
    tabs.start(node);
    return { tabs, node, roles };
  }
}

const browsers: Browser[] = [];
function browser(worker?: FakeWorker): Browser {
  const made = new Browser(worker);
  browsers.push(made);
  return made;
}
afterEach(() => {
  for (const { tabs } of browsers.splice(0)) for (const tab of tabs) tab.close();
});

function hubOf({ links }: FakeNode): readonly (NodeId | undefined)[] {
  return links.flatMap(({ role, expected }) => (role === 'initiator' ? [expected] : []));
}

function leavesOf({ links }: FakeNode): readonly (NodeId | undefined)[] {
  return links.flatMap(({ role, expected }) => (role === 'responder' ? [expected] : []));
}

describe('the tabs of one browser', () => {
  it('are one hub and its leaves, each linked to it once', async () => {
    const open = browser();
    const [a, b, c] = [await open.open('a'), await open.open('b'), await open.open('c')];
    await vi.waitFor(() => expect([hubOf(b.node), hubOf(c.node)]).toEqual([['a'], ['a']]));
    await vi.waitFor(() => expect(new Set(leavesOf(a.node))).toEqual(new Set(['b', 'c'])));
    expect([a.roles, b.roles, c.roles]).toEqual([[true], [false], [false]]);
  });

  it('show how the hub is connected', async () => {
    const open = browser();
    const [a, b] = [await open.open('a'), await open.open('b')];
    expect(b.tabs.hubStatus).toMatchObject({ state: 'connecting' });
    await vi.waitFor(() => expect(hubOf(b.node)).toEqual(['a']));
    const status = { state: 'connected', peers: 3, server: 'connected', mode: 'hybrid' } as const;
    a.tabs.publish(status);
    await vi.waitFor(() => expect(b.tabs.hubStatus).toEqual(status));
    expect(a.tabs.hubStatus).toBeUndefined();
    const late = await open.open('late');
    await vi.waitFor(() => expect(late.tabs.hubStatus).toEqual(status));
  });

  it('pass the hub’s part on when it closes: the leaves leave the dead link at once and meet the next one', async () => {
    const open = browser();
    const [a, b, c] = [await open.open('a'), await open.open('b'), await open.open('c')];
    await vi.waitFor(() => expect([hubOf(b.node), hubOf(c.node)]).toEqual([['a'], ['a']]));
    a.tabs.close();
    await vi.waitFor(() => expect(hubOf(c.node)).toEqual(['b']));
    expect([b.roles, c.roles]).toEqual([[false, true], [false]]);
    expect(hubOf(b.node)).toEqual([]);
    expect(leavesOf(b.node)).toEqual(['c']);
    expect(open.clock.now()).toBe(new VirtualClock().now());
  });

  it('pass it on when the hub freezes, which is a leaf when it wakes', async () => {
    const open = browser();
    const [a, b] = [await open.open('a'), await open.open('b')];
    await vi.waitFor(() => expect(hubOf(b.node)).toEqual(['a']));
    a.tabs.freeze();
    expect(a.roles).toEqual([true, false]);
    await vi.waitFor(() => expect(b.roles).toEqual([false, true]));
    expect(hubOf(a.node)).toEqual([]);
    a.tabs.resume();
    await vi.waitFor(() => expect(hubOf(a.node)).toEqual(['b']));
    b.tabs.close();
    await vi.waitFor(() => expect(a.roles).toEqual([true, false, true]));
  });

  it('do not give it to a leaf that is frozen', async () => {
    const open = browser();
    const [a, b, c] = [await open.open('a'), await open.open('b'), await open.open('c')];
    b.tabs.freeze();
    a.tabs.close();
    await vi.waitFor(() => expect(c.roles).toEqual([false, true]));
    expect(b.roles).toEqual([false]);
  });

  it('take it from a hub that answers nothing, which then is a leaf', async () => {
    const open = browser();
    const a = await open.open('a');
    // Nothing that is said to it arrives: its page hangs.
    const channel = vi.spyOn(BroadcastChannel.prototype, 'postMessage').mockImplementation(() => undefined);
    const b = await open.open('b');
    await open.clock.advance(5_000);
    expect(b.roles).toEqual([false]);
    await open.clock.advance(3_000);
    channel.mockRestore();
    await vi.waitFor(() => expect(b.roles).toEqual([false, true]));
    expect(a.roles).toEqual([true, false]);
    a.tabs.resume();
    await vi.waitFor(() => expect(hubOf(a.node)).toEqual(['b']));
  });

  it('meet as soon as there is a service worker, and each is a hub of its own where there will be none', async () => {
    const open = browser(new FakeWorker(false));
    const [a, b] = [await open.open('a'), await open.open('b')];
    await open.clock.advance(60_000);
    expect([hubOf(b.node), b.roles, a.roles]).toEqual([[], [false], [true]]);
    open.worker.activate();
    await vi.waitFor(() => expect(hubOf(b.node)).toEqual(['a']));
    const alone = await open.open('alone');
    alone.tabs.standAlone();
    expect(alone.roles).toEqual([false, true]);
    expect((await open.open('without locks', { locks: undefined })).roles).toEqual([true]);
    const denied = { request: () => Promise.reject(new DOMException('No.', 'SecurityError')) } as unknown as LockManager;
    expect((await open.open('denied', { locks: denied })).roles).toEqual([true]);
  });
});
