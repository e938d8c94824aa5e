import { writeFileSync } from 'node:fs';
import { esbuildPlugin } from '@web/dev-server-esbuild';
import { defaultReporter } from '@web/test-runner';
import { chromeLauncher } from '@web/test-runner-chrome';
import { CHROMIUM_FLAGS, findChromium } from './support/browsers.mjs';

/** Counts of all sessions, for `npm test`. */
function countsReporter(file) {
  return {
    onTestRunFinished({ sessions }) {
      const tests = sessions.flatMap((session) => testsOf(session.testResults));
      const broken = sessions.filter(
        (session) => !session.passed && testsOf(session.testResults).every((test) => test.passed || test.skipped),
      ).length;
      writeFileSync(
        file,
        JSON.stringify({
          passed: tests.filter((test) => test.passed).length,
          failed: tests.filter((test) => !test.passed && !test.skipped).length + broken,
        }),
      );
    },
  };
}

function testsOf(suite) {
  return suite ? [...suite.tests, ...suite.suites.flatMap(testsOf)] : [];
}

const results = process.env.PARLEY_BROWSER_RESULTS;

/** Component and browser-adapter tests, in a real Chromium. */
export default {
  rootDir: new URL('..', import.meta.url).pathname,
  files: ['src/**/*.browser.test.ts'],
  nodeResolve: { exportConditions: ['browser', 'development'] },
  concurrency: 1,
  testFramework: { config: { timeout: 10_000 } },
  reporters: [defaultReporter(), ...(results ? [countsReporter(results)] : [])],
  plugins: [esbuildPlugin({ ts: true, target: 'esnext', tsconfig: new URL('../tsconfig.json', import.meta.url).pathname })],
  browsers: [chromeLauncher({ launchOptions: { executablePath: findChromium(), args: CHROMIUM_FLAGS } })],
};
