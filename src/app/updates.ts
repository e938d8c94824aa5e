import { scriptUrl } from './trusted-types.ts';

/** Whether this page is to have a service worker; the browser may still refuse it. */
export function hasServiceWorker(): boolean {
  return 'serviceWorker' in navigator && import.meta.env.PROD;
}

/**
 * Registers the service worker and tells when a newer version of the app waits, or has been taken by another tab. This page stays as it is
 * until {@link Updates.apply}.
 */
export class Updates {
  onReady: () => void = () => undefined;
  #registration: ServiceWorkerRegistration | undefined;
  #isApplying = false;

  /** Answers whether there is a service worker. */
  async start(): Promise<boolean> {
    if (!hasServiceWorker()) return false;
    navigator.serviceWorker.addEventListener('controllerchange', () => {
      if (this.#isApplying) location.reload();
      else this.onReady();
    });
    try {
      this.#registration = await navigator.serviceWorker.register(scriptUrl('/service-worker.js'), { updateViaCache: 'none' });
    } catch {
      // Without it the app works, only not offline: private modes and some embedded browsers refuse service workers.
      return false;
    }
    if (this.#registration.waiting) this.onReady();
    this.#registration.addEventListener('updatefound', () => this.#watch(this.#registration?.installing ?? undefined));
    return true;
  }

  /** Looks whether the server has a newer version. */
  check(): void {
    this.#registration?.update().catch(() => {
      // Offline: the next look finds it.
    });
  }

  /** Takes the waiting version, or the one that another tab took, and reloads this page. */
  apply(): void {
    this.#isApplying = true;
    const waiting = this.#registration?.waiting;
    if (waiting) waiting.postMessage('take-over');
    else location.reload();
  }

  #watch(worker: ServiceWorker | undefined): void {
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed' && this.#registration?.active) this.onReady();
    });
  }
}
