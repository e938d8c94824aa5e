import { defineConfig } from 'vitest/config';

/** Unit, property, contract and simulation tests: everything that runs in plain Node. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['src/**/*.test.ts', 'signaling-server/**/*.test.ts', 'test/simulation/**/*.test.ts', 'test/checks/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.browser.test.ts'],
    pool: 'threads',
    maxWorkers: 2,
    testTimeout: 20_000,
  },
});
