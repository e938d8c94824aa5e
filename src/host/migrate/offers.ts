import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client';
import { asParleyError } from '../../base/errors.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import { parseJson } from '../json-file.ts';
import { ChildRegister } from '../mounts/child-register.ts';
import { ChildServer } from '../mounts/child-server.ts';
import { readMounts } from '../mounts/config-file.ts';
import type { MountSpec } from '../mounts/mount-spec.ts';
import type { HostEntry } from './client-entry.ts';

/** What a server offers now, or why it cannot be asked. */
export type Offers =
  | {
      readonly title: string | undefined;
      readonly tools: readonly string[];
      readonly resources: readonly string[];
      readonly prompts: readonly string[];
      /** It shows agents of a network that a host could join instead. */
      readonly isParley: boolean;
      readonly problem?: undefined;
    }
  | { readonly problem: string };

type Asked = { readonly name: string; readonly entry: HostEntry };

/** Asks servers what they offer, some at a time, each in a process or session of its own that ends with the answer. Answers by name. */
export async function askServers(
  servers: readonly Asked[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ReadonlyMap<string, Offers>> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-migrate-'));
  const register = new ChildRegister(join(folder, 'children.json'));
  const endAll = (): void => register.endAll();
  process.once('exit', endAll);
  const answers = new Map<string, Offers>();
  const waiting = [...servers];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) answers.set(next.name, await ask(next, environment, register));
  };
  try {
    await Promise.all(Array.from({ length: HOST_LIMITS.migrateParallel }, work));
  } finally {
    endAll();
    process.off('exit', endAll);
    await rm(folder, { recursive: true, force: true });
  }
  return answers;
}

async function ask({ name, entry }: Asked, environment: Readonly<Record<string, string | undefined>>, register: ChildRegister): Promise<Offers> {
  const client = new Client({ name: 'parley-host', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  let transport: Transport | undefined;
  try {
    transport = transportTo(specOf(name, entry, environment), register);
    await client.connect(transport, { timeout: HOST_LIMITS.mountStartTimeoutMs });
    return await listAll(client);
  } catch (thrown) {
    return { problem: (transport instanceof ChildServer && transport.end?.sentence) || asParleyError(thrown).message };
  } finally {
    if (transport instanceof StreamableHTTPClientTransport) await transport.terminateSession().catch(() => undefined);
    await client.close().catch(() => undefined);
    await transport?.close().catch(() => undefined);
  }
}

/** As the host will read it. @throws ParleyError `bad-argument` */
function specOf(name: string, entry: HostEntry, environment: Readonly<Record<string, string | undefined>>): MountSpec {
  const file = `“${name}”`;
  const [spec] = readMounts(parseJson(file, JSON.stringify({ mcpServers: { [name]: entry } })), file, environment);
  return spec as MountSpec;
}

function transportTo(spec: MountSpec, register: ChildRegister): Transport {
  if (spec.kind === 'command') return new ChildServer(spec, register);
  return new StreamableHTTPClientTransport(new URL(spec.url), { requestInit: { headers: { ...spec.headers } } });
}

async function listAll(client: Client): Promise<Offers> {
  const { tools, resources, prompts } = client.getServerCapabilities() ?? {};
  const [toolList, resourceList, promptList] = await Promise.all([
    tools ? client.listTools() : undefined,
    resources ? client.listResources() : undefined,
    prompts ? client.listPrompts() : undefined,
  ]);
  const { title, name } = client.getServerVersion() ?? {};
  const found = toolList?.tools ?? [];
  return {
    title: title ?? name,
    tools: found.map((tool) => tool.name),
    resources: (resourceList?.resources ?? []).map(({ uri }) => uri),
    prompts: (promptList?.prompts ?? []).map((prompt) => prompt.name),
    isParley: found.some((tool) => tool._meta?.['parley/agent'] !== undefined),
  };
}
