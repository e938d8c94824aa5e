import type { Client } from '@modelcontextprotocol/client';
import { LIMITS } from '../base/limits.ts';
import type { AgentAccess } from '../mcp/permissions.ts';
import { UriTemplate } from '../mcp/runtime.ts';
import { AuthorIcons } from './author-icons.ts';
import { visibleText } from './shown-text.ts';
import type { AgentDetailView, JsonSchema, ServerView, TemplateView, ToolView } from './types.ts';

type Lists = Pick<AgentDetailView, 'tools' | 'resources' | 'prompts' | 'templates' | 'server' | 'canWatch'>;

/** What an agent offers now, bounded and fit to be shown. */
export async function readLists(client: Client): Promise<Lists> {
  const can = client.getServerCapabilities();
  const fresh = { cacheMode: 'refresh' } as const;
  const [tools, resources, prompts, templates] = await Promise.all([
    can?.tools ? client.listTools(undefined, fresh) : undefined,
    can?.resources ? client.listResources(undefined, fresh) : undefined,
    can?.prompts ? client.listPrompts(undefined, fresh) : undefined,
    // Some servers have resources, but know no templates.
    can?.resources ? client.listResourceTemplates(undefined, fresh).catch(() => undefined) : undefined,
  ]);
  const icons = new AuthorIcons();
  return {
    ...(can?.resources?.subscribe ? { canWatch: true } : {}),
    server: serverView(client, icons),
    templates: (templates?.resourceTemplates ?? []).slice(0, LIMITS.maxListedDefinitions).flatMap((template) => templateView(template, icons)),
    tools: (tools?.tools ?? []).slice(0, LIMITS.maxListedDefinitions).map((tool) => toolView(tool, icons)),
    resources: (resources?.resources ?? []).slice(0, LIMITS.maxListedDefinitions).map(({ uri, name, description, mimeType, icons: given }) => ({
      uri,
      name: visibleText(name),
      description: visibleText(description ?? ''),
      ...(mimeType ? { mimeType } : {}),
      ...icons.pick(given),
    })),
    prompts: (prompts?.prompts ?? []).slice(0, LIMITS.maxListedDefinitions).map(({ name, title, description, arguments: args, icons: given }) => ({
      name,
      title: visibleText(title ?? name),
      description: visibleText(description ?? ''),
      arguments: (args ?? []).map((argument) => ({
        name: argument.name,
        description: visibleText(argument.description ?? ''),
        required: argument.required === true,
      })),
      ...icons.pick(given),
    })),
  };
}

/** The same agent as its owner's node lets it be used. */
export function withAccess(detail: AgentDetailView, access: AgentAccess | undefined): AgentDetailView {
  if (!access) return detail;
  const tools = detail.tools.map((tool) => ({ ...tool, access: access.tools.get(tool.name) ?? access.rest }));
  return { ...detail, access: access.rest, tools };
}

function serverView(client: Client, icons: AuthorIcons): ServerView {
  const { name, version, icons: given } = client.getServerVersion() ?? { name: '', version: '', icons: undefined };
  return {
    name: visibleText(name),
    version: visibleText(version),
    protocol: client.getNegotiatedProtocolVersion() ?? '',
    instructions: visibleText(client.getInstructions() ?? ''),
    canComplete: client.getServerCapabilities()?.completions !== undefined,
    ...(client.getProtocolEra() === 'legacy' ? { canPing: true } : {}),
    ...icons.pick(given),
  };
}

type Template = Awaited<ReturnType<Client['listResourceTemplates']>>['resourceTemplates'][number];

function templateView({ uriTemplate, name, title, description, icons: given }: Template, icons: AuthorIcons): readonly TemplateView[] {
  try {
    const { variableNames } = new UriTemplate(uriTemplate);
    return [
      {
        uriTemplate,
        name: visibleText(title ?? name),
        description: visibleText(description ?? ''),
        variables: [...new Set(variableNames)],
        ...icons.pick(given),
      },
    ];
  } catch {
    // What is no template cannot be filled in.
    return [];
  }
}

type Tool = Awaited<ReturnType<Client['listTools']>>['tools'][number];

function toolView({ name, title, description, inputSchema, outputSchema, annotations = {}, icons: given }: Tool, icons: AuthorIcons): ToolView {
  const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = annotations;
  const hints = Object.entries({ readOnlyHint, destructiveHint, idempotentHint, openWorldHint }).filter(([, hint]) => hint !== undefined);
  return {
    name,
    title: visibleText(title ?? annotations.title ?? name),
    description: visibleText(description ?? ''),
    inputSchema: inputSchema as JsonSchema,
    ...(outputSchema ? { outputSchema: outputSchema as JsonSchema } : {}),
    ...Object.fromEntries(hints),
    ...icons.pick(given),
  };
}
