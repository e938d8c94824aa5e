import { asParleyError, type ParleyError } from '../base/errors.ts';
import { runApprove, runCalls, runStatus } from './control/approve-command.ts';
import { runConnect } from './control/connect-command.ts';
import { startHost, type Host } from './host.ts';
import { createLogger } from './logger.ts';
import { runMigrate } from './migrate/migrate-command.ts';
import { migrateHelp } from './migrate/migrate-options.ts';
import { helpText, parseCommand, type HostOptions } from './options.ts';

const VERSION = import.meta.env['VITE_APP_VERSION'] as string;
const EXIT = { stopped: 0, failed: 1, wrongOptions: 2 } as const;
/** What was asked to stop in order has so long before it is ended. */
const STOP_DEADLINE_MS = 10_000;

/** The program: reads the command line, runs, and sets the exit code. */
export async function main(): Promise<void> {
  // `parley host …` when it is started by its name; `npm run host -- …` leaves the word out.
  const words = process.argv.slice(2);
  try {
    const command = parseCommand(words[0] === 'host' ? words.slice(1) : words, process.env);
    if (command.run === 'help') process.stdout.write(helpText());
    else if (command.run === 'version') process.stdout.write(`${VERSION}\n`);
    else if (command.run === 'approve') await runApprove(command.options);
    else if (command.run === 'calls') await runCalls(command.options);
    else if (command.run === 'migrate') await (command.options ? runMigrate(command.options) : process.stdout.write(migrateHelp()));
    else if (command.run === 'connect') await runConnect(command.options);
    else if (command.run === 'status') await runStatus(command.options);
    else await runHost(command.options);
  } catch (thrown) {
    const error = asParleyError(thrown);
    process.stderr.write(`${error.message}\n`);
    process.exit(isOwnersMistake(error) ? EXIT.wrongOptions : EXIT.failed);
  }
}

function isOwnersMistake({ code }: ParleyError): boolean {
  return code === 'bad-argument' || code === 'invite-broken' || code === 'wrong-network-secret';
}

async function runHost(options: HostOptions): Promise<void> {
  const log = createLogger(options.logLevel);
  const stopAsked = stopSignal();
  const host = await startHost(options, VERSION, log);
  process.once('uncaughtException', (thrown) => {
    log.error(`A defect ends this host: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`);
    void stop(host, EXIT.failed);
  });
  if (options.json) process.stdout.write(`${JSON.stringify(host.ready)}\n`);
  await Promise.race([stopAsked, host.ended]);
  log.info('Stopping.');
  await stop(host, EXIT.stopped);
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
      process.once(signal, () => {
        resolve();
        process.once(signal, () => process.exit(EXIT.failed));
      });
  });
}

async function stop(host: Host, code: number): Promise<void> {
  setTimeout(() => process.exit(EXIT.failed), STOP_DEADLINE_MS).unref();
  await host.stop();
  // WebRTC's threads would keep the process alive for a while.
  process.exit(code);
}
