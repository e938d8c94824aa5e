import type { Link, LinkEnd } from '../../src/ports/link.ts';

/** How a test gets two joined, open links, and rid of what they stand on. */
export type LinkPairMaker = () => Promise<{ readonly links: readonly [Link, Link]; readonly release?: () => Promise<void> | void }>;

type Check = { readonly name: string; run(a: Link, b: Link): Promise<void> };

function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

function collect(link: Link, count: number): Promise<readonly Uint8Array[]> {
  const frames: Uint8Array[] = [];
  return new Promise((resolve, reject) => {
    link.bind({
      frame: (bytes) => {
        frames.push(bytes);
        if (frames.length === count) resolve(frames);
      },
      drained: () => undefined,
      closed: (end) => reject(new Error(`ended: ${end.code}`)),
    });
  });
}

function ended(link: Link): Promise<LinkEnd> {
  return new Promise((resolve) => link.bind({ frame: () => undefined, drained: () => undefined, closed: resolve }));
}

const CHECKS: readonly Check[] = [
  {
    name: 'delivers frames whole and in order, also those sent before the receiver is bound',
    run: async (a, b) => {
      const sizes = [1, 2, 1200, 16_384, a.maxFrameBytes, 3];
      for (const [index, size] of sizes.entries()) a.send(new Uint8Array(size).fill(index + 1));
      const frames = await collect(b, sizes.length);
      expectThat(
        frames.every((frame, index) => frame.length === sizes[index] && frame.every((byte) => byte === index + 1)),
        'frames differ',
      );
    },
  },
  {
    name: 'carries both ways at once',
    run: async (a, b) => {
      const got = Promise.all([collect(a, 50), collect(b, 50)]);
      for (let i = 0; i < 50; i++) {
        a.send(Uint8Array.of(i));
        b.send(Uint8Array.of(100 + i));
      }
      const [left, right] = await got;
      expectThat(left.every((frame, index) => frame[0] === 100 + index) && right.every((frame, index) => frame[0] === index), 'frames differ');
    },
  },
  {
    name: 'tells how much waits and when it drained',
    run: async (a, b) => {
      // 10 MiB: a data channel takes 16 and then breaks.
      const total = Math.ceil((10 * 2 ** 20) / a.maxFrameBytes);
      const received = collect(b, total);
      const drained = new Promise<void>((resolve, reject) =>
        a.bind({ frame: () => undefined, drained: resolve, closed: (end) => reject(new Error(end.code)) }),
      );
      for (let i = 0; i < total; i++) a.send(new Uint8Array(a.maxFrameBytes));
      expectThat(a.bufferedBytes > a.lowWaterBytes, `only ${a.bufferedBytes} bytes are buffered`);
      await drained;
      expectThat(a.bufferedBytes <= a.lowWaterBytes, `${a.bufferedBytes} bytes are still buffered`);
      await received;
    },
  },
  {
    name: 'closes in order: what was sent arrives, the peer hears of a clean end, and the link is silent afterwards',
    run: async (a, b) => {
      const frames: number[] = [];
      const end = new Promise<LinkEnd>((resolve) =>
        b.bind({ frame: (bytes) => frames.push(bytes[0] as number), drained: () => undefined, closed: resolve }),
      );
      const own = ended(a);
      for (let i = 0; i < 5; i++) a.send(Uint8Array.of(i));
      a.close();
      a.send(Uint8Array.of(99));
      a.close();
      const [here, there] = await Promise.all([own, end]);
      expectThat(here.clean && here.code === 'closed-here', `here: ${here.code}`);
      expectThat(there.clean && there.code === 'peer-closed', `there: ${there.code}`);
      expectThat(frames.join() === '0,1,2,3,4', `frames ${frames.join()}`);
    },
  },
  {
    name: 'ends with `too-large` for a frame above the limit, instead of cutting it',
    run: async (a, b) => {
      const own = ended(a);
      const other = ended(b);
      a.send(new Uint8Array(a.maxFrameBytes + 1));
      expectThat((await own).code === 'too-large', 'wrong code');
      await other;
    },
  },
];

/** What every link must do; `it` is the test runner's own. */
export function testLinkContract(name: string, make: LinkPairMaker, it: (name: string, run: () => Promise<void>) => void): void {
  for (const check of CHECKS) {
    it(`${name} ${check.name}`, async () => {
      const { links, release } = await make();
      try {
        await check.run(...links);
      } finally {
        for (const link of links) link.close();
        await release?.();
      }
    });
  }
}
