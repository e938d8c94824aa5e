import type { McpServer, ProtocolEra } from '@modelcontextprotocol/server';

/**
 * Has a server take subscriptions to its resources; answers how to tell a change. Since 2026-07-28 the SDK keeps the subscriptions (`subscriptions/listen`),
 * before that the server does (`resources/subscribe`). To be called before the server is connected.
 */
export function serveSubscriptions(server: McpServer, era: ProtocolEra): (uri: string) => void {
  const subscribed = new Set<string>();
  server.server.registerCapabilities({ resources: { subscribe: true } });
  if (era === 'legacy') {
    server.server.setRequestHandler('resources/subscribe', ({ params }) => {
      subscribed.add(params.uri);
      return {};
    });
    server.server.setRequestHandler('resources/unsubscribe', ({ params }) => {
      subscribed.delete(params.uri);
      return {};
    });
  }
  return (uri) => {
    if (era === 'legacy' && !subscribed.has(uri)) return;
    // A caller that is gone needs not be told.
    void server.server.sendResourceUpdated({ uri }).catch(() => undefined);
  };
}
