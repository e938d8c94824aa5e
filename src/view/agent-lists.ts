import type { Client } from '@modelcontextprotocol/client';
import { LIMITS } from '../base/limits.ts';
import type { AgentAccess } from '../mcp/permissions.ts';
import { visibleText } from './result-blocks.ts';
import type { AgentDetailView, JsonSchema, ToolView } from './types.ts';

type Lists = Pick<AgentDetailView, 'tools' | 'resources' | 'prompts' | 'canWatch'>;

/** What an agent offers now, bounded and fit to be shown. */
export async function readLists(client: Client): Promise<Lists> {
  const can = client.getServerCapabilities();
  const fresh = { cacheMode: 'refresh' } as const;
  const [tools, resources, prompts] = await Promise.all([
    can?.tools ? client.listTools(undefined, fresh) : undefined,
    can?.resources ? client.listResources(undefined, fresh) : undefined,
    can?.prompts ? client.listPrompts(undefined, fresh) : undefined,
  ]);
  return {
    ...(can?.resources?.subscribe ? { canWatch: true } : {}),
    tools: (tools?.tools ?? []).slice(0, LIMITS.maxListedDefinitions).map(toolView),
    resources: (resources?.resources ?? []).slice(0, LIMITS.maxListedDefinitions).map(({ uri, name, description, mimeType }) => ({
      uri,
      name: visibleText(name),
      description: visibleText(description ?? ''),
      ...(mimeType ? { mimeType } : {}),
    })),
    prompts: (prompts?.prompts ?? []).slice(0, LIMITS.maxListedDefinitions).map(({ name, title, description, arguments: args }) => ({
      name,
      title: visibleText(title ?? name),
      description: visibleText(description ?? ''),
      arguments: (args ?? []).map((argument) => ({
        name: argument.name,
        description: visibleText(argument.description ?? ''),
        required: argument.required === true,
      })),
    })),
  };
}

/** The same agent as its owner's node lets it be used. */
export function withAccess(detail: AgentDetailView, access: AgentAccess | undefined): AgentDetailView {
  if (!access) return detail;
  const tools = detail.tools.map((tool) => ({ ...tool, access: access.tools.get(tool.name) ?? access.rest }));
  return { ...detail, access: access.rest, tools };
}

type Tool = Awaited<ReturnType<Client['listTools']>>['tools'][number];

function toolView({ name, title, description, inputSchema, outputSchema, annotations = {} }: Tool): ToolView {
  const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = annotations;
  const hints = Object.entries({ readOnlyHint, destructiveHint, idempotentHint, openWorldHint }).filter(([, hint]) => hint !== undefined);
  return {
    name,
    title: visibleText(title ?? annotations.title ?? name),
    description: visibleText(description ?? ''),
    inputSchema: inputSchema as JsonSchema,
    ...(outputSchema ? { outputSchema: outputSchema as JsonSchema } : {}),
    ...Object.fromEntries(hints),
  };
}
