/// <reference lib="webworker" />
import { isTabMessage, type TabMessage } from '../app/tab-messages.ts';

declare const self: ServiceWorkerGlobalScope;

/** Introduces the tabs of this browser to each other: hands a message port from a leaf to its hub. It keeps no state, as a worker may be stopped at any time. */
export function brokerTabs(): void {
  self.addEventListener('message', (event) => {
    const { data, source } = event;
    if (!isTabMessage(data) || !(source instanceof Client)) return;
    if (data.type === 'who-am-i') source.postMessage({ type: 'you-are', client: source.id } satisfies TabMessage);
    const port = event.ports[0];
    if (data.type === 'meet' && port) event.waitUntil(handOver(data, port));
  });
}

async function handOver(message: Extract<TabMessage, { readonly type: 'meet' }>, port: MessagePort): Promise<void> {
  const hub = await self.clients.get(message.client);
  if (hub) hub.postMessage(message, [port]);
  else port.close();
}
