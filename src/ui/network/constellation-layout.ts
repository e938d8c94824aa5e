/** What is to be placed: the names of a node's person and agents, as they are written. */
export type StarInput = {
  readonly name: string;
  readonly agents: readonly string[];
  /** The earlier one of the peers that its link comes from: a relay, or the tab that has its links. */
  readonly from?: number;
  /** It stands beside that one: another tab of the same browser. */
  readonly isClose?: boolean;
};

export type Point = { readonly x: number; readonly y: number };
/** Left, top, right, bottom. */
export type Box = { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };

/** A node with its words: the disc's centre, and where its agents stand. */
export type Star = {
  readonly at: Point;
  readonly radius: number;
  readonly nameAt: Point;
  readonly agents: readonly { readonly at: Point; readonly textAt: Point; readonly anchor: 'start' | 'end' | 'middle' }[];
  /** All of it, and its words by themselves. */
  readonly box: Box;
  readonly words: readonly Box[];
  /** Its link: where it comes from (the middle, or another node), the curve's control point, and where its time may be written, if there is room. */
  readonly from: Point;
  readonly bend: Point;
  readonly timeAt: Point | undefined;
};

export type Constellation = { readonly width: number; readonly height: number; readonly middle: Star; readonly peers: readonly Star[] };

/** Type sizes of the picture in pixels; the picture's style sets the same. */
export const NAME_SIZE = 13;
export const AGENT_SIZE = 12;
export const TIME_SIZE = 11;

const MIDDLE_RADIUS = 30;
const PEER_RADIUS = 22;
const AGENT_RADIUS = 11;
const AGENT_STEP = 28;
const GAP = 14;
const MARGIN = 12;
/** Below this a node's agents stand under or over its name instead of at its side. */
const NARROW_WIDTH = 620;
/** Below this so do this node's own. */
const NARROWEST_WIDTH = 350;
const RING_STEP = 0.14;
const TURN_STEP = Math.PI / 18;
const TURNS = 12;
/** This far out links may cross words: rather that than a picture without end. */
const FREE_RINGS = 10;
/** Between the middle's centre and a link that passes it. */
const CLEARANCE = 66;
const BESIDE_DISTANCE = 84;
const BESIDE_STEP = 22;

/**
 * Places nodes around the middle, in pixels, so that no word overlaps another or leaves the picture. Each goes to the nearest free place in its
 * own direction; downwards and upwards there is always room, so this ends. The same input gives the same picture.
 */
export function layOut(width: number, middle: StarInput, peers: readonly StarInput[]): Constellation {
  const isNarrow = width < NARROW_WIDTH;
  const centre = { x: width / 2, y: 0 };
  const me = star(centre, MIDDLE_RADIUS, middle, width < NARROWEST_WIDTH ? 'under' : 'right', undefined);
  const placed: Star[] = [];
  for (const [index, peer] of peers.entries()) {
    const from = placed[peer.from ?? -1];
    const found =
      from && peer.isClose ? placeBeside(peer, from, width, me, placed) : place(peer, directionOf(index, peers.length), width, me, placed, isNarrow);
    placed.push(from ? { ...found, bend: bendOf(from.at, found.at), from: from.at } : found);
  }
  const boxes = [me.box, ...placed.map(({ box }) => box)];
  const top = Math.min(...boxes.map((box) => box.top)) - MARGIN;
  const bottom = Math.max(...boxes.map((box) => box.bottom)) + MARGIN;
  const written: Box[] = [...boxes];
  const shifted = placed.map((peer) => {
    const timeAt = roomForTime(peer.from, peer, written);
    if (timeAt) written.push(textBox(timeAt, '0000 ms', TIME_SIZE, 'middle'));
    return moved({ ...peer, timeAt }, -top);
  });
  return { width, height: bottom - top, middle: moved(me, -top), peers: shifted };
}

/** Not quite regular, so that it looks like a sky and not like a clock. */
function directionOf(index: number, count: number): number {
  const wobble = count > 2 ? Math.sin(index * 2.4) * (0.9 / count) : 0;
  return ((index + 0.5) / Math.max(count, 2)) * 2 * Math.PI - Math.PI * 0.72 + wobble;
}

