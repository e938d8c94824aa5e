import type NatPmp from '@silentbot1/nat-api/lib/pmp/index.js';
import type NatUpnp from '@silentbot1/nat-api/lib/upnp/index.js';
import { asParleyError, ParleyError } from '../../base/errors.ts';
import { HOST_LIMITS } from '../../base/limits.ts';

/** A port of the router that leads to one of this machine. */
export type RouterPort = { readonly host: string; readonly port: number };

/** A protocol in which a home router can be asked to let connections in. */
export interface RouterProtocol {
  readonly name: string;
  /** Opens the TCP port, or renews it, for `portLeaseSeconds`: at the router's `wanted` port, or at another one if the router says so. @throws ParleyError `unreachable` */
  open(port: number, wanted: number): Promise<RouterPort>;
  /** @throws ParleyError `unreachable` */
  close(port: number, at: RouterPort): Promise<void>;
}

const DESCRIPTION = 'Parley host';
const { portLeaseSeconds, natPmpTimeoutMs, upnpTimeoutMs, routerAttempts } = HOST_LIMITS;

type Asking = { readonly name: string; readonly timeoutMs: number; readonly attempts: number };

const NAT_PMP_ASKING: Asking = { name: 'NAT-PMP', timeoutMs: natPmpTimeoutMs, attempts: routerAttempts };
const UPNP_ASKING: Asking = { name: 'UPnP', timeoutMs: upnpTimeoutMs, attempts: routerAttempts };

/** NAT-PMP (RFC 6886). */
export const NAT_PMP: RouterProtocol = {
  name: 'NAT-PMP',
  open: (port, wanted) =>
    asked(NAT_PMP_ASKING, openPmp, async (router) => {
      const { public: given } = await router.portMapping({ public: wanted, private: port, type: 'tcp', ttl: portLeaseSeconds });
      return { host: await router.externalIp(), port: given };
    }),
  // The router's port is 0 there: RFC 6886 §3.4.
  close: (port) =>
    asked(
      { ...NAT_PMP_ASKING, attempts: 1 },
      openPmp,
      async (router) => void (await router.portUnmapping({ public: 0, private: port, type: 'tcp' })),
    ),
};

/** UPnP Internet Gateway Device, of either version. */
export const UPNP: RouterProtocol = {
  name: 'UPnP',
  open: (port, wanted) =>
    asked(UPNP_ASKING, openUpnp, async (router) => {
      await router.portMapping({ public: wanted, private: port, protocol: 'TCP', ttl: portLeaseSeconds, description: DESCRIPTION });
      return { host: await router.externalIp(), port: wanted };
    }),
  close: (port, at) =>
    asked(
      { ...UPNP_ASKING, attempts: 1 },
      openUpnp,
      async (router) => void (await router.portUnmapping({ public: at.port, private: port, protocol: 'TCP' })),
    ),
};

// Loaded when they are needed: most hosts open no port.

const openUpnp: Opener<NatUpnp> = async () => {
  const { default: Upnp } = await import('@silentbot1/nat-api/lib/upnp/index.js');
  const router = new Upnp();
  return { router, end: () => router.destroy() };
};

const openPmp: Opener<NatPmp> = async () => {
  const [{ default: Pmp }, { gateway4async }] = await Promise.all([import('@silentbot1/nat-api/lib/pmp/index.js'), import('default-gateway')]);
  const router = new Pmp((await gateway4async()).gateway);
  // What breaks its socket shows as no answer.
  router.on('error', () => undefined);
  return { router, end: () => router.close() };
};

type Opener<Router> = () => Promise<{ readonly router: Router; end(): Promise<unknown> }>;

/** Datagrams get lost, and a lost one makes these clients wait for ever: each attempt has a client of its own, and a deadline. */
async function asked<Router, Result>(
  { name, timeoutMs, attempts }: Asking,
  open: Opener<Router>,
  use: (router: Router) => Promise<Result>,
): Promise<Result> {
  let last: unknown;
  for (let attempt = 0; attempt < attempts; attempt++) {
    let opened: Awaited<ReturnType<typeof open>> | undefined;
    try {
      opened = await open();
      return await withDeadline(use(opened.router), timeoutMs);
    } catch (thrown) {
      last = thrown;
    } finally {
      await opened?.end();
    }
  }
  const { message } = asParleyError(last);
  throw new ParleyError('unreachable', message === 'timeout' ? `no router answered to ${name}` : `${name}: ${message}`, { cause: last });
}

function withDeadline<Result>(promise: Promise<Result>, timeoutMs: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error('timeout')), timeoutMs)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
