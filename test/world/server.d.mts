/** Starts the built server with the built app on free ports, `prefix` being the command that it runs under. */
export function startServer(prefix?: readonly string[], options?: readonly string[]): Promise<{ readonly url: string; stop(): Promise<void> }>;
