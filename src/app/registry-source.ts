import type { LocalIdentity } from '../crypto/identity.ts';
import type { Clock } from '../ports/clock.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { DocumentEngine } from '../registry/engine/document-engine.ts';
import { Registry } from '../registry/registry.ts';
import { registryEngine } from './registry-engine.ts';

export type RegistrySourceOptions = {
  readonly identity: LocalIdentity;
  readonly networkId: Uint8Array;
  readonly entropy: Entropy;
  readonly clock: Clock;
};

/** The registry and its engine, in a worker: a module of its own, so that neither is in the way of the start. */
export function createRegistry(options: RegistrySourceOptions): { readonly registry: Registry; readonly engine: DocumentEngine } {
  const { identity, networkId, entropy, clock } = options;
  const { node, device, person, chain } = identity;
  return {
    registry: new Registry({ networkId, node, device, person, chain, entropy }),
    engine: registryEngine(clock),
  };
}
