import type { AgentFactories } from '../agents/agent-kinds.ts';
import type { MemoryStore } from '../agents/memory-store.ts';
import type { NetworkView } from '../agents/network-agent.ts';
import type { StartRunner } from '../agents/run-in-worker.ts';
import type { MadeAgent } from '../mcp/agent-host.ts';
import type { Clock } from '../ports/clock.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { Records } from '../ports/records.ts';

export type AgentFactoriesOptions = {
  readonly records: Records;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly startRunner: StartRunner;
  readonly network: NetworkView;
};

/** The kinds of agents that this browser can have. The code of each is loaded when its first session opens. */
export function agentFactories({ records, clock, entropy, startRunner, network }: AgentFactoriesOptions): AgentFactories {
  // Sessions share what they are over: each hears what another changed.
  let memory: Promise<MemoryStore> | undefined;
  let notes: Promise<MadeAgent> | undefined;
  return {
    notes: {
      title: 'Notes',
      description: 'Notes kept in this browser: write, search, read and remove them.',
      make: () => ({
        createServer: async (session) => {
          notes ??= import('../agents/notes-agent.ts').then(({ notesAgent }) => notesAgent(records, clock, entropy));
          return (await notes).createServer(session);
        },
      }),
    },
    calculator: {
      title: 'Calculator',
      description: 'Computes: arithmetic, dates, text and data by JavaScript in a sandbox without network or page.',
      isHarmless: true,
      make: () => ({ createServer: async (session) => (await import('../agents/runner-agent.ts')).runnerAgent(startRunner).createServer(session) }),
    },
    memory: {
      title: 'Memory',
      description: 'Remembers things, facts and how they belong together, in this browser.',
      make: () => ({
        createServer: async ({ era }) => {
          const [{ memoryServer }, store] = await Promise.all([
            import('../agents/memory-agent.ts'),
            (memory ??= import('../agents/memory-store.ts').then(({ MemoryStore }) => new MemoryStore(records))),
          ]);
          return memoryServer(store, era);
        },
      }),
    },
    ...('showDirectoryPicker' in globalThis
      ? {
          folder: {
            title: 'Files',
            description: 'Lists, reads and searches the files of one folder. It changes nothing.',
            make: ({ folder, title }) => ({
              createServer: async () => {
                const [{ folderServer }, { FolderReader }] = await Promise.all([
                  import('../agents/folder-agent.ts'),
                  import('../agents/folder-reader.ts'),
                ]);
                return folderServer(new FolderReader(folder as FileSystemDirectoryHandle), title);
              },
            }),
          },
        }
      : {}),
    device: {
      title: 'Device',
      description: 'Tells about this device: time zone, languages, screen, battery, storage, and where it is.',
      make: () => ({
        createServer: async () => {
          const { browserDevice, deviceServer } = await import('../agents/device-agent.ts');
          return deviceServer(browserDevice());
        },
      }),
    },
    network: {
      title: 'Network',
      description: 'Finds agents and people of this network.',
      make: () => ({ createServer: async () => (await import('../agents/network-agent.ts')).networkServer(network) }),
    },
    remote: {
      title: 'Remote server',
      description: 'An MCP server on the web.',
      make: ({ url, token }) => ({
        connect: async (transport) => {
          const [{ connectRemote }, { joinTransports }] = await Promise.all([import('../agents/remote-agent.ts'), import('../mcp/proxy/pipe.ts')]);
          const whyEnded = () => 'The server on the web ended the session.';
          await joinTransports(transport, connectRemote({ url: url as string, ...(token ? { token } : {}) }), { whyEnded });
        },
      }),
    },
    module: {
      title: 'My code',
      description: 'Tools written in JavaScript, in a sandbox without network or page.',
      make: ({ code, title }) => ({
        createServer: async () => (await import('../agents/module-agent.ts')).moduleServer(title, code as string, startRunner),
      }),
    },
  };
}
