import type { World } from '../world.ts';
import { BoundedTables } from './bounded-tables.ts';
import type { Checker, ViolationSink } from './checker.ts';
import { Convergence } from './convergence.ts';
import { Deadlines } from './deadlines.ts';
import { FreshNonces } from './fresh-nonces.ts';
import { LinkBudget } from './link-budget.ts';
import { MadeUpNodes } from './made-up-nodes.ts';
import { MessagesOnce } from './messages-once.ts';
import { NoPlaintext } from './no-plaintext.ts';
import { WakeProgress } from './wake-progress.ts';

/** What is watched in every run. */
export function allCheckers(sink: ViolationSink, world: () => World): readonly Checker[] {
  return [
    new NoPlaintext(sink, world),
    new FreshNonces(sink),
    new MessagesOnce(sink, world),
    new BoundedTables(sink),
    new Deadlines(sink),
    new WakeProgress(sink),
    new LinkBudget(sink),
    new MadeUpNodes(sink),
    new Convergence(sink),
  ];
}
