import { agentStrings } from '../agent-strings.ts';
import { LIMITS } from '../../base/limits.ts';
import { bytes } from '../format.ts';

import type { FileEncoding } from './field.ts';

const { fieldProblems } = agentStrings;

/** A file as text that stands for its bytes. @throws Error with what is wrong, in words */
export async function textOfFile(file: Blob, encoding: FileEncoding): Promise<string> {
  if (file.size > LIMITS.maxArgumentFileBytes) throw new Error(fieldProblems.fileTooLarge(bytes(LIMITS.maxArgumentFileBytes)));
  const url = await dataUrl(file);
  if (encoding === 'data-url') return url;
  const base64 = url.slice(url.indexOf(',') + 1);
  return encoding === 'base64url' ? base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '') : base64;
}

/** How many bytes a text stands for. */
export function sizeOfText(text: string): number {
  const base64 = text.slice(text.startsWith('data:') ? text.indexOf(',') + 1 : 0).replace(/=+$/, '');
  return Math.floor((base64.length * 3) / 4);
}

function dataUrl(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => resolve(reader.result as string));
    reader.addEventListener('error', () => reject(new Error(fieldProblems.fileUnreadable)));
    reader.readAsDataURL(file);
  });
}
