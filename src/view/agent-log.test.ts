import { describe, expect, it } from 'vitest';
import { Emitter } from '../base/emitter.ts';
import type { AgentAddress } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { AgentLogLine } from '../mcp/agent-clients.ts';
import { AgentLog } from './agent-log.ts';

function scene(running: readonly string[] = []) {
  const clients = new Emitter<{ log: AgentLogLine }>();
  const log = new AgentLog({ clients: clients as never, clock: { now: () => 5 } as never, runningCalls: () => running });
  const say = (data: unknown, address = 'a:x'): void => clients.emit('log', { address: address as AgentAddress, level: 'info', data });
  return { log, say, clients };
}

describe('what agents log', () => {
  it('is kept by agent, as text without anything invisible, and shown once in a turn', async () => {
    const { log, say, clients } = scene();
    const shown: number[] = [];
    log.of('a:x').subscribe((lines) => shown.push(lines.length));
    say('read\u202e a file');
    say({ bytes: 3 });
    clients.emit('log', { address: 'a:y' as AgentAddress, level: 'error', logger: 'disk', data: 'full' });
    await Promise.resolve();
    expect(log.of('a:x').value).toMatchObject([{ at: 5, level: 'info', text: 'read a file' }, { text: '{"bytes":3}' }]);
    expect(log.of('a:y').value).toMatchObject([{ level: 'error', logger: 'disk', text: 'full' }]);
    expect(shown).toEqual([0, 2]);
    log.clear('a:x');
    await Promise.resolve();
    expect(log.of('a:x').value).toEqual([]);
  });

  it('belongs to the call that runs, and to none where several do', async () => {
    for (const [running, call] of [
      [['one'], 'one'],
      [['one', 'two'], undefined],
      [[], undefined],
    ] as const) {
      const { log, say } = scene(running);
      say('x');
      await Promise.resolve();
      expect(log.of('a:x').value.map((line) => line.call)).toEqual([call]);
    }
  });

  it('is bounded: the last lines, cut, of the agents that spoke last', async () => {
    const { log, say } = scene();
    for (let count = 0; count < LIMITS.maxLogLines + 5; count++) say(`line ${count}`);
    say('x'.repeat(LIMITS.maxLogTextLength * 2));
    for (let count = 0; count < LIMITS.maxLoggedAgents - 1; count++) say('x', `agent:${count}`);
    await Promise.resolve();
    const lines = log.of('a:x').value;
    expect([lines.length, lines[0]?.text, lines.at(-1)?.text.length]).toEqual([LIMITS.maxLogLines, 'line 6', LIMITS.maxLogTextLength + 1]);
    say('x', 'agent:last');
    await Promise.resolve();
    expect(log.of('a:x').value).toEqual([]);
  });
});
