import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { referenceServer, startHost, toolsOnce, type Era, type RunningHost } from './host-process.ts';
import { inspect, whyNoInspector } from './inspector.ts';
import { startSignaling } from './signaling.ts';

/** The MCP inspector's command line at both kinds of endpoints of one host, in both revisions of MCP; the server is mounted on another host. */

const reason = whyNoInspector();
if (reason !== undefined) console.log(`left out: the MCP inspector: ${reason}.`);

let signaling: Awaited<ReturnType<typeof startSignaling>> | undefined;
let owner: RunningHost | undefined;
let caller: RunningHost | undefined;

beforeAll(async () => {
  if (reason !== undefined) return;
  signaling = await startSignaling();
  const config = { mcpServers: { everything: referenceServer('everything', ['stdio']) } };
  [owner, caller] = await Promise.all([startHost(signaling.url, { config, policy: { everyone: 'run' } }), startHost(signaling.url, {})]);
  await toolsOnce(caller, (names) => names.length > 0);
}, 60_000);
afterAll(async () => {
  await Promise.allSettled([owner?.stop(), caller?.stop()]);
  await signaling?.stop();
});

const ENDPOINTS = ['aggregate', 'agent'] as const;
type Endpoint = (typeof ENDPOINTS)[number];

async function ask(endpoint: Endpoint, era: Era, method: string, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const { mcpHttp } = (caller as RunningHost).ready;
  const url = endpoint === 'aggregate' ? mcpHttp : `${mcpHttp}/${(owner as RunningHost).ready.nodeId}/everything`;
  const { code, out, err } = await inspect({ url, token: (caller as RunningHost).token, era }, method, ...args);
  expect([method, code, err.trim()]).toEqual([method, 0, '']);
  return (JSON.parse(out) as { result: Record<string, unknown> }).result;
}

const cases = (['legacy', 'modern'] as const).flatMap((era) => ENDPOINTS.map((endpoint) => [era, endpoint] as const));

describe.skipIf(reason !== undefined).each(cases)('the MCP inspector, %s, at the %s', (era, endpoint) => {
  const call = (method: string, ...args: readonly string[]): Promise<Record<string, unknown>> => ask(endpoint, era, method, ...args);
  /** What the endpoint calls the tool or prompt that its server calls so. */
  const nameOf = async (list: 'tools' | 'prompts', name: string): Promise<string> => {
    const { [list]: found } = (await call(`${list}/list`)) as Record<string, readonly { readonly name: string }[]>;
    return found?.find((item) => item.name === name || item.name.endsWith(`__${name}`))?.name ?? '';
  };

  it('lists tools and calls one', async () => {
    const echo = await nameOf('tools', 'echo');
    expect(echo === 'echo').toBe(endpoint === 'agent');
    expect(JSON.stringify(await call('tools/call', '--tool-name', echo, '--tool-arg', 'message=as people do'))).toContain('Echo: as people do');
    const structured = await nameOf('tools', 'get-structured-content');
    expect(await call('tools/call', '--tool-name', structured, '--tool-arg', 'location=New York')).toHaveProperty('structuredContent.temperature');
  });

  it('lists resources and templates and reads one', async () => {
    const { resources } = (await call('resources/list')) as { resources: readonly { readonly uri: string }[] };
    expect(resources.length).toBe(7);
    const uri = resources[0]?.uri ?? '';
    expect(await call('resources/read', '--uri', uri)).toMatchObject({ contents: [{ uri }] });
    expect((await call('resources/templates/list'))['resourceTemplates']).toHaveLength(2);
  });

  it('lists prompts and gets one with arguments', async () => {
    const name = await nameOf('prompts', 'args-prompt');
    expect(JSON.stringify(await call('prompts/get', '--prompt-name', name, '--prompt-args', 'city=Paris'))).toContain('Paris');
  });

  it('hears that a wrong token lets nobody in', async () => {
    const { code, err } = await inspect({ url: (caller as RunningHost).ready.mcpHttp, token: 'not-the-token-of-this-host', era }, 'tools/list');
    expect(code).not.toBe(0);
    expect(err).toMatch(/401|auth/i);
  });
});
