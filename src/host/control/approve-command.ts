import { withInvisibleWrittenOut } from '../../base/visible-text.ts';
import { controlSocketIn } from '../data-folder.ts';
import type { LoggedCall } from '../call-log.ts';
import type { ApproveOptions, StatusOptions } from '../options.ts';
import { askHost, type HostStatus, type WaitingCall } from './control-socket.ts';

const MS_PER_SECOND = 1000;

/** `parley host approve`: lists the calls that wait, or answers one. */
export async function runApprove({ data, id, answer, json }: ApproveOptions): Promise<void> {
  const socket = controlSocketIn(data);
  if (id !== undefined) {
    await askHost(socket, { command: 'answer', id, answer });
    return print(json ? JSON.stringify({ id, answer }) : ANSWERED[answer]);
  }
  const waiting = (await askHost(socket, { command: 'waiting' })) as readonly WaitingCall[];
  if (json) return print(JSON.stringify(waiting));
  print(waiting.length === 0 ? 'No call waits.' : waiting.map(describe).join('\n\n'));
}

/** `parley host status`: how the running host and its agents are. */
export async function runStatus({ data, json }: StatusOptions): Promise<void> {
  const status = await askHost(controlSocketIn(data), { command: 'status' });
  if (json) return print(JSON.stringify(status));
  const { nodeId, network, peers, agents, upnp } = status as HostStatus;
  const lines = agents.map(
    ({ id, state, tools, isPlaintext, reason }) =>
      `  ${id.padEnd(32)} ${state}${tools === undefined ? '' : `, ${tools} tools`}${isPlaintext ? ', unencrypted' : ''}${reason ? `: ${reason}` : ''}`,
  );
  const router =
    upnp?.state === 'open' ? `the router lets in at ${upnp.host}:${upnp.port} (${upnp.by})` : upnp && `the router lets nobody in: ${upnp.reason}`;
  print([`${nodeId} in ${network}, connected with ${peers} nodes`, ...(router ? [router] : []), ...lines].map(withInvisibleWrittenOut).join('\n'));
}

/** `parley host calls`: what others called here last. */
export async function runCalls({ data, json }: StatusOptions): Promise<void> {
  const calls = (await askHost(controlSocketIn(data), { command: 'calls' })) as readonly LoggedCall[];
  if (json) return print(JSON.stringify(calls));
  const lines = calls.map(({ at, person, agent, kind, tool, outcome, tookMs, isSigned, hasPlaintextClients, arguments: args }) => {
    const time = `${new Date(at).toISOString()}${tookMs === undefined ? '' : `, ${Math.round(tookMs)} ms`}`;
    return `${outcome.padEnd(12)} ${agent} → ${kind} ${tool}   (${time})\n  by ${person}${isSigned ? ', who signed for it' : ''}${hasPlaintextClients ? `; ${UNENCRYPTED}` : ''}\n  ${args}`;
  });
  print(lines.length === 0 ? 'Nobody called yet.' : lines.map(withInvisibleWrittenOut).join('\n'));
}

const ANSWERED = {
  once: 'Allowed, this once.',
  hour: 'Allowed, also for the next hour.',
  always: 'Allowed, also from now on.',
  refuse: 'Refused.',
} as const;

const UNENCRYPTED = 'a host with unencrypted clients';

/** All of it: who approves what they do not see approves anything. */
function describe({ id, person, node, hasPlaintextClients, agent, kind, tool, arguments: args, expiresAt }: WaitingCall): string {
  const left = Math.max(0, Math.round((expiresAt - Date.now()) / MS_PER_SECOND));
  const call = JSON.stringify(args, undefined, 2);
  return withInvisibleWrittenOut(
    `${id}  ${agent} → ${kind} ${tool}   (${left} s left)\nperson ${person}\nnode   ${node}${hasPlaintextClients ? `, ${UNENCRYPTED}` : ''}\n${call}`,
  );
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
