import { describe, expect, it } from 'vitest';
import { localNode, peerUp } from '../../test/doubles/local-nodes.ts';
import { MemoryRtc } from '../../test/doubles/memory-rtc.ts';
import { ask, echo } from '../../test/doubles/relay-world.ts';
import { seededIdentity } from '../../test/support/seeded-identity.ts';
import { toBase64url, utf8 } from '../base/bytes.ts';
import { makeCard } from '../crypto/peer-card.ts';
import type { JoinState } from '../p2p/dialling/join-exchange.ts';
import type { SignalingClient, SignalingHandlers } from '../ports/signaling.ts';
import { openNetworkId } from '../wire/networks.ts';
import type { Node } from './node.ts';

function until(node: Node, step: JoinState['step']): Promise<JoinState> {
  return new Promise((resolve) => {
    const off = node.on('join', (state) => {
      if (state.step !== step) return;
      off();
      resolve(state);
    });
  });
}

async function codeAfter(node: Node, command: Parameters<Node['join']>[0]): Promise<string> {
  const shown = until(node, 'showing');
  node.join(command);
  return (await shown).code ?? '';
}

async function linkByCodes(a: Node, b: Node): Promise<void> {
  const offer = await codeAfter(a, { type: 'begin' });
  const answer = await codeAfter(b, { type: 'paste', text: offer });
  const up = Promise.all([peerUp(a), peerUp(b)]);
  a.join({ type: 'paste', text: answer });
  await up;
}

/** A server that carries introductions and tells nobody of anybody. */
function silentServer(rooms: Map<string, SignalingHandlers>): SignalingClient {
  return {
    host: 'server.test',
    connect: (handlers) => {
      let mine = new Uint8Array();
      queueMicrotask(() => handlers.challenged(new Uint8Array(32)));
      return {
        join: ({ nodeKey }) => {
          mine = new Uint8Array(nodeKey);
          rooms.set(toBase64url(nodeKey), handlers);
          handlers.welcomed({ peerCards: [], stunPort: 0 });
        },
        relay: (to, body) => queueMicrotask(() => rooms.get(toBase64url(to))?.relayed(mine, body)),
        list: () => undefined,
        lookUp: () => undefined,
        announce: () => undefined,
        close: () => undefined,
      };
    },
  };
}

describe('nodes whose people exchanged codes', () => {
  it('have a session without any server, and the mesh knows both', async () => {
    const rtc = new MemoryRtc();
    const [a, b, c] = await Promise.all([localNode(1, { rtc }), localNode(2, { rtc }), localNode(3, { rtc })]);
    await linkByCodes(a, b);
    echo(b);
    expect(await ask(await a.open(b.id, 'echo/1'), utf8('hello'))).toEqual(utf8('hello'));
    expect([a.joinState(), b.joinState()]).toMatchObject([
      { step: 'linked', node: b.id },
      { step: 'linked', node: a.id },
    ]);
    // The third meets the second over the first: the mesh carries their introductions.
    const met = new Promise<void>((resolve) => c.on('peer-up', ({ node }) => node === b.id && resolve()));
    await linkByCodes(a, c);
    await met;
    await expect
      .poll(() =>
        c
          .nodes()
          .map(({ node }) => node)
          .sort(),
      )
      .toEqual([a.id, b.id].sort());
    for (const node of [a, b, c]) await node.close();
  });
});

describe('neighbours of an earlier start', () => {
  it('are dialled as soon as a server can carry introductions, though it tells of nobody', async () => {
    const rtc = new MemoryRtc();
    const desks = new Map<string, SignalingHandlers>();
    const [a, b] = await Promise.all([1, 2].map((seed) => localNode(seed, { rtc, signaling: silentServer(desks) })));
    if (!a || !b) throw new Error('There are two.');
    const up = Promise.all([peerUp(a), peerUp(b)]);
    const now = Date.now();
    a.meet(await makeCard(await seededIdentity(2, now), openNetworkId('test'), now), true);
    await up;
    await expect.poll(() => a.neighbourCards()).toHaveLength(1);
    for (const node of [a, b]) await node.close();
  });
});
