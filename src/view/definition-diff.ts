import { withInvisibleWrittenOut } from '../base/visible-text.ts';
import type { DiffLineView } from './trust-types.ts';

/** Above this the difference is all of one and then all of the other: comparing takes the product of both. */
const MAX_COMPARED_LINES = 400;
const MAX_LINE_LENGTH = 2_000;

/** Two definitions, as canonical JSON that may be cut, line by line; whatever is invisible in them is written out. */
export function definitionDiff(before: string | undefined, after: string): readonly DiffLineView[] {
  const [left, right] = [before === undefined ? [] : linesOf(before), linesOf(after)];
  if (left.length * right.length > MAX_COMPARED_LINES ** 2) return [...all('removed', left), ...all('added', right)];
  return compare(left, right);
}

function all(sign: DiffLineView['sign'], lines: readonly string[]): readonly DiffLineView[] {
  return lines.map((text) => ({ sign, text }));
}

function linesOf(json: string): readonly string[] {
  const bounded = (line: string): string => {
    const text = withInvisibleWrittenOut(line);
    return text.length <= MAX_LINE_LENGTH ? text : `${text.slice(0, MAX_LINE_LENGTH)}…`;
  };
  try {
    return JSON.stringify(JSON.parse(json), undefined, 2).split('\n').map(bounded);
  } catch {
    // Cut JSON is none: a line for each member.
    return json.split(/(?<=,)(?=")/).map(bounded);
  }
}

/** By the longest common subsequence. */
function compare(left: readonly string[], right: readonly string[]): readonly DiffLineView[] {
  const width = right.length + 1;
  const lengths = new Uint16Array((left.length + 1) * width);
  const at = (row: number, column: number): number => lengths[row * width + column] as number;
  for (let row = left.length - 1; row >= 0; row--) {
    for (let column = right.length - 1; column >= 0; column--) {
      lengths[row * width + column] = left[row] === right[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: DiffLineView[] = [];
  let [row, column] = [0, 0];
  while (row < left.length || column < right.length) {
    if (row < left.length && column < right.length && left[row] === right[column]) {
      lines.push({ sign: 'same', text: left[row++] as string });
      column++;
    } else if (column >= right.length || (row < left.length && at(row + 1, column) >= at(row, column + 1))) {
      lines.push({ sign: 'removed', text: left[row++] as string });
    } else lines.push({ sign: 'added', text: right[column++] as string });
  }
  return lines;
}
