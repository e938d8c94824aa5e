import { LIMITS } from '../base/limits.ts';
import type { PeerIdentity } from '../node/api.ts';
import type { HostedAgent } from './agent-host.ts';

/**
 * What a caller wants of an agent. `tool` names what is asked for: a tool, a resource's URI, a prompt, or for `method` the JSON-RPC method of
 * an extension that this version does not know.
 */
export type CallRequest = {
  readonly kind: CallKind;
  /** The JSON-RPC method. */
  readonly method: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly origin?: CallOrigin;
};

/** Where the caller says that a call comes from. It is the caller's word, and never reaches the agent. */
export type CallOrigin = {
  /** By which the caller knows the call again when it is told how it stands. */
  readonly ref?: string;
  readonly conversation?: string;
};

export type CallKind = 'tool' | 'resource' | 'prompt' | 'method';

/** Who asks for what, for the policy to decide. */
export type IncomingCall = CallRequest & {
  readonly caller: PeerIdentity;
  readonly agent: HostedAgent;
  /** The caller's node is a host that says that its MCP clients may reach it unencrypted: others may read what it calls for them. */
  readonly hasPlaintextClients?: true;
};

/**
 * `not-for-you`: the owner opened it to others only, and was not asked; `refused`: the owner said no; `expired`: nobody answered in time; `rate-limited`: the caller calls too often; `overloaded`: too many calls wait or run.
 */
export type Verdict = 'run' | 'not-for-you' | 'refused' | 'expired' | 'rate-limited' | 'overloaded';

/** Why a call may run: by a rule, by what the owner allowed before, or as they answered just now. */
export const CONSENTS = ['rule', 'granted', 'once', 'hour', 'conversation', 'always'] as const;
export type Consent = (typeof CONSENTS)[number];

/** Leave to run that can be taken back while the call runs. */
export type Permit = {
  readonly verdict: 'run';
  readonly consent: Consent;
  /** Aborts with the reason why the call must end now. */
  readonly stop: AbortSignal;
  /** The call has its end: what it held is free again. */
  ended(): void;
};

/** Why a call that runs must end; the `reason` of {@link Permit.stop}. */
export type StopReason = 'revoked' | 'timed-out';

export type CallOutcome = 'ran' | 'tool-error' | 'cancelled' | StopReason | Exclude<Verdict, 'run'>;

type Params = Readonly<Record<string, unknown>>;

/** Under this key of a call's `_meta` stands its {@link CallOrigin}. */
export const ORIGIN_META = 'parley/call';

/** Suggestions for an argument: part of how an agent describes itself. They are never asked about, and are for who may ask. */
export const COMPLETION = 'completion/complete';

/** Listening for changes of a resource (MCP 2026-07-28): a request without an end, which uses nothing up while nothing changes. */
export const LISTEN = 'subscriptions/listen';

/** Requests that tell what there is, or are about what was allowed before: they need no consent. Everything else does, unknown methods included. */
const FREE_METHODS: ReadonlySet<string> = new Set([
  'initialize',
  'server/discover',
  'ping',
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'resources/unsubscribe',
  'prompts/list',
  'logging/setLevel',
  'skills/list',
  'tasks/get',
  'tasks/result',
  'tasks/cancel',
  'tasks/update',
]);

/** What of a request needs consent; `undefined` when nothing does. */
export function callOf(method: string, given: unknown): CallRequest | undefined {
  const params = record(withoutOrigin(given));
  const call = FREE_METHODS.has(method) ? undefined : guardedPart(method, params);
  const origin = originOf(record(record(given)['_meta'])[ORIGIN_META]);
  return call && { ...call, method, ...(origin ? { origin } : {}) };
}

function originOf(given: unknown): CallOrigin | undefined {
  if (!isRecord(given)) return undefined;
  const bounded = (value: unknown): string | undefined =>
    typeof value === 'string' && value.length <= LIMITS.maxCallOriginLength ? value : undefined;
  const [ref, conversation] = [bounded(given['ref']), bounded(given['conversation'])];
  return { ...(ref === undefined ? {} : { ref }), ...(conversation === undefined ? {} : { conversation }) };
}

/** The request's parameters as they are for the agent. */
export function withoutOrigin(given: unknown): unknown {
  if (!isRecord(given) || !isRecord(given['_meta']) || !(ORIGIN_META in given['_meta'])) return given;
  const { [ORIGIN_META]: _origin, ...meta } = given['_meta'];
  return { ...given, _meta: meta };
}

function guardedPart(method: string, params: Params): Omit<CallRequest, 'method'> | undefined {
  switch (method) {
    case 'tools/call':
      return { kind: 'tool', tool: text(params['name']), arguments: record(params['arguments']) };
    case 'prompts/get':
      return { kind: 'prompt', tool: text(params['name']), arguments: record(params['arguments']) };
    case 'resources/read':
    case 'resources/subscribe':
      return { kind: 'resource', tool: text(params['uri']), arguments: {} };
    case LISTEN:
      return watchedResources(params);
    default:
      return { kind: 'method', tool: method, arguments: params };
  }
}

/** Listening for list changes is free; listening for changes of a resource tells about its content. */
function watchedResources(params: Params): Omit<CallRequest, 'method'> | undefined {
  const uris = record(params['notifications'])['resourceSubscriptions'];
  if (uris === undefined || (Array.isArray(uris) && uris.length === 0)) return undefined;
  const list = Array.isArray(uris) ? uris.map(text) : [text(uris)];
  return { kind: 'resource', tool: list[0] ?? '', arguments: list.length > 1 ? { uris: list } : {} };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function record(value: unknown): Params {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
