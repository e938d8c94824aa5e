/** Asks the person for a folder; `undefined` when they chose none. Only where the browser has File System Access. */
export async function pickFolder(): Promise<FileSystemDirectoryHandle | undefined> {
  const { showDirectoryPicker } = globalThis as { showDirectoryPicker?: (options: { readonly mode: 'read' }) => Promise<FileSystemDirectoryHandle> };
  try {
    return await showDirectoryPicker?.({ mode: 'read' });
  } catch (thrown) {
    if ((thrown as { name?: unknown }).name === 'AbortError') return undefined;
    throw thrown;
  }
}
