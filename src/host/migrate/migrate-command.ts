import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { ParleyError } from '../../base/errors.ts';
import { withInvisibleWrittenOut } from '../../base/visible-text.ts';
import { agentAddress } from '../../base/ids.ts';
import { systemEntropy } from '../../crypto/entropy.ts';
import { controlSocketIn } from '../data-folder.ts';
import { askHost } from '../control/control-socket.ts';
import { readJsonFile } from '../json-file.ts';
import { makeNodeIdIn, nodeIdIn } from '../key-files.ts';
import { plaintextServers } from '../mounts/config-file.ts';
import type { HostEntry } from './client-entry.ts';
import { readClientFile } from './client-file.ts';
import { MigrationJournal } from './journal.ts';
import type { MigrateOptions, MigrateSource } from './migrate-options.ts';
import { askServers, type Offers } from './offers.ts';
import { Owner } from './owner.ts';
import { makePlan, type Plan, type PlanInput, type RemoteServer } from './plan.ts';
import { agentsText, choicesText, planJson, planText } from './report.ts';

/** `parley host migrate`: shows what would become an agent, asks, does it, and says what comes next. @throws ParleyError */
export async function runMigrate(options: MigrateOptions): Promise<void> {
  if (options.isUndo) return undo(options);
  const owner = options.isYes || options.json ? undefined : Owner.atTerminal();
  try {
    await migrate(options, owner);
  } finally {
    owner?.leave();
  }
}

async function migrate(options: MigrateOptions, owner: Owner | undefined): Promise<void> {
  const clientEntry = { command: process.execPath, args: [launcher(), 'connect', '--data', options.data] };
  let input: PlanInput = { ...(await inputOf(options)), clientEntry: options.isRewritingClients ? clientEntry : undefined };
  const offers = await offersOf(makePlan(input), options, owner);
  input = { ...input, excluded: parleyServers(offers) };
  const isAsked = owner !== undefined && !options.isDryRun;
  if (isAsked) {
    print(agentsText(withOffers(makePlan(input), offers)));
    input = await askMore(input, makePlan(input), options, clientEntry, owner);
  }
  const plan = withOffers(makePlan(input), offers);
  if (isAsked) print(choicesText(plan));
  else if (!options.json) print(planText(plan));
  const isWanted = options.isYes || (isAsked && plan.files.length > 0 && (await owner.agrees('Do this?')));
  if (isWanted) return apply(plan, options, input.clientEntry !== undefined, clientEntry);
  if (options.json) return print(JSON.stringify({ ...planJson(plan), isDone: false, clientEntry, next: [] }));
  print(`Nothing was changed.${owner || options.isDryRun ? '' : ' Run it again with --yes to do this.'}`);
}

async function apply(plan: Plan, options: MigrateOptions, isRewritten: boolean, clientEntry: object): Promise<void> {
  const copies = plan.files.length > 0 ? await new MigrationJournal(options.data).apply(plan.files) : undefined;
  // Made now if the host never ran: its agents have their addresses from here on.
  const node = await makeNodeIdIn(join(options.data, 'keys'), systemEntropy);
  const done = { ...plan, agents: plan.agents.map((agent) => ({ ...agent, address: agentAddress(node, agent.id) })) };
  const next = await nextSteps(plan, options, isRewritten, clientEntry);
  if (options.json) return print(JSON.stringify({ ...planJson(done), isDone: true, copies, clientEntry, next }));
  const addresses = done.agents.map(
    ({ address, visibility }) => `  ${address}${visibility === 'nobody' ? ', which nobody but its owner may call so far' : ''}`,
  );
  const outcome = copies === undefined ? ['Nothing was to be done.'] : [`Done. Copies of what was there before: ${copies}`];
  print([...outcome, '', 'Agents of this host:', ...addresses, '', ...next].join('\n'));
}

async function inputOf({ sources, config, policy, data, allow, renames, headers }: MigrateOptions): Promise<Omit<PlanInput, 'clientEntry'>> {
  const clients = sources.flatMap((source) => (source.kind === 'file' ? [readClientFile(source.path)] : []));
  const own = clients.find(({ path }) => path === realOf(config) || path === realOf(policy));
  if (own) throw new ParleyError('bad-argument', `${own.path} is the host’s own file already.`);
  return {
    clients,
    remotes: sources.flatMap((source) => (source.kind === 'url' ? [remoteOf(source, headers)] : [])),
    config,
    policy,
    node: await nodeIdIn(join(data, 'keys')),
    allow,
    renames,
    environment: process.env,
    isHostItself,
  };
}

function remoteOf({ name, url }: Extract<MigrateSource, { kind: 'url' }>, headers: Readonly<Record<string, string>>): RemoteServer {
  const host = URL.canParse(url) ? new URL(url).hostname : url;
  return { name: name ?? host, entry: { url, ...(Object.keys(headers).length > 0 ? { headers } : {}) } };
}

/** How a client starts this host, or joins it. */
function isHostItself(entry: HostEntry): boolean {
  return 'command' in entry && (entry.args ?? []).some((word) => /[\\/]host[\\/]launch\.mjs$/.test(word));
}

