import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { NodeId } from '../../src/base/ids.ts';
import { HeadlessNode } from './headless-node.ts';

/** Several headless nodes in a process of their own; `headless.mjs` starts it and asks over the process's channel. */

const nodes: HeadlessNode[] = [];
/** Authors from whom each node heard, by topic. */
const heard = new Map<string, Set<string>[]>();
const listening = new Set<() => void>();
const loopDelay = monitorEventLoopDelay({ resolution: 20 });
loopDelay.enable();

const commands = {
  /** Starts nodes; answers their ids. */
  async start(signalingUrl: string, network: string, names: readonly string[]) {
    const started = await Promise.all(names.map((name) => HeadlessNode.start(signalingUrl, network, name)));
    nodes.push(...started);
    return started.map(({ node }) => node.id);
  },

  /** When each node knew so many nodes and agents, in Unix milliseconds. */
  knowAll: (count: number, agents: number) => Promise.all(nodes.map((node) => node.knowsAll(count, agents))),

  /** What the process cost, and how late its turns were: a machine that is busy with other things explains slow figures. */
  async cost() {
    const { user, system } = process.cpuUsage();
    return {
      cpuMs: Math.round((user + system) / 1000),
      loopDelayMaxMs: Math.round(loopDelay.max / 1e6),
      loopDelayP99Ms: Math.round(loopDelay.percentile(99) / 1e6),
    };
  },

  /** What each node knows and to whom it has links. */
  async look() {
    return nodes.map((headless) => ({
      id: headless.node.id,
      nodes: headless.node.nodes().length + 1,
      agents: headless.agents().length,
      registry: headless.registrySizes(),
      troubles: headless.troubles(),
      signaling: headless.node.state().signaling,
      sessions: headless.node.peers().flatMap(({ node, state, path }) => (state === 'connected' && path ? [{ node, kind: path.kind }] : [])),
    }));
  },

  async subscribe(topic: string) {
    const authors = nodes.map(() => new Set<string>());
    heard.set(topic, authors);
    nodes.forEach(({ node }, index) =>
      node.subscribe(topic, ({ author }) => {
        authors[index]?.add(author);
        for (const look of listening) look();
      }),
    );
  },

  async publish(topic: string) {
    for (const { node } of nodes) node.publish(topic, new TextEncoder().encode(node.id));
  },

  /** Resolves when every node heard from so many others. */
  hear: (topic: string, count: number) =>
    new Promise<void>((resolve) => {
      const look = (): void => {
        if (!heard.get(topic)?.every((authors) => authors.size >= count)) return;
        listening.delete(look);
        resolve();
      };
      listening.add(look);
      look();
    }),

  /** How many others each node heard. */
  heard: async (topic: string) => heard.get(topic)?.map((authors) => authors.size) ?? [],

  /** Resolves when no node has its signaling server any more. */
  signalingLost: () =>
    Promise.all(
      nodes.map(
        ({ node }) =>
          new Promise<void>((resolve) => {
            const look = (): void => {
              if (node.state().signaling === 'connected') return;
              off();
              resolve();
            };
            const off = node.on('state', look);
            look();
          }),
      ),
    ),

  /** The node gets no new links from now on. */
  async wallIn(id: NodeId) {
    for (const { node, dialer } of nodes) if (node.id === id) dialer.isWalled = true;
  },

  call: async (from: NodeId, to: NodeId, text: string) => nodes.find(({ node }) => node.id === from)?.callEcho(to, text),

  close: () => Promise.all(nodes.map(({ node }) => node.close())),
};

type Request = { readonly id: number; readonly command: keyof typeof commands; readonly args: readonly never[] };

async function answer({ id, command, args }: Request): Promise<void> {
  try {
    const run = commands[command] as (...given: readonly never[]) => Promise<unknown>;
    process.send?.({ id, result: await run(...args) });
  } catch (thrown) {
    process.send?.({ id, error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
  }
}

process.on('message', (request: Request) => void answer(request));
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
