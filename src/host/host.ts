import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { Directory } from '../agents/directory.ts';
import { keepAnchors } from '../app/anchors.ts';
import { systemClock } from '../app/system-clock.ts';
import { toBase64url } from '../base/bytes.ts';
import { asParleyError, ParleyError } from '../base/errors.ts';
import type { AgentAddress } from '../base/ids.ts';
import { agentAddress } from '../base/ids.ts';
import { isLoopback } from '../base/loopback.ts';
import { systemEntropy } from '../crypto/entropy.ts';
import { createVerifier } from '../crypto/signing.ts';
import { createLocalIdentity } from '../crypto/identity.ts';
import { AgentHost } from '../mcp/agent-host.ts';
import { Approvals, type WaitingApproval } from '../mcp/approvals.ts';
import { ASKABLE_PERMISSIONS } from '../mcp/permissions.ts';
import type { Node } from '../node/node.ts';
import type { Records } from '../ports/records.ts';
import { FileRecords, writeAtomically } from '../storage/file-records.ts';
import { generatedName } from '../view/generated-name.ts';
import type { Invite } from '../wire/invite.ts';
import { openNetworkId } from '../wire/networks.ts';
import { CallLog } from './call-log.ts';
import { HostConsent } from './consent.ts';
import { serveControl, type ControlHandlers } from './control/control-socket.ts';
import { openDataFolder, type DataFolder } from './data-folder.ts';
import { Gateway } from './gateway/gateway.ts';
import { HttpEndpoint } from './gateway/http-endpoint.ts';
import { agentOpener } from './gateway/open-agent.ts';
import { SocketSessions } from './gateway/socket-sessions.ts';
import { createHeadlessRegistry, signalingAt, startHeadlessNode } from './headless-node.ts';
import { hostUrls } from './host-urls.ts';
import { readJsonFile } from './json-file.ts';
import { KeyFiles, NODE_KEY } from './key-files.ts';
import { listenForLinks } from './listen.ts';
import type { Logger } from './logger.ts';
import { readMounts } from './mounts/config-file.ts';
import { isPlaintext, specOfOption, type MountSpec } from './mounts/mount-spec.ts';
import { Mounts } from './mounts/mounts.ts';
import { followNearby } from './nearby/follow-nearby.ts';
import { NearbyServers } from './nearby/nearby-servers.ts';
import type { HostOptions } from './options.ts';
import { OpenedPort, type PortState } from './port-mapping/opened-port.ts';
import { NAT_PMP, UPNP } from './port-mapping/routers.ts';
import { CLOSED_POLICY, readPolicy, type Policy } from './policy.ts';

/** What a program that started the host needs to know, as one line of JSON. */
export type ReadyLine = {
  readonly nodeId: string;
  readonly person: string;
  readonly agents: readonly AgentAddress[];
  /** The URL of the aggregate for MCP clients. */
  readonly mcpHttp?: string;
  /** The WebSocket URL for nodes without WebRTC. */
  readonly listen?: string;
  /** What the home router did for --upnp. */
  readonly upnp?: PortState;
};