function place(input: StarInput, direction: number, width: number, me: Star, placed: readonly Star[], isNarrow: boolean): Star {
  const reachX = Math.max(isNarrow ? 96 : 150, Math.min(width / 2 - (isNarrow ? 80 : 190), 330));
  const reachY = isNarrow ? 150 : 165;
  for (let ring = 0; ; ring++) {
    for (let step = 0; step <= TURNS * 2; step++) {
      const turn = direction + (step % 2 === 0 ? 1 : -1) * Math.ceil(step / 2) * TURN_STEP;
      const far = 1 + ring * RING_STEP;
      const at = { x: me.at.x + Math.cos(turn) * reachX * far, y: me.at.y + Math.sin(turn) * reachY * far };
      const side = isNarrow ? (at.y < me.at.y ? 'over' : 'under') : at.x < me.at.x ? 'left' : 'right';
      const candidate = within(star(at, PEER_RADIUS, input, side, me.at), width);
      if (isFree(candidate, me, placed, ring < FREE_RINGS)) return candidate;
    }
  }
}

function isFree(candidate: Star, me: Star, placed: readonly Star[], keepsLinksClear: boolean): boolean {
  if (overlaps(candidate.box, me.box, GAP) || placed.some(({ box }) => overlaps(candidate.box, box, GAP))) return false;
  if (!keepsLinksClear) return true;
  return (
    [...me.words, ...candidate.words].every((words) => !crosses(me.at, candidate, words)) &&
    placed.every((other) => !crosses(me.at, other, candidate.box) && !crosses(me.at, candidate, other.box))
  );
}

/** On which side of its disc a node's agents stand; with `over` its name does, too. */
type Side = 'left' | 'right' | 'under' | 'over';

function star(at: Point, radius: number, { name, agents }: StarInput, side: Side, from: Point | undefined): Star {
  const nameAt = { x: at.x, y: side === 'over' ? at.y - radius - 10 : at.y + radius + 19 };
  const placedAgents = agents.map((_, index) => agentAt(at, radius, index, agents.length, side));
  const boxes = [
    { left: at.x - radius - 4, top: at.y - radius - 4, right: at.x + radius + 4, bottom: at.y + radius + 4 },
    textBox(nameAt, name, NAME_SIZE, 'middle'),
    ...placedAgents.flatMap((agent, index) => [
      { left: agent.at.x - AGENT_RADIUS, top: agent.at.y - AGENT_RADIUS, right: agent.at.x + AGENT_RADIUS, bottom: agent.at.y + AGENT_RADIUS },
      textBox(agent.textAt, agents[index] ?? '', AGENT_SIZE, agent.anchor),
    ]),
  ];
  const box = {
    left: Math.min(...boxes.map(({ left }) => left)),
    top: Math.min(...boxes.map(({ top }) => top)),
    right: Math.max(...boxes.map(({ right }) => right)),
    bottom: Math.max(...boxes.map(({ bottom }) => bottom)),
  };
  const start = from ?? at;
  return { at, radius, nameAt, agents: placedAgents, box, words: boxes.slice(1), from: start, bend: bendOf(start, at), timeAt: undefined };
}

/** The control point of a link: a little to one side, so that links look drawn and not ruled. */
function bendOf(from: Point, to: Point): Point {
  return { x: (from.x + to.x) / 2 + (to.y - from.y) * 0.08, y: (from.y + to.y) / 2 - (to.x - from.x) * 0.08 };
}

/** The control point of a link of two others: around the middle, through which it does not go. */
export function bendAround(middle: Point, from: Point, to: Point, width: number): Point {
  const bend = bendOf(from, to);
  // Halfway, a quadratic curve is as near to its control point as to the middle of its ends.
  const half = { x: (from.x + to.x) / 4 + bend.x / 2 - middle.x, y: (from.y + to.y) / 4 + bend.y / 2 - middle.y };
  const distance = Math.hypot(half.x, half.y);
  if (distance >= CLEARANCE || distance === 0) return bend;
  const push = (2 * (CLEARANCE - distance)) / distance;
  const x = bend.x + half.x * push;
  return { x: Math.min(Math.max(x, MARGIN), width - MARGIN), y: bend.y + half.y * push };
}

/** The nearest free place around another node, away from the middle first. */
function placeBeside(input: StarInput, beside: Star, width: number, me: Star, placed: readonly Star[]): Star {
  const outwards = Math.atan2(beside.at.y - me.at.y, beside.at.x - me.at.x);
  for (let ring = 0; ; ring++) {
    const far = BESIDE_DISTANCE + ring * BESIDE_STEP;
    for (let step = 0; step < 2 * TURNS; step++) {
      const turn = outwards + (step % 2 === 0 ? 1 : -1) * Math.ceil(step / 2) * (Math.PI / TURNS);
      const at = { x: beside.at.x + Math.cos(turn) * far, y: beside.at.y + Math.sin(turn) * far };
      const candidate = within(star(at, PEER_RADIUS, input, at.x < beside.at.x ? 'left' : 'right', beside.at), width);
      if (isFree(candidate, me, placed, false)) return candidate;
    }
  }
}

