import type { QuickJSContext, QuickJSHandle, QuickJSSyncVariant } from 'quickjs-emscripten-core';
import { LIMITS } from '../base/limits.ts';
import type { ModuleRequest, RunnerReply } from './runner-protocol.ts';
import { errorText, openSandbox } from './run-script.ts';

/** What the module's tools are, as JSON. */
const DESCRIBE = `
const tools = exported.tools ?? exported.default?.tools ?? exported.default;
if (!Array.isArray(tools)) throw new TypeError('The module has to export an array “tools”.');
JSON.stringify(tools.map((tool) => {
  if (typeof tool?.name !== 'string' || typeof tool.run !== 'function') throw new TypeError('Each tool has a name and a function run.');
  const { name, title, description, inputSchema } = tool;
  return { name, title, description, inputSchema };
}));`;

/** Runs one of them; what it answers, or promises, as JSON. */
const CALL = `
const tools = exported.tools ?? exported.default?.tools ?? exported.default;
const tool = tools.find(({ name }) => name === wanted.tool);
if (!tool) throw new TypeError('There is no tool of this name.');
(async () => JSON.stringify({ value: await tool.run(wanted.args) }, (_, value) => (typeof value === 'bigint' ? value.toString() : value)))();`;

/** Loads a module into a fresh QuickJS and asks for its tools, or runs one; within the same limits as a script. */
export async function runModule(variant: QuickJSSyncVariant, request: ModuleRequest): Promise<RunnerReply> {
  const { runtime, context, printed } = await openSandbox(variant);
  const failed = (error: string): RunnerReply => ({ ok: false, output: printed.text, error });
  const evaluated = context.evalCode(request.module, 'agent.js', { type: 'module' });
  if (evaluated.error) return failed(errorText(context, evaluated.error));
  const exported = settled(context, evaluated.value, () => runtime.executePendingJobs());
  if ('error' in exported) return failed(exported.error);
  context.setProp(context.global, 'exported', exported.value);
  context.setProp(context.global, 'wanted', context.unwrapResult(context.evalCode(`(${JSON.stringify(request.call ?? null)})`)));
  const result = context.evalCode(request.call ? CALL : DESCRIBE, 'host.js');
  if (result.error) return failed(errorText(context, result.error));
  const answer = settled(context, result.value, () => runtime.executePendingJobs());
  if ('error' in answer) return failed(answer.error);
  const value = context.getString(answer.value);
  if (value.length > LIMITS.runnerMaxOutputBytes) return failed(`The answer is larger than ${LIMITS.runnerMaxOutputBytes / 1024} KiB.`);
  return { ok: true, output: printed.text, value };
}

function settled(
  context: QuickJSContext,
  handle: QuickJSHandle,
  runJobs: () => unknown,
): { readonly value: QuickJSHandle } | { readonly error: string } {
  runJobs();
  const state = context.getPromiseState(handle);
  switch (state.type) {
    case 'fulfilled':
      return { value: state.value };
    case 'rejected':
      return { error: errorText(context, state.error) };
    case 'pending':
      return { error: 'The code waits for something that never comes: there are no timers and no network in the sandbox.' };
  }
}
