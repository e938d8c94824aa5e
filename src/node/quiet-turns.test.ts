import { describe, expect, it } from 'vitest';
import { QuietTurns } from './quiet-turns.ts';

class Said {
  readonly sent: number[] = [];
  waiting = 0;
  readonly turns: QuietTurns;

  constructor(endOfTurn?: (run: () => void) => void) {
    this.turns = new QuietTurns({
      isDue: () => this.waiting > 0,
      run: () => {
        this.sent.push(this.waiting);
        this.waiting = 0;
      },
      endOfTurn,
    });
  }

  say(): void {
    this.waiting++;
    this.turns.spoke();
  }
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
};

describe('what programs say', () => {
  it('in neighbouring turns goes out together, and at last although they go on', async () => {
    const said = new Said();
    for (let word = 0; word < 3; word++) {
      said.say();
      await turns(2);
    }
    expect(said.sent).toEqual([]);
    await turns(20);
    expect(said.sent).toEqual([3]);
    for (let word = 0; word < 600; word++) {
      said.say();
      await turns(1);
    }
    expect(said.sent.length).toBeGreaterThan(1);
  });

  it('goes out once at the end of the turn, where the platform tells it', () => {
    const ends: (() => void)[] = [];
    const said = new Said((run) => ends.push(run));
    said.say();
    said.say();
    expect(ends).toHaveLength(1);
    ends[0]?.();
    expect(said.sent).toEqual([2]);
    said.say();
    expect(ends).toHaveLength(2);
  });

  it('and went out meanwhile is not sent again', () => {
    const ends: (() => void)[] = [];
    const said = new Said((run) => ends.push(run));
    said.say();
    said.waiting = 0;
    ends[0]?.();
    expect(said.sent).toEqual([]);
    said.say();
    ends[1]?.();
    expect(said.sent).toEqual([1]);
  });
});
