import { describe, expect, it } from 'vitest';
import { parseAgentId, personIdOf } from '../base/ids.ts';
import { parseJson } from './json-file.ts';
import { CLOSED_POLICY, readPolicy, type Policy } from './policy.ts';

const [ADA, BEN] = [personIdOf(new Uint8Array(32).fill(1)), personIdOf(new Uint8Array(32).fill(2))];
const [FILES, NOTES] = [parseAgentId('files'), parseAgentId('notes')];

function policy(content: unknown): Policy {
  return readPolicy(parseJson('policy.json', JSON.stringify(content)));
}

describe('a policy', () => {
  it('lets nobody do anything that it does not name', () => {
    for (const closed of [CLOSED_POLICY, policy({}), policy({ people: { [ADA]: 'run' } })]) {
      expect(closed.ruleFor(BEN, FILES, 'read')).toBe('never');
      expect(closed.mayMeet(BEN, FILES)).toBe(false);
    }
  });

  it('has the most specific rule hold: agent before all, person before everyone, tool before all tools', () => {
    const rules = policy({
      everyone: 'ask',
      people: { [ADA]: { '*': 'run', shout: 'never' } },
      agents: { files: { everyone: { write: 'never', read: 'run' }, people: { [BEN]: 'never' } } },
    });
    expect(rules.ruleFor(BEN, NOTES, 'any')).toBe('ask');
    expect(rules.ruleFor(ADA, NOTES, 'any')).toBe('run');
    expect(rules.ruleFor(ADA, NOTES, 'shout')).toBe('never');
    expect(rules.ruleFor(ADA, FILES, 'write')).toBe('never');
    expect(rules.ruleFor(ADA, FILES, 'read')).toBe('run');
    expect(rules.ruleFor(ADA, FILES, 'other')).toBe('run');
    expect(rules.ruleFor(BEN, FILES, 'read')).toBe('never');
    expect(rules.mayMeet(BEN, FILES)).toBe(false);
    expect(rules.mayMeet(BEN, NOTES)).toBe(true);
  });

  it('lets somebody meet an agent of which they may use one tool', () => {
    expect(policy({ everyone: { '*': 'never', read: 'ask' } }).mayMeet(ADA, FILES)).toBe(true);
    expect(policy({ everyone: { '*': 'never', read: 'never' } }).mayMeet(ADA, FILES)).toBe(false);
  });

  it('tells what somebody may do, tool by tool where that differs', () => {
    const rules = policy({ everyone: { '*': 'ask', read: 'run', write: 'never' }, agents: { notes: { people: { [ADA]: { write: 'run' } } } } });
    const tools = (map: ReadonlyMap<string, unknown>) => Object.fromEntries(map);
    const ofFiles = rules.accessOf(ADA, FILES);
    expect([ofFiles.rest, tools(ofFiles.tools)]).toEqual(['ask', { read: 'run', write: 'never' }]);
    expect(tools(rules.accessOf(ADA, NOTES).tools)).toEqual({ read: 'run', write: 'run' });
    expect(CLOSED_POLICY.accessOf(ADA, FILES)).toEqual({ rest: 'never', tools: new Map() });
  });

  it('knows when everybody may run something', () => {
    expect(policy({ everyone: 'run' }).letsEverybodyRun).toBe(true);
    expect(policy({ agents: { files: { everyone: { read: 'run' } } } }).letsEverybodyRun).toBe(true);
    expect(policy({ everyone: 'ask', people: { [ADA]: 'run' } }).letsEverybodyRun).toBe(false);
  });

  it.each([
    ['{\n  "everyone": "maybe"\n}', 'policy.json, line 2: “everyone” must be one of: run, ask, never.'],
    ['{\n\n  "everybody": "run" }', 'policy.json, line 3: “everybody” is not one of: everyone, people, limits, agents.'],
    ['{ "people": {\n "ada": "run" } }', 'policy.json, line 2: “ada”: This is not the address of an Ed25519 key.'],
    ['{ "agents": { "files":\n { "agents": {} } } }', 'policy.json, line 2: “agents” is not one of: everyone, people, limits.'],
    ['{ "everyone": "run",\n"everyone": "never" }', 'policy.json, line 2: “everyone” is there twice.'],
    ['{ "limits": {\n "callsPerMinute": 0 } }', 'policy.json, line 2: “callsPerMinute” must be a whole number from 1 to 600000.'],
    [
      '{ "agents": { "files": { "limits": {\n "strangerCallsPerMinute": 5 } } } }',
      'policy.json, line 2: “strangerCallsPerMinute” is not one of: callsPerMinute, parallelCalls.',
    ],
    ['{ "everyone": \n', 'policy.json, line 2: This is not JSON: value expected.'],
    ['', 'policy.json, line 1: This is not JSON: value expected.'],
  ])('says line and reason of what is wrong: %j', (text, sentence) => {
    expect(() => readPolicy(parseJson('policy.json', text))).toThrow(sentence);
  });
});
