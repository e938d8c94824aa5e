import type { ActivityModel } from './activity-types.ts';
import type { AgentHealth } from './agent-health.ts';
import type { AgentLog } from './agent-log.ts';
import type { ResourceWatches } from './resource-watches.ts';
import { expandTemplate, type Suggestions } from './suggestions.ts';

/** How agents are doing, as the screens see it. */
export function activityModel(log: AgentLog, watches: ResourceWatches, health: AgentHealth, suggestions: Suggestions): ActivityModel {
  return {
    log: (address) => log.of(address),
    clearLog: (address) => log.clear(address),
    watches: (address) => watches.of(address),
    watch: (address, uri) => watches.watch(address, uri),
    unwatch: (address, uri) => watches.unwatch(address, uri),
    suggest: (...asked) => suggestions.suggest(...asked),
    expand: expandTemplate,
    health: health.view,
    checkAgent: (agentId) => health.check(agentId),
  };
}
