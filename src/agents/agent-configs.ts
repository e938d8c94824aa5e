import { fromUtf8, utf8 } from '../base/bytes.ts';
import type { AgentId } from '../base/ids.ts';
import type { Records, Table } from '../ports/records.ts';
import type { SecretWrapper, WrappedSecret } from '../ports/vault.ts';
import type { AgentConfig } from './agent-kinds.ts';

type Removed = { readonly removed: true };
/** Earlier versions kept the token as it is. */
type Stored = Omit<AgentConfig, 'token' | 'isTokenLost'> & { readonly token?: WrappedSecret | string };

/** The agents of this browser as they are set up, in storage: a remote server's token only wrapped, and for the server that it was given for. */
export class AgentConfigs {
  readonly #table: Table<Stored | Removed>;
  readonly #secrets: SecretWrapper;

  constructor(records: Records, secrets: SecretWrapper) {
    this.#table = records.table<Stored | Removed>('agents');
    this.#secrets = secrets;
  }

  /** @throws ParleyError a storage code */
  async all(): Promise<readonly (readonly [AgentId, AgentConfig | Removed])[]> {
    return Promise.all([...(await this.#table.all())].map(async ([id, stored]) => [id as AgentId, await this.#open(id, stored)] as const));
  }

  async get(id: AgentId): Promise<AgentConfig | Removed | undefined> {
    const stored = await this.#table.get(id);
    return stored && this.#open(id, stored);
  }

  async put(config: AgentConfig): Promise<void> {
    const { token, isTokenLost, ...rest } = config;
    // A token that cannot be read stays for whoever can.
    const kept = isTokenLost ? ((await this.#table.get(config.id)) as Stored | undefined)?.token : undefined;
    const wrapped = token === undefined ? kept : await this.#secrets.wrap(nameOf(config.id, rest.url), utf8(token));
    await this.#table.put(config.id, { ...rest, ...(wrapped === undefined ? {} : { token: wrapped }) });
  }

  putRemoved(id: AgentId): Promise<void> {
    return this.#table.put(id, { removed: true });
  }

  delete(id: AgentId): Promise<void> {
    return this.#table.delete(id);
  }

  async #open(id: string, stored: Stored | Removed): Promise<AgentConfig | Removed> {
    if ('removed' in stored) return stored;
    const { token, ...config } = stored;
    if (token === undefined) return config;
    if (typeof token !== 'string') {
      const secret = await this.#secrets.unwrap(nameOf(id, config.url), token).catch(() => undefined);
      return secret ? { ...config, token: fromUtf8(secret) } : { ...config, isTokenLost: true };
    }
    // If it cannot be wrapped now, it stays as it was, and is wrapped at another start.
    await this.#wrapOld(id, config.url, token).catch(() => undefined);
    return { ...config, token };
  }

  async #wrapOld(id: string, url: string | undefined, token: string): Promise<void> {
    const wrapped = await this.#secrets.wrap(nameOf(id, url), utf8(token));
    await this.#table.update(id, (now) => (now && !('removed' in now) && now.token === token && now.url === url ? { ...now, token: wrapped } : now));
  }
}

/** What a wrapped token is bound to: it cannot be read for another agent, or for another server. */
function nameOf(id: string, url: string | undefined): string {
  return `agent-token ${id} ${originOf(url)}`;
}

function originOf(url: string | undefined): string {
  try {
    return new URL(url ?? '').origin;
  } catch {
    return '';
  }
}