function agentAt(at: Point, radius: number, index: number, count: number, side: Side): Star['agents'][number] {
  if (side === 'under' || side === 'over') {
    const step = AGENT_STEP - 4;
    const y = side === 'under' ? at.y + radius + 40 + index * step : at.y - radius - 38 - (count - 1 - index) * step;
    return { at: { x: at.x - radius - 8, y }, textAt: { x: at.x - radius - 8 + AGENT_RADIUS + 6, y: y + 4 }, anchor: 'start' };
  }
  const sign = side === 'left' ? -1 : 1;
  const place = { x: at.x + sign * (radius + 44), y: at.y + (index - (count - 1) / 2) * AGENT_STEP };
  return { at: place, textAt: { x: place.x + sign * (AGENT_RADIUS + 6), y: place.y + 4 }, anchor: side === 'left' ? 'end' : 'start' };
}

/** Pushed sideways until all of it is in the picture. */
function within(star: Star, width: number): Star {
  const push = Math.max(0, MARGIN - star.box.left) - Math.max(0, star.box.right - (width - MARGIN));
  return push === 0 ? star : moved(star, 0, push);
}

function moved(star: Star, down: number, across = 0): Star {
  const shift = (point: Point): Point => ({ x: point.x + across, y: point.y + down });
  const shiftBox = ({ left, top, right, bottom }: Box): Box => ({
    left: left + across,
    right: right + across,
    top: top + down,
    bottom: bottom + down,
  });
  return {
    ...star,
    at: shift(star.at),
    nameAt: shift(star.nameAt),
    agents: star.agents.map((agent) => ({ ...agent, at: shift(agent.at), textAt: shift(agent.textAt) })),
    box: shiftBox(star.box),
    words: star.words.map(shiftBox),
    from: across === 0 ? shift(star.from) : star.from,
    bend: { x: star.bend.x + across / 2, y: star.bend.y + down },
    timeAt: star.timeAt && shift(star.timeAt),
  };
}

function roomForTime(from: Point, peer: Star, written: readonly Box[]): Point | undefined {
  return [0.5, 0.42, 0.58, 0.66]
    .map((along) => onCurve(from, peer, along))
    .map(({ x, y }) => ({ x, y: y + 4 }))
    .find((at) => !written.some((box) => overlaps(textBox(at, '0000 ms', TIME_SIZE, 'middle'), box, 2)));
}

function onCurve(from: Point, { bend, at }: Star, along: number): Point {
  const rest = 1 - along;
  return {
    x: rest * rest * from.x + 2 * rest * along * bend.x + along * along * at.x,
    y: rest * rest * from.y + 2 * rest * along * bend.y + along * along * at.y,
  };
}

function crosses(from: Point, peer: Star, box: Box): boolean {
  for (let along = 0.15; along < 0.95; along += 0.05) {
    const { x, y } = onCurve(from, peer, along);
    if (x > box.left && x < box.right && y > box.top && y < box.bottom) return true;
  }
  return false;
}

/** Around a text whose baseline is at `at`. */
export function textBox(at: Point, text: string, size: number, anchor: 'start' | 'middle' | 'end'): Box {
  const width = textWidth(text, size);
  const left = anchor === 'start' ? at.x : anchor === 'end' ? at.x - width : at.x - width / 2;
  return { left, right: left + width, top: at.y - size, bottom: at.y + size * 0.4 };
}

/** An estimate on the safe side, by kinds of letters: measuring would need a page. */
function textWidth(text: string, size: number): number {
  let width = 0;
  for (const letter of text) width += letter.codePointAt(0)! > 0x2e7f ? 1.05 : /[mwMW@%&—…A-Z]/.test(letter) ? 0.86 : 0.58;
  return width * size;
}

/** A text that is no wider than that, shortened with an ellipsis. */
export function clipped(text: string, size: number, maxWidth: number): string {
  if (textWidth(text, size) <= maxWidth) return text;
  let kept = '';
  for (const letter of text) {
    if (textWidth(`${kept}${letter}…`, size) > maxWidth) break;
    kept += letter;
  }
  return `${kept.trimEnd()}…`;
}

export function overlaps(a: Box, b: Box, gap = 0): boolean {
  return a.left < b.right + gap && b.left < a.right + gap && a.top < b.bottom + gap && b.top < a.bottom + gap;
}
