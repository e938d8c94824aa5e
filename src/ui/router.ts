import { signal, type ReadonlySignal } from '@preact/signals-core';

/** Where in the app a person is. */
export type Route =
  | { readonly page: 'conversations'; readonly conversation?: string }
  | { readonly page: 'agents'; readonly agent?: string; readonly tool?: string }
  | { readonly page: 'network' }
  | { readonly page: 'settings' };

/** The URL fragment of a route. */
export function href(route: Route): string {
  switch (route.page) {
    case 'conversations':
      return route.conversation ? `#/c/${encodeURIComponent(route.conversation)}` : '#/';
    case 'agents':
      return ['#/agents', route.agent, route.tool]
        .flatMap((part) => (part === undefined ? [] : [part]))
        .map((part, index) => (index === 0 ? part : encodeURIComponent(part)))
        .join('/');
    case 'network':
    case 'settings':
      return `#/${route.page}`;
  }
}

/** The route of a URL fragment; anything unknown or damaged is the front page. */
export function routeOf(fragment: string): Route {
  const [page, first, second] = fragment.replace(/^#\/?/, '').split('/').map(decodePart);
  if (page === 'c' && first) return { page: 'conversations', conversation: first };
  if (page === 'agents') return { page, ...(first ? { agent: first } : {}), ...(first && second ? { tool: second } : {}) };
  if (page === 'network' || page === 'settings') return { page };
  return { page: 'conversations' };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

const current = signal<Route>(routeOf(location.hash));
addEventListener('hashchange', () => (current.value = routeOf(location.hash)));

export const route: ReadonlySignal<Route> = current;

export function go(to: Route): void {
  location.hash = href(to);
}
