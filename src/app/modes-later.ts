import { systemEntropy } from '../crypto/entropy.ts';
import { HostLinks } from '../modes/host-links.ts';
import { ModeKeeper, type ModeKeeperOptions } from '../modes/mode-keeper.ts';
import { WebSocketHostDialer } from '../transport/host-dialer.ts';
import { ModesViewModel } from '../view/modes-model.ts';
import { systemClock } from './system-clock.ts';

export type ModesLater = ReturnType<typeof createModes>;

/** What modes need beside the node itself, in a part of the app that comes when it is needed: hosts, and the choice between direct links and them. */
export function createModes(options: Omit<ModeKeeperOptions, 'links'>) {
  const dialer = new WebSocketHostDialer(systemClock, location);
  const links = new HostLinks({ node: options.node, dialer, clock: systemClock, entropy: systemEntropy });
  return { keeper: new ModeKeeper({ ...options, links }), ModesViewModel };
}
