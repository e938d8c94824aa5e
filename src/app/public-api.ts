import { effect } from '@preact/signals-core';
import type { AgentsModel } from '../view/agents-model.ts';
import type { AppModel } from '../view/types.ts';
import { Parley, type ParleyEvents } from '../index.ts';

/** The public API over the app that runs in this page. */
export function publicApi(model: AppModel, programs: Pick<AgentsModel, 'callRaw'>): Parley {
  return new Parley({
    nodeId: model.me.value.node,
    state: () => ({ state: model.network.value.state, peers: model.network.value.peers }),
    peers: () =>
      model.peers.value.map((peer) => ({
        id: peer.node,
        name: peer.person?.name,
        state: peer.state,
        path: peer.path && { kind: peer.path.kind, via: peer.path.via },
        rtt: peer.path?.rttMs,
      })),
    agents: () =>
      model.agents.value.map(({ address, title, description, owner, mine }) => ({
        address,
        title,
        description,
        owner: { id: owner.id, name: owner.name },
        mine,
      })),
    conversations: () => model.conversations.value.map(({ id, title, unread, lastText }) => ({ id, title, unread, lastText })),
    callTool: (address, tool, args, options) => programs.callRaw(address, tool, args, options),
    send: (conversation, text) => model.sendMessage(conversation, text),
    start: (person) => model.startConversation(person),
    watch: (told) => {
      const watched: Record<keyof ParleyEvents, { readonly value: unknown }> = {
        state: model.network,
        peers: model.peers,
        agents: model.agents,
        conversations: model.conversations,
      };
      for (const [name, signal] of Object.entries(watched)) {
        let isFirst = true;
        effect(() => {
          void signal.value;
          if (!isFirst) queueMicrotask(() => told(name as keyof ParleyEvents));
          isFirst = false;
        });
      }
    },
  });
}
