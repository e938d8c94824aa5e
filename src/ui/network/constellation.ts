import { html, svg, type TemplateResult } from 'lit';
import type { AgentView, MeView, PeerView } from '../../view/types.ts';
import { sigilAt } from '../elements/sigil.ts';
import { milliseconds } from '../format.ts';
import { strings } from '../strings.ts';

/** In the picture's own units: a phone gets a narrower one, so that its words stay large enough to read. */
const WIDE = { width: 860, height: 560, ringX: 290, ringY: 190 };
const NARROW = { width: 640, height: 600, ringX: 140, ringY: 200 };
/** More than this would be a blur; the table beside the picture has all. */
const MAX_DRAWN_PEERS = 24;
const MAX_DRAWN_AGENTS = 3;

/** The picture of the network as this node sees it: itself in the middle, peers around it, their agents at their side. */
export function constellation(me: MeView, peers: readonly PeerView[], agents: readonly AgentView[], isNarrow: boolean): TemplateResult {
  const { width, height, ringX, ringY } = isNarrow ? NARROW : WIDE;
  const drawn = peers.slice(0, MAX_DRAWN_PEERS);
  const middle = { x: width / 2, y: height / 2 };
  const at = drawn.map((_, index) => {
    const turn = (index / drawn.length) * 2 * Math.PI - Math.PI / 3;
    return { x: middle.x + ringX * Math.cos(turn), y: middle.y + ringY * Math.sin(turn) };
  });
  return html`<svg class="picture" viewBox="0 0 ${width} ${height}" role="img" aria-label=${strings.networkPicture}>
    ${drawn.map((peer, index) => link(peer, middle, at[index]!))}
    ${agentsAround(
      middle,
      agents.filter(({ mine }) => mine),
      1,
    )}
    ${drawn.map((peer, index) =>
      agentsAround(
        at[index]!,
        agents.filter(({ address }) => address.startsWith(`${peer.node}:`)),
        at[index]!.x < middle.x ? -1 : 1,
      ),
    )}
    ${drawn.map((peer, index) => svg`${disc(at[index]!, 22, peer.person ? sigilAt(peer.person.sigil, at[index]!.x, at[index]!.y, 22) : undefined)}${label(peer.person?.name ?? '…', at[index]!.x, at[index]!.y + 42, peer.state === 'connected')}`)}
    ${disc(middle, 30, sigilAt(me.sigil, middle.x, middle.y, 30))}${label(strings.you, middle.x, middle.y + 52, true)}
  </svg>`;
}

type Point = { readonly x: number; readonly y: number };

function link(peer: PeerView, from: Point, to: Point): TemplateResult {
  const bend = { x: (from.x + to.x) / 2 + (to.y - from.y) * 0.08, y: (from.y + to.y) / 2 - (to.x - from.x) * 0.08 };
  const kind = peer.state !== 'connected' ? 'missing' : peer.path?.kind === 'relayed' || peer.path?.kind === 'host' ? 'relayed' : 'direct';
  return svg`<path class="link ${kind}" d="M${from.x} ${from.y} Q ${bend.x} ${bend.y} ${to.x} ${to.y}" />
    ${peer.path?.rttMs === undefined ? '' : svg`<text class="rtt" x=${bend.x} y=${bend.y - 6}>${milliseconds(peer.path.rttMs)}</text>`}`;
}

function agentsAround(centre: Point, agents: readonly AgentView[], side: 1 | -1): TemplateResult[] {
  return agents.slice(0, MAX_DRAWN_AGENTS).map((agent, index) => {
    const x = centre.x + side * 74;
    const y = centre.y + (index - (Math.min(agents.length, MAX_DRAWN_AGENTS) - 1) / 2) * 34;
    return svg`<path class="string" d="M${centre.x} ${centre.y} L${x} ${y}" />${sigilAt(agent.sigil, x, y, 12)}<text class="agent" x=${x + side * 18} y=${y + 4} text-anchor=${side === 1 ? 'start' : 'end'}>${agent.title}</text>`;
  });
}

function disc(at: Point, radius: number, inside: TemplateResult | undefined): TemplateResult {
  return svg`<circle class="disc" cx=${at.x} cy=${at.y} r=${radius + 5} />${inside ?? svg`<circle class="unknown" cx=${at.x} cy=${at.y} r=${radius} />`}`;
}

function label(text: string, x: number, y: number, isHere: boolean): TemplateResult {
  return svg`<text class="name ${isHere ? '' : 'away'}" x=${x} y=${y}>${text.length > 22 ? `${text.slice(0, 21)}…` : text}</text>`;
}
