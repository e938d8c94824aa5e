import { css, html, nothing, svg, type TemplateResult } from 'lit';
import type { AgentView, MeView, NetworkDetailView, NodeView, SigilView } from '../../view/types.ts';
import { sigilAt } from '../elements/sigil.ts';
import { milliseconds } from '../format.ts';
import { networkStrings, nodeText } from '../network-strings.ts';
import { strings } from '../strings.ts';
import { AGENT_SIZE, bendAround, clipped, layOut, NAME_SIZE, TIME_SIZE, type Constellation, type Point, type Star } from './constellation-layout.ts';

/** More than this would be a blur: the rest are one star together, and the table beside the picture has all. */
const MAX_DRAWN_NODES = 40;
const MAX_DRAWN_AGENTS = 3;
/** With more nodes than this the picture is of people only. */
const MAX_NODES_WITH_AGENTS = 10;
const MAX_NAME_WIDTH = 150;
const MAX_AGENT_WIDTH = 92;

export type ConstellationOptions = {
  /** Pixels. */
  readonly width: number;
  readonly me: MeView;
  readonly detail: NetworkDetailView;
  readonly agents: readonly AgentView[];
  /** The node whose links stand out. */
  readonly selected: string | undefined;
  /** The one star that Tab gets to; arrows lead on from there. */
  readonly focusable: string | undefined;
  onSelect(node: string): void;
  onKey(event: KeyboardEvent, nodes: readonly string[]): void;
};

/** Those that are there: who is away is in the table alone. */
function drawnOf(nodes: readonly NodeView[]): readonly NodeView[] {
  const here = nodes.filter((node) => node.state !== 'away').slice(0, MAX_DRAWN_NODES);
  // Where a link comes from stands before where it leads.
  const isFar = (node: NodeView): number => Number(node.hub !== undefined || node.path?.kind === 'relayed');
  return here.toSorted((a, b) => isFar(a) - isFar(b));
}

/** The picture of the network as this node sees it: itself in the middle, nodes around it, their agents at their side, the links between all. */
export function constellation(options: ConstellationOptions): TemplateResult {
  const { width, me, detail, agents, selected } = options;
  const drawn = drawnOf(detail.nodes);
  const left = detail.nodes.filter((node) => node.state !== 'away').length - drawn.length;
  const agentsOf = (isTheirs: (agent: AgentView) => boolean): readonly AgentView[] =>
    drawn.length <= MAX_NODES_WITH_AGENTS ? agents.filter((agent) => agent.enabled && isTheirs(agent)).slice(0, MAX_DRAWN_AGENTS) : [];
  const mine = agentsOf((agent) => agent.mine);
  const theirs = drawn.map((node) => agentsOf(({ address }) => address.startsWith(`${node.node}:`)));
  const names = drawn.map((node) => clipped(nameOf(node), NAME_SIZE, MAX_NAME_WIDTH));
  const index = new Map(drawn.map((node, place) => [node.node, place]));
  const inputs = drawn.map((node, place) => {
    const origin = index.get(node.hub ?? node.path?.via[0] ?? '');
    const from = origin !== undefined && origin < place ? { from: origin, isClose: node.hub !== undefined } : {};
    return { name: names[place]!, agents: theirs[place]!.map(title), ...from };
  });
  const more = networkStrings.moreNodes(left);
  const sky = layOut(width, { name: strings.you, agents: mine.map(title) }, left > 0 ? [...inputs, { name: more, agents: [] }] : inputs);
  const rest = left > 0 ? sky.peers.at(-1) : undefined;
  const stars = sky.peers.slice(0, drawn.length);
  return html`<svg class="picture ${selected === undefined ? '' : 'chosen'}" width=${width} height=${sky.height} viewBox="0 0 ${width} ${sky.height}" role="group" aria-label=${networkStrings.networkPicture}>
    ${detail.links.map((between) => farLink(between, index, stars, options, sky.middle.at))}
    ${stars.map((star, place) => link(drawn[place]!, star, selected))}
    ${rest ? svg`<circle class="rest" cx=${rest.at.x} cy=${rest.at.y} r=${rest.radius} /><text class="name" x=${rest.nameAt.x} y=${rest.nameAt.y}>${more}</text>` : nothing}
    ${stars.map((star, place) => nodeAt(options, drawn, place, star, names[place]!, theirs[place]!))}
    ${strung(sky.middle, mine)}<g>${figure(sky.middle, strings.you, me.sigil)}</g>
    ${times(drawn, sky)}
  </svg>`;
}

