import type { Client } from '@modelcontextprotocol/client';
import { utf8 } from '../base/bytes.ts';
import { sha256 } from '../crypto/hash.ts';
import { canonicalJson } from './canonical-json.ts';

/** One tool, resource or prompt of an agent, by the hash of all that defines it. */
export type DefinitionHash = { readonly kind: 'tool' | 'resource' | 'prompt'; readonly name: string; readonly sha256: Uint8Array };

/** Hashes the definitions that the agent's server has now; what it does not offer is left out. */
export async function definitionHashes(
  client: Pick<Client, 'getServerCapabilities' | 'listTools' | 'listResources' | 'listPrompts'>,
): Promise<readonly DefinitionHash[]> {
  const { tools, resources, prompts } = client.getServerCapabilities() ?? {};
  const [toolList, resourceList, promptList] = await Promise.all([
    tools ? client.listTools() : undefined,
    resources ? client.listResources() : undefined,
    prompts ? client.listPrompts() : undefined,
  ]);
  return [
    ...(toolList?.tools ?? []).map((tool) => hashOf('tool', tool.name, tool)),
    ...(resourceList?.resources ?? []).map((resource) => hashOf('resource', resource.uri, resource)),
    ...(promptList?.prompts ?? []).map((prompt) => hashOf('prompt', prompt.name, prompt)),
  ];
}

function hashOf(kind: DefinitionHash['kind'], name: string, definition: object): DefinitionHash {
  return { kind, name, sha256: sha256(utf8(canonicalJson(definition))) };
}
