import type { AgentAddress } from '../../base/ids.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import type { Subscriptions } from '../../mcp/proxy/subscriptions.ts';
import { parseAggregateUri } from './aggregate-index.ts';
import type { Endpoint } from './gateway.ts';

type Members = Readonly<Record<string, unknown>>;

/** What of a `subscriptions/listen` is honoured, and how to stop watching for it. */
export type Watch = { readonly body: unknown; release(): void };

/** Whether a request asks to be told of changes of resources (MCP 2026-07-28, `subscriptions/listen`). */
export function asksToWatch(body: unknown): boolean {
  return (body as Members | undefined)?.['method'] === 'subscriptions/listen' && urisOf(body).length > 0;
}

/**
 * Watches what a `subscriptions/listen` names at the agents whose it is. The body that is answered names what is watched now: what no agent tells of, or lets its
 * caller see, is not acknowledged.
 */
export async function watchNamed(endpoint: Endpoint, body: unknown, subscriptions: Subscriptions, onLost: () => void): Promise<Watch> {
  const uris = [...new Set(urisOf(body))].slice(0, HOST_LIMITS.maxWatchedResources);
  const releases: (() => void)[] = [];
  const watched: string[] = [];
  await Promise.all(
    uris.map(async (uri) => {
      const target = targetOf(endpoint, uri);
      if (!target) return;
      const release = await subscriptions.watch(target.address, target.uri, onLost).catch(() => undefined);
      if (!release) return;
      releases.push(release);
      watched.push(uri);
    }),
  );
  const { params } = body as { readonly params: Members };
  const notifications = { ...(params['notifications'] as Members), resourceSubscriptions: uris.filter((uri) => watched.includes(uri)) };
  return { body: { ...(body as Members), params: { ...params, notifications } }, release: () => releases.splice(0).forEach((release) => release()) };
}

function targetOf(endpoint: Endpoint, uri: string): { readonly address: AgentAddress; readonly uri: string } | undefined {
  return endpoint === 'aggregate' ? parseAggregateUri(uri) : { address: endpoint, uri };
}

function urisOf(body: unknown): readonly string[] {
  const { params } = body as { readonly params?: { readonly notifications?: { readonly resourceSubscriptions?: unknown } } };
  const uris = params?.notifications?.resourceSubscriptions;
  return Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : [];
}
