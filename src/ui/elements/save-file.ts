/** Until then every browser has begun to write the file. */
const RELEASE_AFTER_MS = 60_000;

/** Offers bytes or text as a download. Whatever they are, they are kept and never opened by this page. */
export function saveFile(name: string, content: string | Uint8Array | Blob): void {
  const url = URL.createObjectURL(new Blob([content as string | Uint8Array<ArrayBuffer> | Blob], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), RELEASE_AFTER_MS);
}
