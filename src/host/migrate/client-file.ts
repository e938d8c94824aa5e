import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname } from 'node:path';
import { asParleyError } from '../../base/errors.ts';
import { parseJson, readTextFile, type JsonPlace } from '../json-file.ts';
import { hostEntryOf, type HostEntry } from './client-entry.ts';

/** A server in a client's file; one that cannot become an agent has the reason, with file and line. */
export type ClientServer = { readonly name: string; readonly line: number } & (
  | { readonly entry: HostEntry; readonly problem?: undefined }
  | { readonly entry?: undefined; readonly problem: string }
);

/** A file in which an MCP client keeps its servers. */
export type ClientFile = {
  readonly path: string;
  readonly text: string;
  /** Where in the file the servers are. */
  readonly list: readonly string[];
  readonly servers: readonly ClientServer[];
};

/** Desktop clients, editors, an editor's settings, and one more editor. */
const LISTS = [['mcpServers'], ['servers'], ['mcp', 'servers'], ['context_servers']] as const;
/** Folders of projects in which editors look for such files. */
const PROJECT_FOLDERS: ReadonlySet<string> = new Set(['.vscode', '.cursor']);

/** @throws ParleyError `bad-argument` with file, line and reason when the file is none of an MCP client */
export function readClientFile(file: string): ClientFile {
  const text = readTextFile(file);
  // A link to the real file stays a link when that is written anew.
  const path = realpathSync(file);
  const root = parseJson(path, text);
  for (const list of LISTS) {
    const place = placeAt(root, list);
    if (place) return { path, text, list, servers: [...place.members()].map(([name, server]) => serverOf(name, server, path)) };
  }
  return root.fail('There is no list of MCP servers (“mcpServers” or “servers”).');
}

function placeAt(root: JsonPlace, path: readonly string[]): JsonPlace | undefined {
  let place: JsonPlace | undefined = root;
  for (const name of path) place = place?.isObject ? place.members().get(name) : undefined;
  return place;
}

function serverOf(name: string, place: JsonPlace, path: string): ClientServer {
  const folder = dirname(path);
  const parent = PROJECT_FOLDERS.has(basename(folder)) ? dirname(folder) : basename(path) === '.mcp.json' ? folder : undefined;
  // The person's own files are in such a folder too; the project is then whatever is open in the editor.
  const project = parent === homedir() ? undefined : parent;
  try {
    return { name, line: place.line, entry: hostEntryOf(name, place, { folder: parent ?? folder, project }) };
  } catch (thrown) {
    return { name, line: place.line, problem: asParleyError(thrown).message };
  }
}
