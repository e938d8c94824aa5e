#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { announcement } from './announcement.ts';
import { Logger } from './logger.ts';
import { helpText, OptionsError, parseOptions } from './options.ts';
import type { Command, ServerOptions } from './options.ts';
import { StartError, startServer } from './server.ts';
import type { RunningServer } from './server.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}

function parse(): Command | undefined {
  try {
    return parseOptions(process.argv.slice(2), process.env);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = EXIT_USAGE;
    return undefined;
  }
}

async function run(options: ServerOptions): Promise<void> {
  const log = new Logger({
    level: options.logLevel,
    format: options.logFormat,
    addressesInClear: options.logAddresses,
    write: (line) => process.stderr.write(`${line}\n`),
  });
  let server: RunningServer;
  try {
    server = await startServer(options, readVersion(), log);
  } catch (error) {
    process.stderr.write(
      `${error instanceof StartError ? error.message : 'The server could not start: the TLS files or another setting cannot be used.'}\n`,
    );
    process.exitCode = EXIT_FAILED;
    return;
  }
  log.info('listening', { port: server.port, stunPort: server.stunPort });
  process.stdout.write(`${announcement(options, server, existsSync(join(options.app, 'index.html')))}\n`);
  handleSignals(server, log);
}

function handleSignals(server: RunningServer, log: Logger): void {
  let isStopping = false;
  const stop = (signal: string): void => {
    // A second signal means it: no more waiting for goodbyes.
    if (isStopping) process.exit(EXIT_FAILED);
    isStopping = true;
    log.info('stopping', { signal, connections: server.counters.connections });
    void server.stop().then(() => {
      log.info('stopped');
      process.exit(0);
    });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', () => {
    server.reloadTls().then(
      () => log.info('tls-reloaded'),
      () => log.error('tls-reload-failed', { why: 'the files cannot be used; the old certificate stays' }),
    );
  });
}

const command = parse();
if (command?.run === 'help') process.stdout.write(helpText());
else if (command?.run === 'version') process.stdout.write(`${readVersion()}\n`);
else if (command) await run(command.options);