/** The program that runs now, as others can start it. */
function launcher(): string {
  return realpathSync(process.argv[1] ?? '');
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Commands of a file that somebody else may have written are run only once its reader says so. */
async function offersOf(plan: Plan, { start, isYes, json }: MigrateOptions, owner: Owner | undefined): Promise<ReadonlyMap<string, Offers>> {
  const fresh = plan.agents.filter(({ state }) => state === 'new');
  const isAsked = start === undefined && !isYes && owner !== undefined;
  if (fresh.length === 0 || !(start ?? (isYes || isAsked))) return new Map();
  const list = fresh.map(({ name, target }) => `  ${name}  ${target}`);
  if (!json) print(['To see what they offer, these are started or asked:', '', ...list.map(withInvisibleWrittenOut), ''].join('\n'));
  if (isAsked && !(await owner.agrees('Do that now?'))) return new Map();
  return askServers(fresh, process.env);
}

function withOffers(plan: Plan, offers: ReadonlyMap<string, Offers>): Plan {
  return {
    ...plan,
    agents: plan.agents.map((agent) => {
      const found = offers.get(agent.name);
      return found ? { ...agent, offers: found } : agent;
    }),
  };
}

function parleyServers(offers: ReadonlyMap<string, Offers>): ReadonlyMap<string, string> {
  const reason = 'these are agents of a Parley network already; a host that joins the network reaches them without a migration.';
  return new Map([...offers].flatMap(([name, found]) => (found.problem === undefined && found.isParley ? [[name, reason] as const] : [])));
}

/** What the options did not say. */
async function askMore(input: PlanInput, plan: Plan, options: MigrateOptions, clientEntry: object, owner: Owner): Promise<PlanInput> {
  const isNew = plan.agents.some(({ state }) => state === 'new');
  const allow = input.allow.length > 0 || !isNew ? input.allow : await owner.whoMayCall();
  const paths = input.clients.map(({ path }) => path).join(', ');
  const isAsked = !options.isRewritingClients && paths !== '' && plan.agents.length > 0;
  const isRewriting = isAsked ? await owner.agrees(`Let ${paths} use them through this host?`) : options.isRewritingClients;
  return { ...input, allow, clientEntry: isRewriting ? clientEntry : undefined };
}

async function nextSteps({ agents }: Plan, options: MigrateOptions, isRewritten: boolean, clientEntry: object): Promise<readonly string[]> {
  const { data, config, policy, sources } = options;
  const isRunning = await askHost(controlSocketIn(data), { command: 'status' }).then(
    () => true,
    () => false,
  );
  const command = `npm run host -- --signal URL --data ${shellWord(data)} --config ${shellWord(config)} --policy ${shellWord(policy)}`;
  const needs = [...new Set(agents.flatMap((agent) => agent.needs))];
  const isClosed = agents.every(({ visibility }) => visibility === 'nobody');
  const open = existsSync(config) ? plaintextServers(readJsonFile(config), process.env) : [];
  const hasClients = sources.some(({ kind }) => kind === 'file');
  return [
    'Next:',
    ...(needs.length > 0 ? [`- Set ${needs.join(', ')} in the environment of the host.`] : []),
    ...(open.length > 0 ? [plaintextStep(open, config)] : []),
    `- ${isRunning ? 'Start the host anew: it runs now with what it read before' : 'Start the host'}: ${command}`,
    ...(isClosed ? [`- Say who may call the agents, in ${policy}: so far only MCP clients of this machine’s owner may.`] : []),
    ...(hasClients && isRewritten ? ['- Start the client anew: it reads its file only then.'] : []),
    ...(hasClients && !isRewritten
      ? [
          `- To have the client use the agents through the host, put this in the place of its servers (or run this again with --rewrite-clients): ${JSON.stringify({ parley: clientEntry })}`,
        ]
      : []),
    `- To take all of this back: npm run host -- migrate --undo --data ${shellWord(data)}`,
  ];
}

/** What `mountSpecs` of the host does about them. */
function plaintextStep(names: readonly string[], config: string): string {
  const list = names.map((name) => `“${name}”`).join(', ');
  const [are, their] = names.length === 1 ? ['is', 'its'] : ['are', 'their'];
  return (
    `- ${list} ${are} reached over plain http on another machine, so the host does not start as it is: put ${their} https address into ${config}, ` +
    'or add --allow-plaintext to the command below. Then calls can be read and changed on the way, and everybody in the network is told so.'
  );
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

async function undo({ data, json }: MigrateOptions): Promise<void> {
  const undone = await new MigrationJournal(data).undo();
  if (json) return print(JSON.stringify(undone));
  const lines = undone.files.map(({ path, kept, backup }) => {
    if (kept.length === 0) return `  ${path}: as before`;
    return `  ${path}: ${kept.join(', ')} changed since, and was let be${backup === undefined ? '' : `; as it was before: ${backup}`}`;
  });
  print([`The migration of ${undone.at} is taken back.`, ...lines, '', 'Start the host and the clients anew.'].join('\n'));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
