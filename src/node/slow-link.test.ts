import { describe, expect, it } from 'vitest';
import { joinNodes, localNode } from '../../test/doubles/local-nodes.ts';
import { ask, echo, settled } from '../../test/doubles/relay-world.ts';
import { VirtualClock } from '../../test/doubles/virtual-clock.ts';

/** Both directions share a rate, as on a radio link; frames go one after the other. */
function radio(clock: VirtualClock, bytesPerMs: number) {
  let freeAt = 0;
  return {
    carry: (frame: Uint8Array, deliver: (frame: Uint8Array) => void) => {
      freeAt = Math.max(clock.now(), freeAt) + frame.length / bytesPerMs;
      clock.wakeAt(freeAt, () => deliver(frame));
    },
  };
}

describe('a slow link', () => {
  it('lets a chat line pass a transfer in a moment', { timeout: 60_000 }, async () => {
    const clock = new VirtualClock();
    const [a, b] = await Promise.all([localNode(1, { clock }), localNode(2, { clock })]);
    await settled(clock, joinNodes(a, b, radio(clock, 128)));
    echo(b);
    b.serve('file/1', (stream) => stream.onMessage(() => undefined));
    const file = await settled(clock, a.open(b.id, 'file/1', { priority: 'bulk' }));
    const chat = await settled(clock, a.open(b.id, 'echo/1'));
    const transfer = Promise.all(Array.from({ length: 8 }, () => file.send(new Uint8Array(512 * 1024))));
    await clock.advance(5_000);
    const times: number[] = [];
    for (let line = 0; line < 20; line++) {
      const sentAt = clock.now();
      await settled(clock, ask(chat, new Uint8Array(100)));
      times.push(clock.now() - sentAt);
    }
    expect(Math.max(...times)).toBeLessThan(1_000);
    let isDone = false;
    void transfer.then(() => (isDone = true));
    expect(isDone).toBe(false);
    await settled(clock, transfer);
  });
});
