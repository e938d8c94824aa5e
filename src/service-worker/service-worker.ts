/// <reference lib="webworker" />
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute, type PrecacheEntry } from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';
import { brokerTabs } from './tab-broker.ts';

declare const self: ServiceWorkerGlobalScope & { readonly __WB_MANIFEST: readonly PrecacheEntry[] };

/** The app's files, so that it opens without a network. A new version waits until the person takes it: it never breaks a running call. */
cleanupOutdatedCaches();
precacheAndRoute([...self.__WB_MANIFEST]);
registerRoute(new NavigationRoute(createHandlerBoundToURL('/index.html'), { denylist: [/^\/health$/, /^\/docs\//] }));

brokerTabs();

self.addEventListener('message', (event) => {
  if (event.data === 'take-over') void self.skipWaiting();
});
