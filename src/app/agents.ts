import type { Directory } from '../agents/directory.ts';
import { ManagedAgents } from '../agents/managed-agents.ts';
import type { NetworkView } from '../agents/network-agent.ts';
import { PublishedAgents } from '../agents/published-agents.ts';
import type { AgentAddress, PersonId } from '../base/ids.ts';
import { directConversationId } from '../chat/chat-event.ts';
import type { ChatService } from '../chat/chat-service.ts';
import { Contacts } from '../chat/contacts.ts';
import { systemEntropy } from '../crypto/entropy.ts';
import type { LocalIdentity } from '../crypto/identity.ts';
import { RecordsVault } from '../crypto/vault.ts';
import { AgentClients } from '../mcp/agent-clients.ts';
import { AgentHost } from '../mcp/agent-host.ts';
import { AgentQuestions } from '../mcp/agent-questions.ts';
import { Approvals } from '../mcp/approvals.ts';
import { visibilityOf } from '../mcp/permissions.ts';
import type { NodeApi } from '../node/api.ts';
import type { ChatStore, ConversationId } from '../ports/chat-store.ts';
import type { Verifier } from '../ports/keys.ts';
import type { Records } from '../ports/records.ts';
import { generatedName } from '../view/generated-name.ts';
import type { TrustSurroundings } from '../view/trust-model.ts';
import { agentFactories } from './agent-factories.ts';
import type { AgentsLater } from './agents-later.ts';
import { startRunner } from './runner.ts';
import { systemClock } from './system-clock.ts';

export type AgentsOptions = {
  readonly node: NodeApi;
  readonly identity: LocalIdentity;
  readonly verifier: Verifier;
  readonly storage: { readonly records: Records; readonly chat: ChatStore };
  readonly directory: Directory;
  readonly chat: Pick<ChatService, 'on'>;
};

/** Everything about agents, put together: those of this node with who may call them, and the way to those of others. */
export async function createAgents({ node, identity, verifier, storage, directory, chat }: AgentsOptions) {
  const { records } = storage;
  const contacts = new Contacts(storage.chat, node.networkId, identity.person);
  const conversationWith = (person: PersonId): ConversationId => directConversationId(node.networkId, identity.person, person);
  const approvals = new Approvals({
    me: identity.person,
    records,
    clock: systemClock,
    isContact: (person) => contacts.has(person),
    conversationWith,
    defaultsOf: (agent) => managed.defaultsOf(agent),
  });
  // Written here, or in another tab of this browser.
  chat.on('stored', ({ mine, event }) => mine && approvals.wroteIn(event.conversation));
  records.onForeignChange((table, key) => table === 'chat' && key !== undefined && approvals.wroteIn(key));
  const host = new AgentHost(node, approvals, { receipts: async () => (await later()).receipts, clock: systemClock });
  const questions = new AgentQuestions(systemClock);
  const clients = new AgentClients(node, host, { questions, receipts: async () => (await later()).receipts });
  const network: NetworkView = {
    agents: () =>
      directory
        .agents()
        .map(({ address, title, description, owner }) => ({ address, title, description, owner: directory.nameOf(owner) ?? generatedName(owner) })),
    people: () => directory.people().map((person) => ({ name: directory.nameOf(person) ?? generatedName(person), isHere: directory.isHere(person) })),
    tools: async (address) => {
      const { client } = await clients.session(address as AgentAddress);
      return (await client.listTools()).tools.map(({ name, description }) => ({ name, description: description ?? '' }));
    },
  };
  const factories = agentFactories({ records, clock: systemClock, entropy: systemEntropy, startRunner, network });
  const managed = new ManagedAgents({
    host,
    records,
    secrets: new RecordsVault(records, systemEntropy),
    clock: systemClock,
    factories,
    builtIn: ['notes', 'calculator'],
  });
  const [off] = await Promise.all([
    records.table<readonly string[]>('settings').get('agents-off'),
    // What cannot be read now is not there; the built-in ones are.
    managed.start().catch(() => undefined),
  ]);
  for (const { id } of host.agents()) if (off?.includes(id)) host.setEnabled(id, false);
  const published = new PublishedAgents({
    node: node.id,
    host,
    clients,
    clock: systemClock,
    visibilityOf: (agent) => visibilityOf(approvals.permissions.of(agent)),
  });
  approvals.permissions.onChanged(() => published.onChange());
  void approvals.permissions.ready.then(() => published.onChange());
  approvals.definitionOf = (agent, call) => published.definitionOf(agent, call);
  let loading: Promise<AgentsLater> | undefined;
  const later = (): Promise<AgentsLater> =>
    (loading ??= import('./agents-later.ts').then(({ createAgentsLater }) =>
      createAgentsLater({ node, signer: identity.nodeSigner, verifier, records, directory, host, clients, questions, published }),
    ));
  host.on('served', (served) => void later().then(({ noteServed }) => noteServed(served)));
  return {
    approvals,
    host,
    clients,
    published,
    agentCalls: async () => (await later()).agentCalls,
    trust: async (surroundings: TrustSurroundings) => (await later()).trust(surroundings, { approvals, questions, managed }),
  };
}
