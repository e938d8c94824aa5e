import { AGENT_LIMITS } from './limits/agent-limits.ts';
import { GOSSIP_LIMITS } from './limits/gossip-limits.ts';
import { OVERLAY_LIMITS } from './limits/overlay-limits.ts';
import { REGISTRY_LIMITS } from './limits/registry-limits.ts';
import { ROUTING_LIMITS } from './limits/routing-limits.ts';
import { SERVICE_LIMITS } from './limits/service-limits.ts';
import { SESSION_LIMITS } from './limits/session-limits.ts';
import { WIRE_LIMITS } from './limits/wire-limits.ts';

export { HOST_LIMITS } from './limits/host-limits.ts';

/**
 * Every bound of the node, in one place, each with its reason. Units are last in the name.
 * `limits.test.ts` asserts the relations between them.
 */
export const LIMITS = {
  ...WIRE_LIMITS,
  ...SESSION_LIMITS,
  ...OVERLAY_LIMITS,
  ...GOSSIP_LIMITS,
  ...ROUTING_LIMITS,
  ...REGISTRY_LIMITS,
  ...SERVICE_LIMITS,
  ...AGENT_LIMITS,
} as const;
