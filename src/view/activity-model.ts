import type { AgentAddress } from '../base/ids.ts';
import type { AgentCalls } from '../mcp/agent-calls.ts';
import type { ActivityModel } from './activity-types.ts';
import type { AgentHealth } from './agent-health.ts';
import type { AgentLog } from './agent-log.ts';
import { callError } from './call-problems.ts';
import type { ResourceWatches } from './resource-watches.ts';
import { expandTemplate, type Suggestions } from './suggestions.ts';

/** How agents are doing, as the screens see it. */
export function activityModel(
  calls: AgentCalls,
  log: AgentLog,
  watches: ResourceWatches,
  health: AgentHealth,
  suggestions: Suggestions,
): ActivityModel {
  return {
    log: (address) => log.of(address),
    clearLog: (address) => log.clear(address),
    watches: (address) => watches.of(address),
    watch: (address, uri) => watches.watch(address, uri),
    unwatch: (address, uri) => watches.unwatch(address, uri),
    suggest: (...asked) => suggestions.suggest(...asked),
    expand: expandTemplate,
    ping: async (address) => {
      try {
        return await calls.ping(address as AgentAddress);
      } catch (thrown) {
        throw callError(thrown);
      }
    },
    health: health.view,
    checkAgent: (agentId) => health.check(agentId),
  };
}
