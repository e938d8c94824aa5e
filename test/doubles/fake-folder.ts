type Node = File | Map<string, Node>;

/** A folder handle of File System Access over files in memory. */
export function fakeFolder(files: Readonly<Record<string, string | Uint8Array>>, name = 'folder'): FileSystemDirectoryHandle {
  const root = new Map<string, Node>();
  for (const [path, content] of Object.entries(files)) {
    const parts = path.split('/');
    const file = parts.pop() as string;
    let folder = root;
    for (const part of parts) {
      if (!folder.has(part)) folder.set(part, new Map());
      folder = folder.get(part) as Map<string, Node>;
    }
    const type = file.endsWith('.png') ? 'image/png' : file.endsWith('.txt') ? 'text/plain' : '';
    folder.set(file, new File([content as BlobPart], file, { type, lastModified: 0 }));
  }
  return folderHandle(name, root);
}

function folderHandle(name: string, node: Map<string, Node>): FileSystemDirectoryHandle {
  const child = (part: string, kind: 'file' | 'directory') => {
    const found = node.get(part);
    if (!found) throw new DOMException('Not found', 'NotFoundError');
    if (found instanceof Map !== (kind === 'directory')) throw new DOMException('Another kind', 'TypeMismatchError');
    return handleOf(part, found);
  };
  return {
    kind: 'directory',
    name,
    async *entries() {
      for (const [part, found] of node) yield [part, handleOf(part, found)];
    },
    getDirectoryHandle: async (part: string) => child(part, 'directory'),
    getFileHandle: async (part: string) => child(part, 'file'),
  } as unknown as FileSystemDirectoryHandle;
}

function handleOf(name: string, node: Node) {
  return node instanceof Map ? folderHandle(name, node) : { kind: 'file', name, getFile: async () => node };
}
