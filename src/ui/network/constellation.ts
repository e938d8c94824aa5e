import { css, html, nothing, svg, type TemplateResult } from 'lit';
import type { AgentView, MeView, PeerView, SigilView } from '../../view/types.ts';
import { sigilAt } from '../elements/sigil.ts';
import { milliseconds } from '../format.ts';
import { strings } from '../strings.ts';
import { AGENT_SIZE, clipped, layOut, NAME_SIZE, TIME_SIZE, type Point, type Star } from './constellation-layout.ts';

/** More than this would be a blur; the table beside the picture has all. */
const MAX_DRAWN_PEERS = 24;
const MAX_DRAWN_AGENTS = 3;
/** With more peers than this the picture is of people only. */
const MAX_PEERS_WITH_AGENTS = 10;
const MAX_NAME_WIDTH = 150;
const MAX_AGENT_WIDTH = 92;

/** The picture of the network as this node sees it: itself in the middle, peers around it, their agents at their side. Pixels, for a given width. */
export function constellation(width: number, me: MeView, peers: readonly PeerView[], agents: readonly AgentView[]): TemplateResult {
  const drawn = peers.slice(0, MAX_DRAWN_PEERS);
  const hasAgents = drawn.length <= MAX_PEERS_WITH_AGENTS;
  const agentsOf = (isTheirs: (agent: AgentView) => boolean): readonly AgentView[] =>
    hasAgents ? agents.filter((agent) => agent.enabled && isTheirs(agent)).slice(0, MAX_DRAWN_AGENTS) : [];
  const mine = agentsOf((agent) => agent.mine);
  const theirs = drawn.map((peer) => agentsOf(({ address }) => address.startsWith(`${peer.node}:`)));
  const names = drawn.map((peer) => clipped(peer.person?.name ?? '…', NAME_SIZE, MAX_NAME_WIDTH));
  const sky = layOut(
    width,
    { name: strings.you, agents: mine.map(title) },
    drawn.map((_, index) => ({ name: names[index]!, agents: theirs[index]!.map(title) })),
  );
  const shape = (star: Star, name: string, sigil: SigilView | undefined, own: readonly AgentView[], isHere: boolean): TemplateResult =>
    svg`<g class=${isHere ? 'here' : 'away'}>
      ${own.map((agent, index) => agentAt(star, agent, index))}
      <circle class="disc" cx=${star.at.x} cy=${star.at.y} r=${star.radius + 5} />
      ${sigil ? sigilAt(sigil, star.at.x, star.at.y, star.radius) : svg`<circle class="unknown" cx=${star.at.x} cy=${star.at.y} r=${star.radius} />`}
      ${sigil?.verified ? svg`<circle class="ring" cx=${star.at.x} cy=${star.at.y} r=${star.radius + 3} />` : nothing}
      <text class="name" x=${star.nameAt.x} y=${star.nameAt.y}>${name}</text>
    </g>`;
  return html`<svg class="picture" width=${width} height=${sky.height} viewBox="0 0 ${width} ${sky.height}" role="img" aria-label=${strings.networkPicture}>
    ${sky.peers.map((star, index) => link(drawn[index]!, sky.middle.at, star))}
    ${sky.peers.map((star, index) => shape(star, names[index]!, drawn[index]!.person?.sigil, theirs[index]!, drawn[index]!.state === 'connected'))}
    ${shape(sky.middle, strings.you, me.sigil, mine, true)}
  </svg>`;
}

function title(agent: AgentView): string {
  return clipped(agent.title, AGENT_SIZE, MAX_AGENT_WIDTH);
}

function link(peer: PeerView, from: Point, { at, bend, timeAt }: Star): TemplateResult {
  const kind = peer.state !== 'connected' ? 'missing' : peer.path?.kind === 'relayed' || peer.path?.kind === 'host' ? 'relayed' : 'direct';
  const time =
    peer.state === 'connected' && timeAt && peer.path?.rttMs !== undefined ? { ...timeAt, text: milliseconds(peer.path.rttMs) } : undefined;
  return svg`<path class="link ${kind}" d="M${from.x} ${from.y} Q ${bend.x} ${bend.y} ${at.x} ${at.y}" />
    ${time ? svg`<text class="rtt" x=${time.x} y=${time.y}>${time.text}</text>` : nothing}`;
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