function nameOf(node: NodeView): string {
  return node.person?.name ?? '…';
}

function title(agent: AgentView): string {
  return clipped(agent.title, AGENT_SIZE, MAX_AGENT_WIDTH);
}

function nodeAt(
  { selected, focusable, onSelect, onKey }: ConstellationOptions,
  drawn: readonly NodeView[],
  place: number,
  star: Star,
  name: string,
  agents: readonly AgentView[],
): TemplateResult {
  const node = drawn[place]!;
  const isFocusable = focusable === node.node || (!drawn.some((other) => other.node === focusable) && place === 0);
  return svg`${strung(star, agents)}<g
    class="star ${node.state === 'connected' || node.state === 'reachable' ? 'here' : 'away'} ${selected === node.node ? 'selected' : ''}"
    data-node=${node.node} role="button" tabindex=${isFocusable ? 0 : -1} aria-pressed=${selected === node.node} aria-label=${nodeText(node)}
    @click=${() => onSelect(node.node)}
    @keydown=${(event: KeyboardEvent) =>
      onKey(
        event,
        drawn.map((each) => each.node),
      )}
  >${figure(star, name, node.person?.sigil)}</g>`;
}

function strung(star: Star, agents: readonly AgentView[]): TemplateResult {
  return svg`<g>${agents.map((agent, index) => agentAt(star, agent, index))}</g>`;
}

function figure(star: Star, name: string, sigil: SigilView | undefined): TemplateResult {
  return svg`
    <circle class="disc" cx=${star.at.x} cy=${star.at.y} r=${star.radius + 5} />
    ${sigil ? sigilAt(sigil, star.at.x, star.at.y, star.radius) : svg`<circle class="unknown" cx=${star.at.x} cy=${star.at.y} r=${star.radius} />`}
    ${sigil?.verified ? svg`<circle class="ring" cx=${star.at.x} cy=${star.at.y} r=${star.radius + 3} />` : nothing}
    <circle class="focus" cx=${star.at.x} cy=${star.at.y} r=${star.radius + 6} />
    <text class="name" x=${star.nameAt.x} y=${star.nameAt.y}>${name}</text>`;
}

/** This node's own way to another: its link, or what goes on from a relay or a tab. */
function link(node: NodeView, star: Star, selected: string | undefined): TemplateResult | typeof nothing {
  if (node.state === 'reachable' && node.hub === undefined) return nothing;
  const kind =
    node.hub !== undefined || node.path?.kind === 'tab'
      ? 'tab'
      : node.state !== 'connected'
        ? 'missing'
        : node.path?.kind === 'relayed' || node.path?.kind === 'host'
          ? 'relayed'
          : 'direct';
  return svg`<path class="link ${kind} ${selected === undefined || selected === node.node ? '' : 'dim'}" d=${curve(star.from, star.bend, star.at)} />`;
}

/** A link of two others. */
function farLink(
  { from, to }: NetworkDetailView['links'][number],
  index: ReadonlyMap<string, number>,
  stars: readonly Star[],
  { me, selected, width }: ConstellationOptions,
  middle: Point,
): TemplateResult | typeof nothing {
  const [a, b] = [stars[index.get(from) ?? -1], stars[index.get(to) ?? -1]];
  if (!a || !b || from === me.node || to === me.node) return nothing;
  const isOfSelected = selected === from || selected === to;
  return svg`<path class="link far ${selected === undefined ? '' : isOfSelected ? 'strong' : 'dim'}" d=${curve(a.at, bendAround(middle, a.at, b.at, width), b.at)} />`;
}

