import type { AppModel } from '../../view/types.ts';

/** Copies the text and says so; without the clipboard's permission the text is selected in its field, for the person to copy. */
export async function copyText(model: AppModel, text: string, field?: HTMLInputElement | HTMLTextAreaElement | null): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    model.notify('copied');
  } catch {
    field?.focus();
    field?.select();
  }
}
