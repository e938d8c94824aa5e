import type { Directory } from '../agents/directory.ts';
import type { PublishedAgents } from '../agents/published-agents.ts';
import { agentAddress, type AgentAddress } from '../base/ids.ts';
import { systemEntropy } from '../crypto/entropy.ts';
import { AgentCalls } from '../mcp/agent-calls.ts';
import type { AgentClients } from '../mcp/agent-clients.ts';
import type { AgentHost, ServedCall } from '../mcp/agent-host.ts';
import type { AgentQuestions } from '../mcp/agent-questions.ts';
import { AuditLog } from '../mcp/audit-log.ts';
import { DefinitionPins } from '../mcp/definition-pins.ts';
import { ReceiptDesk } from '../mcp/receipt-desk.ts';
import type { NodeApi } from '../node/api.ts';
import type { Signer, Verifier } from '../ports/keys.ts';
import type { Records } from '../ports/records.ts';
import { activityModel } from '../view/activity-model.ts';
import { AgentHealth } from '../view/agent-health.ts';
import { AgentLog } from '../view/agent-log.ts';
import { ResourceWatches } from '../view/resource-watches.ts';
import { Suggestions } from '../view/suggestions.ts';
import { TrustViewModel, type TrustModelOptions, type TrustSurroundings } from '../view/trust-model.ts';
import { systemClock } from './system-clock.ts';

export type AgentsLaterOptions = {
  readonly node: NodeApi;
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly records: Records;
  readonly directory: Directory;
  readonly host: AgentHost;
  readonly clients: AgentClients;
  readonly questions: AgentQuestions;
  readonly published: PublishedAgents;
};
export type AgentsLater = ReturnType<typeof createAgentsLater>;

/** What calls need beside the way to an agent, in a part of the app that is loaded after the first screen: the log with its receipts, and pinned definitions. */
export function createAgentsLater(options: AgentsLaterOptions) {
  const { node, signer, verifier, records, directory, host, clients, questions, published } = options;
  const log = new AuditLog(records, systemClock, systemEntropy);
  const receipts = new ReceiptDesk({ node, signer, verifier, clock: systemClock, log });
  const pins = new DefinitionPins(records, systemClock);
  const mine = (address: AgentAddress) => host.agents().find(({ id }) => agentAddress(node.id, id) === address);
  const agentCalls = new AgentCalls({
    logLevel: 'info',
    clients,
    questions,
    clock: systemClock,
    pins,
    isBuiltIn: (address) => {
      const agent = mine(address);
      return agent !== undefined && 'createServer' in agent;
    },
    onMade: (made) => {
      const entry = directory.agents().find(({ address }) => address === made.address);
      const agentTitle = entry?.title ?? mine(made.address)?.title ?? made.address;
      log.add({ ...made, direction: 'out', agentTitle, person: entry?.owner });
    },
  });
  const noteServed = (served: ServedCall): void => log.addServed(node.id, served);
  const trust = (needed: TrustSurroundings, rest: Pick<TrustModelOptions, 'approvals' | 'questions' | 'managed'>) => {
    const { runningCalls } = needed;
    const agentLog = new AgentLog({ clients, clock: systemClock, runningCalls });
    const watches = new ResourceWatches({ calls: agentCalls, clients, clock: systemClock });
    const health = new AgentHealth({ host, published, clock: systemClock });
    return new TrustViewModel({
      ...needed,
      ...rest,
      log,
      pins,
      activity: activityModel(agentCalls, agentLog, watches, health, new Suggestions(agentCalls)),
    });
  };
  return { receipts, agentCalls, noteServed, trust };
}
