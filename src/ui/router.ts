import { signal, type ReadonlySignal } from '@preact/signals-core';

/** Where in the app a person is. */
export type Route =
  | { readonly page: 'conversations'; readonly conversation?: string }
  /** `call`: one of my calls of that tool, whose arguments the form starts with. `calls`: all of mine, and those into my agents. */
  | { readonly page: 'agents'; readonly agent?: string; readonly tool?: string; readonly call?: string; readonly calls?: true }
  | { readonly page: 'network' }
  | { readonly page: 'settings' };

/** In the place of an agent's address, which always has a colon. */
const CALLS = 'calls';

/** The URL fragment of a route. */
export function href(route: Route): string {
  switch (route.page) {
    case 'conversations':
      return route.conversation ? `#/c/${encodeURIComponent(route.conversation)}` : '#/';
    case 'agents':
      return ['#/agents', route.calls ? CALLS : route.agent, route.tool, route.call]
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
  const [page, first, second, third] = fragment.replace(/^#\/?/, '').split('/').map(decodePart);
  if (page === 'c' && first) return { page: 'conversations', conversation: first };
  if (page === 'agents' && first === CALLS) return { page, calls: true };
  if (page === 'agents')
    return { page, ...(first ? { agent: first } : {}), ...(first && second ? { tool: second } : {}), ...(second && third ? { call: third } : {}) };
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
