import type { LitElement } from 'lit';

/** Puts a component on the page, alone, and waits until it is drawn. Answers what it drew into. */
export async function mounted(component: LitElement): Promise<ShadowRoot> {
  document.body.replaceChildren(component);
  await component.updateComplete;
  return component.shadowRoot!;
}

export async function rendered(component: LitElement): Promise<void> {
  await component.updateComplete;
}

/** What a person types into a field, at once. */
export async function type(control: HTMLInputElement | HTMLTextAreaElement, text: string): Promise<void> {
  control.value = text;
  control.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true }));
  const host = (control.getRootNode() as ShadowRoot).host as LitElement | undefined;
  await host?.updateComplete;
}

export function equal(actual: unknown, expected: unknown): void {
  if (actual === expected) return;
  const [a, b] = [actual, expected].map((value) => (value instanceof Node ? `<${value.nodeName} ${(value as Element).id}>` : JSON.stringify(value)));
  if (a !== b || actual instanceof Node) throw new Error(`expected ${b}, got ${a}`);
}
