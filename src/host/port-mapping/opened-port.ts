import { BlockList, isIPv4 } from 'node:net';
import { asParleyError } from '../../base/errors.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../logger.ts';
import type { RouterPort, RouterProtocol } from './routers.ts';

/** Whether the router lets connections in, and where; what others are told to dial. */
export type PortState =
  | {
      readonly state: 'open';
      readonly by: string;
      readonly host: string;
      readonly port: number;
      /** Without it the router is behind another one, and only its own network reaches the port. */
      readonly isPublic: boolean;
    }
  | { readonly state: 'closed'; readonly reason: string };

export type OpenedPortOptions = {
  /** A TCP port of this machine. */
  readonly port: number;
  /** Asked in this order. */
  readonly protocols: readonly RouterProtocol[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Called with each state that differs from the one before, the last one included. */
  onChange?(state: PortState): void;
};

const MS_PER_SECOND = 1000;

/**
 * A port of the home router that leads to this machine, opened for a time and renewed at half of it, so that a machine that dies leaves nothing open
 * for long. What fails is told and tried again: routers are switched off and on.
 */
export class OpenedPort {
  readonly #options: OpenedPortOptions;
  #state: PortState = { state: 'closed', reason: 'it was not asked for yet' };
  #open: { readonly protocol: RouterProtocol; readonly at: RouterPort } | undefined;
  #cancel: () => void = () => undefined;
  #asking: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: OpenedPortOptions) {
    this.#options = options;
  }

  get state(): PortState {
    return this.#state;
  }

  /** Resolves when the router answered, or none did. */
  start(): Promise<void> {
    this.#asking = this.#ask();
    return this.#asking;
  }

  /** Has the router close the port. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#asking;
    const { port, log, onChange } = this.#options;
    if (!this.#open) return;
    // First nobody is told to come here any more.
    this.#state = { state: 'closed', reason: 'the host stops.' };
    onChange?.(this.#state);
    const { protocol, at } = this.#open;
    try {
      await protocol.close(port, at);
      log.info(`The router has closed its port ${at.port}.`);
    } catch (thrown) {
      log.warn(`The router did not close its port ${at.port}: ${asParleyError(thrown).message}. It does within the hour.`);
    }
  }

  async #ask(): Promise<void> {
    const { clock } = this.#options;
    const before = this.#state;
    this.#state = await this.#openSomehow();
    this.#tell(before);
    if (this.#isStopped) return;
    const waitMs = this.#state.state === 'open' ? (HOST_LIMITS.portLeaseSeconds * MS_PER_SECOND) / 2 : HOST_LIMITS.portRetryMs;
    this.#cancel = clock.wakeAt(clock.now() + waitMs, () => void this.start());
  }

  async #openSomehow(): Promise<PortState> {
    const { protocols, port } = this.#options;
    const known = this.#open;
    const reasons: string[] = [];
    for (const protocol of known ? [known.protocol, ...protocols.filter((other) => other !== known.protocol)] : protocols) {
      // Another one may have the port at the router; it may also be ours, from a run that was killed.
      for (const wanted of [known?.at.port ?? port, port + 1, port + 2]) {
        try {
          const at = await protocol.open(port, wanted);
          this.#open = { protocol, at };
          return { state: 'open', by: protocol.name, host: at.host, port: at.port, isPublic: isPublicAddress(at.host) };
        } catch (thrown) {
          const { message } = asParleyError(thrown);
          reasons.push(message);
          if (!/conflict/i.test(message)) break;
        }
      }
    }
    this.#open = undefined;
    return { state: 'closed', reason: `${reasons.join('; ')}.` };
  }

  #tell(before: PortState): void {
    const { log, port, onChange } = this.#options;
    const now = this.#state;
    if (JSON.stringify(now) === JSON.stringify(before)) return;
    onChange?.(now);
    if (now.state === 'closed')
      return log.warn(`The router does not let connections in to port ${port}: ${now.reason} Others reach this host as before.`);
    log.info(`The router lets connections in at ${now.host}:${now.port} (${now.by}).`);
    if (!now.isPublic)
      log.warn(`${now.host} is an address of another network, not of the internet: the router is behind a second one, which lets nobody in.`);
  }
}

/** Networks of homes and of providers (RFC 1918, RFC 6598), and what no router has outside. */
const INNER = new BlockList();
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['0.0.0.0', 8],
] as const)
  INNER.addSubnet(network, prefix);

function isPublicAddress(host: string): boolean {
  return isIPv4(host) && !INNER.check(host);
}
