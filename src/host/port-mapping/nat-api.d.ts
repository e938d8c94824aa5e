/** The clients of the package, which has no types; its main class swallows the reasons of failures, and which port a router gave. */
declare module '@silentbot1/nat-api/lib/upnp/index.js' {
  type Mapping = { readonly public: number; readonly private: number; readonly protocol: 'TCP' | 'UDP' };
  export default class NatUpnp {
    /** `ttl` in seconds. */
    portMapping(mapping: Mapping & { readonly ttl: number; readonly description: string }): Promise<unknown>;
    portUnmapping(mapping: Mapping): Promise<unknown>;
    externalIp(): Promise<string>;
    destroy(): Promise<unknown>;
  }
}

declare module '@silentbot1/nat-api/lib/pmp/index.js' {
  import type { EventEmitter } from 'node:events';
  type Mapping = { readonly public: number; readonly private: number; readonly type: 'tcp' | 'udp' };
  export default class NatPmp extends EventEmitter {
    constructor(gateway: string);
    /** `ttl` in seconds, also in the answer. */
    portMapping(mapping: Mapping & { readonly ttl: number }): Promise<{ readonly public: number; readonly ttl: number }>;
    portUnmapping(mapping: Mapping): Promise<unknown>;
    externalIp(): Promise<string>;
    close(): Promise<void>;
  }
}

declare module 'default-gateway' {
  /** Asks the system's own programs. */
  export function gateway4async(): Promise<{ readonly gateway: string }>;
}
