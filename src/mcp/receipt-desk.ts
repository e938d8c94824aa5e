import type { Transport } from '@modelcontextprotocol/client';
import { agentAddress, type AgentId } from '../base/ids.ts';
import type { NodeApi } from '../node/api.ts';
import type { Clock } from '../ports/clock.ts';
import type { Signer, Verifier } from '../ports/keys.ts';
import type { AuditLog } from './audit-log.ts';
import { ReceiptedTransport } from './receipted-transport.ts';
import type { StreamTransport } from './stream-transport.ts';

export type ReceiptDeskOptions = {
  readonly node: Pick<NodeApi, 'id' | 'networkId'>;
  /** With the node's key. */
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly clock: Clock;
  readonly log: AuditLog;
};

/** Gives and takes receipts in every session with another node, and puts them into the log. */
export class ReceiptDesk {
  readonly #options: ReceiptDeskOptions;

  constructor(options: ReceiptDeskOptions) {
    this.#options = options;
  }

  /** A transport in place of the one over a stream; `side` is what this node is in the session. */
  over(transport: StreamTransport, agent: AgentId, side: 'caller' | 'owner'): Transport {
    const { node, log, ...keys } = this.#options;
    const other = transport.stream.peer.node;
    const [caller, owner] = side === 'caller' ? [node.id, other] : [other, node.id];
    const address = agentAddress(owner, agent);
    const direction = side === 'caller' ? 'out' : 'in';
    return new ReceiptedTransport(transport, {
      ...keys,
      side,
      scope: { networkId: node.networkId, caller, owner, agent },
      onReceipt: (sort, hash, receipt) =>
        log.attach({ direction, address, hash }, sort === 'call' ? { callReceipt: receipt } : { answerReceipt: receipt }),
    });
  }
}
