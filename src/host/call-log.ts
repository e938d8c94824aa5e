import { systemClock } from '../app/system-clock.ts';
import { systemEntropy } from '../crypto/entropy.ts';
import type { LocalIdentity } from '../crypto/identity.ts';
import { AuditLog } from '../mcp/audit-log.ts';
import type { ServedCall } from '../mcp/agent-host.ts';
import { ReceiptDesk } from '../mcp/receipt-desk.ts';
import type { Node } from '../node/node.ts';
import type { Verifier } from '../ports/keys.ts';
import type { Records } from '../ports/records.ts';

/** A call into an agent of the host, as its owner reads it. */
export type LoggedCall = {
  /** Unix milliseconds. */
  readonly at: number;
  readonly person: string | undefined;
  readonly agent: string;
  readonly kind: string;
  readonly tool: string;
  /** JSON, cut where it is long. */
  readonly arguments: string;
  readonly outcome: string;
  readonly tookMs: number | undefined;
  /** Whether the caller signed for it. */
  readonly isSigned: boolean;
  /** The caller was a host whose MCP clients may reach it unencrypted. */
  readonly hasPlaintextClients?: true;
};

/** What others called here, and with what proof: kept in the data folder within bounds. */
export class CallLog {
  readonly receipts: ReceiptDesk;
  readonly #log: AuditLog;
  readonly #node: Node;

  constructor(node: Node, identity: LocalIdentity, verifier: Verifier, records: Records) {
    this.#node = node;
    this.#log = new AuditLog(records, systemClock, systemEntropy);
    this.receipts = new ReceiptDesk({ node, signer: identity.nodeSigner, verifier, clock: systemClock, log: this.#log });
  }

  served(call: ServedCall): void {
    this.#log.addServed(this.#node.id, call);
  }

  /** The newest calls, newest first. */
  async newest(count: number): Promise<readonly LoggedCall[]> {
    const entries = (await this.#log.all()).toSorted((a, b) => b.at - a.at).slice(0, count);
    return entries.map(({ at, person, address, kind, tool, arguments: args, outcome, tookMs, callReceipt, hasPlaintextClients }) => ({
      at,
      person,
      agent: address.slice(address.indexOf(':') + 1),
      kind,
      tool,
      arguments: args,
      outcome,
      tookMs,
      isSigned: callReceipt !== undefined,
      ...(hasPlaintextClients ? { hasPlaintextClients } : {}),
    }));
  }

  /** Resolves when everything is in the data folder. */
  stored(): Promise<void> {
    return this.#log.stored();
  }
}
