import { defineConfig } from 'vitest/config';

/** Hosts, the signaling server and MCP servers as processes: one file after the other, each keeps the machine busy. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['test/host/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
