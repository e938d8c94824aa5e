/** Between the agents that run code and their worker. `input` is JSON. */
export type ScriptRequest = { readonly code: string; readonly input?: string };
/** Without `call` the module is asked for its tools. */
export type ModuleRequest = {
  readonly module: string;
  readonly call?: { readonly tool: string; readonly args: Readonly<Record<string, unknown>> };
};
export type RunnerRequest = ScriptRequest | ModuleRequest;

/** `value` is text for a script, JSON for a module. */
export type RunnerReply =
  | { readonly ok: true; readonly output: string; readonly value: string }
  | { readonly ok: false; readonly output: string; readonly error: string };
