import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { getDefaultEnvironment } from '@modelcontextprotocol/client/stdio';
import type { JSONRPCMessage, RequestId, Transport } from '@modelcontextprotocol/client';
import { ParleyError } from '../../base/errors.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import { LISTEN } from '../../mcp/incoming-call.ts';
import { CHILD_MARK, type ChildRegister } from './child-register.ts';
import { MessageLines } from './message-lines.ts';
import type { CommandTarget } from './mount-spec.ts';
import { StderrTail } from './stderr-tail.ts';

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** How a server's process ended. */
export type ChildEnd = { readonly sentence: string; readonly wasAsked: boolean };

/**
 * A server as a process of its own, MCP over its standard input and output. It leads a process group, so that whatever it starts ends with it; it gets
 * a minimal environment and what the config file names.
 */
export class ChildServer implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  readonly #target: CommandTarget;
  readonly #register: ChildRegister;
  readonly #stderr = new StderrTail();
  readonly #lines = new MessageLines({
    onMessage: (message) => this.#received(message),
    onFault: (error) => this.onerror?.(error),
    onlyRequest: () => this.#onlyRequest(),
  });
  /** Requests without an answer, those that were cancelled too: some servers answer them all the same. */
  readonly #asked = new Set<RequestId>();
  #child: Child | undefined;
  #end: ChildEnd | undefined;
  #wasAsked = false;
  #stopping: Promise<void> | undefined;
  /** Called with each whole line that the server wrote to its standard error. */
  onStderr: (line: string) => void = () => undefined;

  constructor(target: CommandTarget, register: ChildRegister) {
    this.#target = target;
    this.#register = register;
  }

  /** Why it is over; `undefined` while it runs. */
  get end(): ChildEnd | undefined {
    return this.#end;
  }

  /** @throws ParleyError `unreachable` when the program cannot be started */
  async start(): Promise<void> {
    const { command, args, env, cwd } = this.#target;
    const child = spawn(command, [...args], {
      env: { ...getDefaultEnvironment(), ...env, [CHILD_MARK]: this.#register.mark },
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      windowsHide: true,
    });
    this.#child = child;
    this.#listen(child);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error: NodeJS.ErrnoException) => reject(new ParleyError('unreachable', this.#startProblem(error), { cause: error })));
    });
    if (child.pid !== undefined) this.#register.add(child.pid);
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const { stdin } = this.#child ?? {};
    if (!stdin || this.#end) throw new ParleyError('link-lost', this.#end?.sentence ?? 'The server has not started.');
    // Subscriptions end with nothing large, and often stay open as long as the session.
    if ('method' in message && 'id' in message && message.method !== LISTEN) this.#noteAsked(message.id);
    if (stdin.write(`${JSON.stringify(message)}\n`)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stdin.off('drain', done);
        stdin.off('close', done);
        resolve();
      };
      stdin.once('drain', done);
      stdin.once('close', done);
    });
  }

  /** Ends the server in order, and with force what is left of its group. Resolves when all of it is gone. */
  close(): Promise<void> {
    this.#wasAsked = true;
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return this.#ended('It was stopped.');
    const hasExited = this.#end ? Promise.resolve() : new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.stdin.end();
    signalGroup(child, 'SIGTERM');
    const force = setTimeout(() => signalGroup(child, 'SIGKILL'), HOST_LIMITS.mountStopMs);
    await hasExited;
    clearTimeout(force);
    // Its children may outlive it; they were asked already.
    signalGroup(child, 'SIGKILL');
    this.#register.remove(child.pid);
  }

  #listen(child: Child): void {
    // A broken pipe is told by the exit.
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', (chunk: Buffer) => this.#read(child, chunk));
    child.stderr.on('data', (chunk: Buffer) => this.#stderr.add(chunk, (line) => this.onStderr(line)));
    // `close` comes after the last byte of its output, unless a grandchild keeps the pipe: then `exit` is the end.
    child.once('close', (code, signal) => this.#exited(code, signal));
    child.once('exit', (code, signal) => {
      setTimeout(() => this.#exited(code, signal), EXIT_GRACE_MS);
      if (child.pid !== undefined && !this.#wasAsked) {
        signalGroup(child, 'SIGKILL');
        this.#register.remove(child.pid);
      }
    });
    child.once('error', (error: NodeJS.ErrnoException) => this.#ended(this.#startProblem(error)));
  }

  #read({ stdout }: Child, chunk: Buffer): void {
    try {
      const room = this.#lines.append(chunk);
      if (!room) return;
      stdout.pause();
      void room.then(() => stdout.resume());
    } catch (thrown) {
      this.onerror?.(thrown as Error);
      this.#stderr.note('It sent a message that is larger than any may be.');
      void this.close();
    }
  }

  #received(message: JSONRPCMessage): void {
    if (!('method' in message) && message.id !== undefined) this.#asked.delete(message.id);
    this.onmessage?.(message);
  }

  #noteAsked(id: RequestId): void {
    this.#asked.add(id);
    const [oldest] = this.#asked;
    if (this.#asked.size > HOST_LIMITS.maxNotedRequests && oldest !== undefined) this.#asked.delete(oldest);
  }

  #onlyRequest(): RequestId | undefined {
    const [id, another] = this.#asked;
    return another === undefined ? id : undefined;
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#wasAsked && !this.#stderr.hasNote) return this.#ended('It was stopped.');
    const how = signal ? `It was ended by ${signal}.` : code === 0 ? 'It ended.' : `It ended with exit code ${code}.`;
    const tail = this.#stderr.tail();
    this.#ended(tail === '' ? how : `${how} It said last: ${tail}`);
  }

  #ended(sentence: string): void {
    if (this.#end) return;
    this.#end = { sentence, wasAsked: this.#wasAsked };
    this.#lines.close(sentence);
    this.onclose?.();
  }

  #startProblem({ code, message }: NodeJS.ErrnoException): string {
    const { command, cwd } = this.#target;
    if (code === 'ENOENT') return `“${command}” was not found${cwd === undefined ? '' : `, or the folder ${cwd} does not exist`}.`;
    if (code === 'EACCES') return `“${command}” may not be run.`;
    return `“${command}” could not be started: ${message}`;
  }
}

/** What a process wrote before it ended is read within this time, also when somebody else holds its pipes open. */
const EXIT_GRACE_MS = 1_000;

function signalGroup(child: Child, signal: NodeJS.Signals): void {
  const { pid } = child;
  if (pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}
