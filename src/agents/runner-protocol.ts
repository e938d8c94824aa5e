/** Between the runner's agent and its worker. `input` is JSON. */
export type RunnerRequest = { readonly code: string; readonly input?: string };

export type RunnerReply =
  | { readonly ok: true; readonly output: string; readonly value: string }
  | { readonly ok: false; readonly output: string; readonly error: string };
