import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createInterface, type Interface } from 'node:readline';
import { asParleyError, isErrorCode, ParleyError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { ApprovalAnswer } from '../../mcp/approvals.ts';
import type { PortState } from '../port-mapping/opened-port.ts';
import type { LoggedCall } from '../call-log.ts';

export type WaitingCall = {
  readonly id: string;
  readonly person: string;
  readonly node: string;
  readonly agent: string;
  /** A tool, a resource, a prompt, or another method. */
  readonly kind: string;
  readonly tool: string;
  readonly arguments: unknown;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  /** The caller's node is a host whose MCP clients may reach it unencrypted. */
  readonly hasPlaintextClients?: true;
};

export type AgentStatus = {
  readonly id: string;
  readonly title: string;
  readonly state: string;
  readonly reason?: string;
  readonly tools?: number;
  readonly isPlaintext?: boolean;
};

export type HostStatus = {
  readonly nodeId: string;
  readonly network: string;
  readonly peers: number;
  readonly agents: readonly AgentStatus[];
  /** What the home router does for --upnp. */
  readonly upnp?: PortState;
};

export type ControlRequest =
  | { readonly command: 'waiting' }
  | { readonly command: 'answer'; readonly id: string; readonly answer: ApprovalAnswer }
  | { readonly command: 'calls' | 'status' }
  /** From the answer on, the socket carries MCP, one message a line. */
  | { readonly command: 'mcp' };

/** What the running host answers to its owner's commands. */
export type ControlHandlers = {
  waiting(): readonly WaitingCall[];
  /** Answers whether such a call waited. */
  answer(id: string, answer: ApprovalAnswer): Promise<boolean>;
  /** The newest calls of others, newest first. */
  calls(): Promise<readonly LoggedCall[]>;
  status(): HostStatus;
  /** Serves an MCP client of the owner's over the socket until either ends. @throws ParleyError `overloaded` */
  serveMcp(socket: Socket): Promise<void>;
};

type Reply = { readonly result: unknown } | { readonly error: { readonly code: string; readonly message: string } };

/**
 * Serves commands on a socket in the data folder, which only the host's account can open: one JSON object a line, one answer a line.
 * Answers how to stop.
 */
export async function serveControl(path: string, handlers: ControlHandlers): Promise<() => Promise<void>> {
  // One that a killed host left behind; the data folder is claimed, so nobody else listens.
  if (process.platform !== 'win32') await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const lines = onLine(socket, (line) => {
      if (!isMcpCommand(line)) return void answerLine(line, handlers).then((reply) => write(socket, reply));
      lines.close();
      // Whoever asked waits for the answer, so nothing of theirs was read beyond the command.
      void startMcp(socket, handlers);
    });
  });
  await listen(server, path);
  return async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    if (process.platform !== 'win32') await rm(path, { force: true });
  };
}

/** Asks the host that runs with this data folder. @throws ParleyError `unreachable` when none does, or what the host answered. */
export async function askHost(path: string, request: ControlRequest): Promise<unknown> {
  const line = await new Promise<string>((resolve, reject) => {
    const socket = connect(path);
    socket.setTimeout(LIMITS.openTimeoutMs, () => socket.destroy(new Error('it does not answer')));
    socket.once('error', (cause) => reject(new ParleyError('unreachable', 'No host runs with this data folder.', { cause })));
    socket.once('connect', () => write(socket, request));
    onLine(socket, (text) => {
      socket.end();
      resolve(text);
    });
    socket.once('close', () => reject(new ParleyError('unreachable', 'The host ended.')));
  });
  return resultOf(line);
}

/** Asks the host that runs with this data folder to serve MCP over the socket that is answered. @throws ParleyError like `askHost` */
export async function openMcpSocket(path: string): Promise<Socket> {
  const socket = connect(path);
  const line = await new Promise<string>((resolve, reject) => {
    socket.once('error', (cause) => reject(new ParleyError('unreachable', 'No host runs with this data folder.', { cause })));
    socket.once('close', () => reject(new ParleyError('unreachable', 'The host ended.')));
    socket.once('connect', () => write(socket, { command: 'mcp' } satisfies ControlRequest));
    const lines = onLine(socket, (text) => {
      lines.close();
      resolve(text);
    });
  });
  resultOf(line);
  return socket;
}

function resultOf(line: string): unknown {
  const reply = JSON.parse(line) as Reply;
  if ('result' in reply) return reply.result;
  const { code, message } = reply.error;
  throw new ParleyError(isErrorCode(code) ? code : 'internal', message);
}

async function startMcp(socket: Socket, handlers: ControlHandlers): Promise<void> {
  try {
    await handlers.serveMcp(socket);
    write(socket, { result: true });
    // It stopped with the reader of lines.
    socket.resume();
  } catch (thrown) {
    write(socket, errorReply(thrown));
    socket.end();
  }
}

function isMcpCommand(line: string): boolean {
  try {
    return (JSON.parse(line) as Partial<ControlRequest> | null)?.command === 'mcp';
  } catch {
    return false;
  }
}

function write(socket: Socket, value: object): void {
  socket.write(`${JSON.stringify(value)}\n`);
}

/** What breaks the socket is told by the socket. */
function onLine(socket: Socket, listener: (line: string) => void): Interface {
  return createInterface({ input: socket })
    .on('line', listener)
    .on('error', () => undefined);
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new ParleyError('storage-denied', `The host cannot listen for commands at ${path}: ${cause.message}`, { cause })),
    );
    server.listen(path, () => resolve());
  });
}

const ANSWERS: readonly unknown[] = ['once', 'hour', 'always', 'refuse'] satisfies readonly ApprovalAnswer[];

function isAnswer(value: unknown): value is ApprovalAnswer {
  return ANSWERS.includes(value);
}

async function answerLine(line: string, handlers: ControlHandlers): Promise<Reply> {
  try {
    return { result: await run(JSON.parse(line) as Partial<ControlRequest> | null, handlers) };
  } catch (thrown) {
    return errorReply(thrown);
  }
}

function errorReply(thrown: unknown): Reply {
  const { code, message } = asParleyError(thrown, 'malformed');
  return { error: { code, message } };
}

async function run(request: Partial<ControlRequest> | null, handlers: ControlHandlers): Promise<unknown> {
  switch (request?.command) {
    case 'waiting':
      return handlers.waiting();
    case 'calls':
      return handlers.calls();
    case 'status':
      return handlers.status();
    case 'answer': {
      const { id, answer } = request;
      if (typeof id !== 'string' || !isAnswer(answer)) break;
      if (await handlers.answer(id, answer)) return true;
      throw new ParleyError('bad-argument', `No call ${id} waits (any more).`);
    }
  }
  throw new ParleyError('malformed', 'This is no command of a host.');
}
