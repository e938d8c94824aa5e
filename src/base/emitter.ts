/** A typed event emitter: `Events` maps an event's name to its payload. A listener that throws does not stop the others. */
export class Emitter<Events extends Record<string, unknown>> {
  readonly #listeners = new Map<keyof Events, Set<(payload: never) => void>>();

  on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): () => void {
    let set = this.#listeners.get(name);
    if (!set) this.#listeners.set(name, (set = new Set()));
    set.add(listener as (payload: never) => void);
    return () => set.delete(listener as (payload: never) => void);
  }

  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (payload: Events[Name]) => void)(payload);
      } catch (thrown) {
        reportError(thrown);
      }
    }
  }
}

/** A listener's defect becomes an unhandled rejection: visible in the console and to tests, without breaking the emitter. */
function reportError(thrown: unknown): void {
  void Promise.reject(thrown);
}
