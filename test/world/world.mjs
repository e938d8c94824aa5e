/** What was started, ended in the reverse order, whatever happened. */
export class Cleanup {
  #started = [];

  add(started) {
    this.#started.push(started);
    return started;
  }

  async run() {
    for (const started of this.#started.splice(0).toReversed()) {
      try {
        await started.stop();
      } catch (thrown) {
        console.error(thrown instanceof Error ? thrown.message : thrown);
      }
    }
  }
}

/** Runs a scenario, and ends what it started, also when the script is ended meanwhile. */
export async function withCleanup(run) {
  const cleanup = new Cleanup();
  const stop = () => cleanup.run().then(() => process.exit(1));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    return await run(cleanup);
  } finally {
    await cleanup.run();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** Ends the script where this machine cannot run it: said in one line, and no failure. */
export function leaveOut(what, why) {
  console.log(`left out: ${what}: ${why}.`);
  process.exit(0);
}

/** Waits for so long at most; then fails with what `facts` says of the state of things. */
export async function withDeadline(promise, deadlineMs, facts) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      facts().then((state) => reject(new Error(`Not within ${deadlineMs / 1000} s:\n${state}`)), reject);
    }, deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function ms(duration) {
  return duration < 10_000 ? `${Math.round(duration)} ms` : `${(duration / 1000).toFixed(1)} s`;
}