export type Host = {
  readonly ready: ReadyLine;
  /** Resolves when there is nothing left to serve: the client of `--mcp-stdio` went. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
};

/** The network that a page without an invite joins (app/known-networks.ts). */
const OPEN_NETWORK: Invite = { name: 'Commons', networkId: openNetworkId('Commons') };

/** Starts a host; it is ready when its servers answered or failed for the first time. @throws ParleyError */
export async function startHost(options: HostOptions, version: string, log: Logger): Promise<Host> {
  const specs = mountSpecs(options);
  for (const { title } of specs.filter(isPlaintext)) log.warn(`Calls to “${title}” leave this machine unencrypted, because of --allow-plaintext.`);
  const policy = readPolicyFile(options.policy, log);
  const folder = await openDataFolder(options.data);
  const stops: (() => Promise<void> | void)[] = [() => folder.release()];
  const stop = async (): Promise<void> => {
    for (const step of stops.splice(0).reverse()) await step();
  };
  try {
    const records = new FileRecords(folder.records);
    const identity = await createLocalIdentity({
      vault: new KeyFiles(folder.keys, systemEntropy),
      nodeName: NODE_KEY,
      now: systemClock.now(),
      entropy: systemEntropy,
    });
    const network = await networkOf(options, records);
    const name = await nameOf(options, records, generatedName(identity.person));
    // Who may ask, the policy file says.
    const approvals = new Approvals({ me: identity.person, records, clock: systemClock, defaultsOf: () => ASKABLE_PERMISSIONS });
    const consent = new HostConsent(identity.person, policy, approvals);
    let publish = (): void => undefined;
    stops.push(
      followPolicyFile(options.policy, log, (changed) => {
        consent.setPolicy(changed);
        publish();
      }),
    );
    const links = options.listen ? await listenForLinks(options.listen) : undefined;
    if (links) stops.push(() => links.close());
    const nearbyServers = options.hasMdns ? new NearbyServers(signalingAt, options.signaling) : undefined;
    const node = await startHeadlessNode({
      identity,
      network,
      signaling: options.signaling,
      hostUrls: hostUrls(options, links),
      hasPlaintextClients: hasPlaintextClients(options),
      ...(nearbyServers ? { nearbyServers } : {}),
    });
    stops.push(() => node.close());
    if (links) node.setRelayTrust('everybody');
    links?.serve(node);
    if (nearbyServers) stops.push(followNearby({ node, servers: nearbyServers, links, options, log }));
    const calls = new CallLog(node, identity, await createVerifier(), records);
    stops.push(() => calls.stored());
    const agents = new AgentHost(node, consent, { receipts: async () => calls.receipts, clock: systemClock });
    agents.on('served', (call) => calls.served(call));
    const mounts = new Mounts({ specs, host: agents, consent, childrenFile: folder.children, clock: systemClock, entropy: systemEntropy, log });
    stops.push(() => mounts.stop());
    const directory = new Directory({ node, records, clock: systemClock, load: async () => createHeadlessRegistry(identity, network.networkId) });
    // Of an agent that nobody may call, nobody is told.
    publish = () => directory.publish({ name, agents: mounts.published().filter(({ id }) => consent.isOffered(id)) });
    mounts.onChange = publish;
    approvals.definitionOf = async (id, { kind, tool }) => {
      const definitions = mounts.published().find((agent) => agent.id === id)?.definitions ?? [];
      const found = definitions.find((definition) => definition.kind === kind && definition.name === tool);
      return found && toBase64url(found.sha256);
    };
    const waiting = followApprovals(approvals, log);
    // Clients that come while the servers still start wait for them.
    let socketsServed: (sessions: SocketSessions) => void = () => undefined;
    const socketSessions = new Promise<SocketSessions>((resolve) => (socketsServed = resolve));
    const serveMcp = async (socket: Socket): Promise<void> => (await socketSessions).serve(socket);
    let router: OpenedPort | undefined;
    const handlers = controlHandlers({ node, network, approvals, waiting, mounts, calls, serveMcp, upnp: () => router?.state });
    stops.push(await serveControl(folder.controlSocket, handlers));
    publish();
    await Promise.all([mounts.start(), directory.start()]);
    publish();
    const gateway = new Gateway({
      here: node.id,
      open: agentOpener(node, agents),
      agents: () => [...specs.map(({ id }) => agentAddress(node.id, id)), ...directory.agents().map(({ address }) => address)],
      clock: systemClock,
      entropy: systemEntropy,
      log,
      maxListedTools: options.maxListedTools,
      version,
    });
    stops.push(() => gateway.close());
    directory.on('agents', () => gateway.agentsChanged());
    socketsServed(new SocketSessions(gateway));
    const http = await serveHttp(options, gateway, folder, log);
    if (http) stops.push(() => http.close());
    if (options.upnp !== undefined && links) {
      const port = new OpenedPort({
        port: options.upnp === 'listen' ? links.port : options.upnp,
        protocols: [NAT_PMP, UPNP],
        clock: systemClock,
        log,
        onChange: (state) => node.setHostUrls(hostUrls(options, links, state)),
      });
      router = port;
      stops.push(() => port.stop());
      await port.start();
    }
    const stdio = options.isStdio ? serveStandardStreams(gateway) : undefined;
    if (stdio) stops.push(() => stdio.close());
    void keepAnchors(node, records, toBase64url(network.networkId), systemClock);
    log.info(`Host ${node.id} of “${name}” in the network “${network.name}”, with ${specs.length} servers.`);
    const ready = {
      nodeId: node.id,
      person: identity.person,
      agents: specs.map(({ id }) => agentAddress(node.id, id)),
      ...(http ? { mcpHttp: http.url } : {}),
      ...(links ? { listen: links.url } : {}),
      ...(router ? { upnp: router.state } : {}),
    };
    return { ready, ended: stdio?.ended ?? new Promise<never>(() => undefined), stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

function hasPlaintextClients({ http }: HostOptions): boolean {
  return http !== undefined && !isLoopback(http.address.host);
}

async function serveHttp({ http }: HostOptions, gateway: Gateway, folder: DataFolder, log: Logger): Promise<HttpEndpoint | undefined> {
  if (!http) return undefined;
  const { address, allowedHosts, isOpen } = http;
  const token = isOpen ? undefined : (http.token ?? (await keptToken(folder, log)));
  const endpoint = await HttpEndpoint.listen({ gateway, address, token, allowedHosts, clock: systemClock, log });
  if (isOpen) log.warn('Any program on this machine may call agents through --mcp-http, because of --no-token.');
  if (!isLoopback(address.host)) log.warn('MCP clients reach --mcp-http unencrypted, their token included, because of --allow-plaintext.');
  log.info(`MCP clients: ${endpoint.url}`);
  return endpoint;
}

/** The token of this data folder, made on first use. It is not logged: the file says it to who may read it. */
async function keptToken(folder: DataFolder, log: Logger): Promise<string> {
  log.info(`The bearer token for MCP clients is in ${folder.tokenFile}.`);
  try {
    return (await readFile(folder.tokenFile, 'utf8')).trim();
  } catch {
    const token = toBase64url(systemEntropy.bytes(TOKEN_BYTES));
    await writeAtomically(folder.tokenFile, token);
    return token;
  }
}

const TOKEN_BYTES = 32;

/** The aggregate over standard input and output, for the program that started this one. */
function serveStandardStreams(gateway: Gateway): { readonly ended: Promise<void>; close(): Promise<void> } {
  const ended = new Promise<void>((resolve) => process.stdin.once('end', resolve).once('close', resolve));
  const { close } = serveStdio(() => gateway.aggregateOfSession().server);
  return { ended, close };
}

function mountSpecs({ config, mounts, allowsPlaintext }: HostOptions): readonly MountSpec[] {
  const fromFile = config === undefined ? [] : readMounts(readJsonFile(config), config, process.env);
  const specs = [...fromFile, ...mounts.map(specOfOption)];
  const open = specs.find(isPlaintext);
  if (open && !allowsPlaintext)
    throw new ParleyError(
      'bad-argument',
      `“${open.title}” is reached over plain http: calls could be read and changed on the way. Use its https address, or give --allow-plaintext.`,
    );
  return specs;
}

function readPolicyFile(file: string | undefined, log: Logger): Policy {
  if (file === undefined) {
    log.info('Without --policy nobody but this host’s own person may call its agents.');
    return CLOSED_POLICY;
  }
  const policy = readPolicy(readJsonFile(file));
  if (policy.letsEverybodyRun) log.warn('The policy lets everybody in the network run tools of this machine without asking you.');
  return policy;
}

/** A change of the policy file holds without a restart; while it has an error, what held before goes on. Answers how to stop. */
function followPolicyFile(file: string | undefined, log: Logger, onChange: (policy: Policy) => void): () => void {
  if (file === undefined) return () => undefined;
  watchFile(file, { interval: POLICY_LOOK_MS, persistent: false }, () => {
    try {
      onChange(readPolicyFile(file, log));
      log.info('The policy file changed, and holds.');
    } catch (thrown) {
      log.error(`The policy file changed and cannot be used; the policy before it goes on. ${asParleyError(thrown).message}`);
    }
  });
  return () => unwatchFile(file);
}

const POLICY_LOOK_MS = 1_000;

/** The network of the invite link, else the one that was joined last, else the open one. */
async function networkOf({ network }: HostOptions, records: Records): Promise<Invite> {
  const table = records.table<Invite>('networks');
  if (network) await table.put('current', network);
  return network ?? (await table.get('current')) ?? OPEN_NETWORK;
}

async function nameOf({ name }: HostOptions, records: Records, fallback: string): Promise<string> {
  const settings = records.table<string>('settings');
  if (name !== undefined) await settings.put('name', name);
  return name ?? (await settings.get('name')) ?? fallback;
}

/** Keeps what waits for the owner, and tells them. */
function followApprovals(approvals: Approvals, log: Logger): () => readonly WaitingApproval[] {
  let waiting: readonly WaitingApproval[] = [];
  approvals.onChanged((now) => {
    for (const { id, call } of now)
      if (!waiting.some((known) => known.id === id))
        log.warn(`Call ${id} waits for you: ${call.agent.id} → ${call.tool}, by ${call.caller.person}. See \`parley host approve\`.`);
    waiting = now;
  });
  return () => waiting;
}

const SHOWN_CALLS = 50;

type ControlParts = {
  readonly node: Node;
  readonly network: Invite;
  readonly approvals: Approvals;
  readonly waiting: () => readonly WaitingApproval[];
  readonly mounts: Mounts;
  readonly calls: CallLog;
  readonly serveMcp: ControlHandlers['serveMcp'];
  readonly upnp: () => PortState | undefined;
};

function controlHandlers({ node, network, approvals, waiting, mounts, calls, serveMcp, upnp }: ControlParts): ControlHandlers {
  return {
    serveMcp,
    waiting: () =>
      waiting().map(({ id, call, expiresAt }) => ({
        id,
        person: call.caller.person,
        node: call.caller.node,
        ...(call.hasPlaintextClients ? { hasPlaintextClients: true } : {}),
        agent: call.agent.id,
        kind: call.kind,
        tool: call.tool,
        arguments: call.arguments,
        expiresAt,
      })),
    answer: async (id, answer) => {
      if (!waiting().some((known) => known.id === id)) return false;
      await approvals.answer(id, answer);
      return true;
    },
    calls: () => calls.newest(SHOWN_CALLS),
    status: () => {
      const port = upnp();
      const about = { nodeId: node.id, network: network.name, peers: node.state().connectedPeers, agents: mounts.status() };
      return port ? { ...about, upnp: port } : about;
    },
  };
}
