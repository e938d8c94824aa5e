import { chromeLauncher } from '@web/test-runner-chrome';
import { esbuildPlugin } from '@web/dev-server-esbuild';

/** Component and browser-adapter tests, in a real Chromium. */
export default {
  rootDir: new URL('..', import.meta.url).pathname,
  files: ['src/**/*.browser.test.ts'],
  nodeResolve: { exportConditions: ['browser', 'development'] },
  concurrency: 1,
  plugins: [esbuildPlugin({ ts: true, target: 'esnext', tsconfig: new URL('../tsconfig.json', import.meta.url).pathname })],
  browsers: [
    chromeLauncher({
      launchOptions: {
        executablePath: process.env.CHROME_PATH ?? '/usr/bin/chromium',
        args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
      },
    }),
  ],
};