function curve(from: Point, bend: Point, to: Point): string {
  return `M${from.x} ${from.y} Q ${bend.x} ${bend.y} ${to.x} ${to.y}`;
}

/** Over all links, so that none strikes them out. */
function times(drawn: readonly NodeView[], sky: Constellation): readonly (TemplateResult | typeof nothing)[] {
  return drawn.map((node, place) => {
    const at = sky.peers[place]?.timeAt;
    const rttMs = node.path?.rttMs;
    return at && node.state === 'connected' && rttMs !== undefined
      ? svg`<text class="rtt" x=${at.x} y=${at.y} aria-hidden="true">${milliseconds(rttMs)}</text>`
      : nothing;
  });
}

function agentAt(star: Star, agent: AgentView, index: number): TemplateResult | typeof nothing {
  const place = star.agents[index];
  if (!place) return nothing;
  return svg`<path class="string" d="M${star.at.x} ${star.at.y} L${place.at.x} ${place.at.y}" />${sigilAt(agent.sigil, place.at.x, place.at.y, 11)}<text class="agent ${place.anchor}" x=${place.textAt.x} y=${place.textAt.y}>${title(agent)}</text>`;
}

export const constellationStyles = css`
  .picture {
    display: block;
    margin: 0 auto;
    max-width: 100%;
    font-family: var(--font-ui);
  }
  .link {
    fill: none;
    stroke: var(--accent);
    stroke-width: 1.6;
    stroke-linecap: round;
  }
  .link.relayed {
    stroke: var(--amber);
    stroke-dasharray: 2 6;
  }
  .link.far {
    stroke-width: 1.3;
    opacity: 0.45;
  }
  .link.tab {
    stroke: var(--edge);
    stroke-width: 3;
  }
  .link.strong {
    opacity: 1;
    stroke-width: 2;
  }
  .link.dim {
    opacity: 0.18;
  }
  .link {
    transition: opacity var(--calm);
  }
  .rest {
    fill: var(--raise);
    stroke: var(--edge);
    stroke-dasharray: 2 4;
  }
  .star {
    cursor: pointer;
    outline: none;
  }
  .focus {
    fill: none;
    stroke: none;
    stroke-width: 2;
  }
  .star.selected .focus {
    stroke: var(--edge);
  }
  .star:focus-visible .focus {
    stroke: var(--accent);
    stroke-width: 3;
  }
  .link.missing {
    stroke: var(--edge);
    stroke-dasharray: 1 8;
  }
  .string {
    stroke: var(--line);
    stroke-width: 1.4;
  }
  .disc {
    fill: var(--sheet);
  }
  .unknown {
    fill: var(--raise);
  }
  .ring {
    fill: none;
    stroke: var(--accent);
    stroke-width: 1.5;
  }
  .picture svg {
    filter: brightness(var(--sigil-light));
  }
  .away svg,
  .away .ring {
    opacity: 0.5;
  }
  text {
    text-anchor: middle;
    paint-order: stroke;
    stroke: var(--sheet);
    stroke-width: 5px;
    stroke-linejoin: round;
  }
  .rtt {
    fill: var(--ink-3);
    font-size: ${TIME_SIZE}px;
    font-variant-numeric: tabular-nums;
  }
  .name {
    fill: var(--ink);
    font-size: ${NAME_SIZE}px;
    font-weight: 600;
  }
  .away .name {
    fill: var(--ink-3);
  }
  .agent {
    fill: var(--ink-2);
    font-size: ${AGENT_SIZE}px;
  }
  .agent.start {
    text-anchor: start;
  }
  .agent.end {
    text-anchor: end;
  }
  @media (forced-colors: active) {
    .link,
    .string,
    .ring {
      stroke: CanvasText;
    }
    text {
      fill: CanvasText !important;
      stroke: Canvas;
    }
  }
`;
