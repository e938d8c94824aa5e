import axeCore from 'axe-core';
import { expect } from 'vitest';
import type { Person } from './stage.ts';

/** axe in the page; its source is evaluated by the debugger, which the page's policy does not forbid. */
export async function findNothing(person: Person, screen: string): Promise<void> {
  await person.page.evaluate(axeCore.source);
  const violations = await person.page.evaluate(async () => {
    // What still fades in has the contrast of neither its beginning nor its end. Each tree knows its own animations only.
    const trees: (Document | ShadowRoot)[] = [document];
    for (const tree of trees) for (const { shadowRoot } of tree.querySelectorAll('*')) if (shadowRoot) trees.push(shadowRoot);
    const passing = trees.flatMap((tree) => tree.getAnimations()).filter(({ effect }) => effect?.getTiming().iterations !== Infinity);
    await Promise.all(passing.map(({ finished }) => finished.catch(() => undefined)));
    const { axe } = globalThis as unknown as { axe: typeof axeCore };
    const result = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return result.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary ?? ''}`).join(' | ')}`,
    );
  });
  expect(violations, screen).toEqual([]);
}
