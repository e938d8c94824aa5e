import {
  newQuickJSWASMModuleFromVariant,
  shouldInterruptAfterDeadline,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSSyncVariant,
} from 'quickjs-emscripten-core';
import { LIMITS } from '../base/limits.ts';
import type { RunnerReply, ScriptRequest } from './runner-protocol.ts';

const STACK_BYTES = 512 * 1024;

/** A fresh QuickJS with the limits of time, memory and output. Its worker ends with the run, and with it everything in the sandbox. */
export async function openSandbox(variant: QuickJSSyncVariant) {
  const quickJs = await newQuickJSWASMModuleFromVariant(variant);
  const runtime = quickJs.newRuntime();
  runtime.setMemoryLimit(LIMITS.runnerMemoryBytes);
  runtime.setMaxStackSize(STACK_BYTES);
  runtime.setInterruptHandler(shouldInterruptAfterDeadline(Date.now() + LIMITS.runnerTimeoutMs));
  const context = runtime.newContext();
  const printed = new Printed();
  addConsole(context, printed);
  return { runtime, context, printed };
}

/** Runs one script. */
export async function runScript(variant: QuickJSSyncVariant, request: ScriptRequest): Promise<RunnerReply> {
  const { runtime, context, printed } = await openSandbox(variant);
  if (request.input !== undefined) {
    const parsed = context.evalCode(`globalThis.input = JSON.parse(${JSON.stringify(request.input)})`);
    if (parsed.error) return { ok: false, output: '', error: 'The input is no JSON.' };
    parsed.value.dispose();
  }
  const result = context.evalCode(request.code, 'script.js');
  if (result.error) return { ok: false, output: printed.text, error: errorText(context, result.error) };
  runtime.executePendingJobs();
  return { ok: true, output: printed.text, value: cut(show(context, result.value)) };
}

class Printed {
  text = '';

  add(line: string): void {
    if (this.text.length < LIMITS.runnerMaxOutputBytes) this.text = cut(this.text === '' ? line : `${this.text}\n${line}`);
  }
}

function cut(text: string): string {
  return text.length <= LIMITS.runnerMaxOutputBytes ? text : `${text.slice(0, LIMITS.runnerMaxOutputBytes)}\n… (cut)`;
}

function addConsole(context: QuickJSContext, printed: Printed): void {
  const consoleObject = context.newObject();
  const log = context.newFunction('log', (...args) => printed.add(args.map((arg) => show(context, arg)).join(' ')));
  context.setProp(consoleObject, 'log', log);
  context.setProp(context.global, 'console', consoleObject);
}

/** A value as a person would want to read it: text as it is, data as JSON. */
function show(context: QuickJSContext, handle: QuickJSHandle): string {
  const type = context.typeof(handle);
  if (
    type === 'string' ||
    type === 'number' ||
    type === 'bigint' ||
    type === 'undefined' ||
    type === 'boolean' ||
    type === 'symbol' ||
    type === 'function'
  ) {
    return type === 'symbol' ? 'Symbol()' : context.getString(handle);
  }
  const stringify = context.unwrapResult(
    context.evalCode(
      '(value) => { try { return JSON.stringify(value, (_, v) => typeof v === "bigint" ? `${v}n` : v, 2) } catch { return String(value) } }',
    ),
  );
  const result = context.callFunction(stringify, context.undefined, handle);
  return result.error ? String(context.dump(handle)) : context.getString(result.value);
}

export function errorText(context: QuickJSContext, handle: QuickJSHandle): string {
  const error = context.dump(handle) as { name?: string; message?: string } | string;
  if (typeof error === 'string') return error;
  if (error.message === 'interrupted') return `the script took longer than ${LIMITS.runnerTimeoutMs / 1000} seconds`;
  return `${error.name ?? 'Error'}: ${error.message ?? ''}`;
}
