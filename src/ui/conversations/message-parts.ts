/** What a message's text is made of, in order. Joined, the parts' texts say all that was written. */
export type MessagePart =
  | { readonly kind: 'text' | 'code' | 'block'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string };

/** A line of three backticks, with a language's name or without, opens a block of code; one without closes it. */
const FENCE = /^```[\w+#.-]{0,20}[ \t]*$/;
const INLINE = /`([^`\n]+)`|https?:\/\/[^\s<>"`]+/gi;
/** What ends a sentence rather than an address. */
const TRAILING = /[.,;:!?'…”’]+$/;

/** Splits a message into running text, code and links; every text is some message, and time grows with its length only. */
export function messageParts(message: string): readonly MessagePart[] {
  const parts: MessagePart[] = [];
  let running: string[] = [];
  let block: string[] | undefined;
  const flush = (): void => {
    // Empty lines beside a block are its margin.
    if (block || parts.at(-1)?.kind === 'block') running = withoutEmptyEdges(running, parts.length > 0, block !== undefined);
    if (running.length > 0) parts.push(...inlineParts(running.join('\n')));
    running = [];
  };
  for (const line of message.split('\n')) {
    if (block && line.trimEnd() === '```') {
      parts.push({ kind: 'block', text: block.join('\n') });
      block = undefined;
    } else if (block) {
      block.push(line);
    } else if (FENCE.test(line)) {
      block = [];
      flush();
    } else {
      running.push(line);
    }
  }
  if (block) parts.push({ kind: 'block', text: block.join('\n') });
  flush();
  return parts;
}

function withoutEmptyEdges(lines: readonly string[], atStart: boolean, atEnd: boolean): string[] {
  const isFull = (line: string): boolean => line.trim() !== '';
  const start = atStart ? Math.max(0, lines.findIndex(isFull)) : 0;
  const end = atEnd ? lines.findLastIndex(isFull) + 1 : lines.length;
  return lines.some(isFull) ? lines.slice(start, end) : [];
}

function inlineParts(text: string): readonly MessagePart[] {
  const parts: MessagePart[] = [];
  let done = 0;
  const push = (part: MessagePart, start: number, end: number): void => {
    if (start > done) parts.push({ kind: 'text', text: text.slice(done, start) });
    parts.push(part);
    done = end;
  };
  for (const match of text.matchAll(INLINE)) {
    if (match[1] !== undefined) {
      push({ kind: 'code', text: match[1] }, match.index, match.index + match[0].length);
      continue;
    }
    const shown = withoutClosing(match[0].replace(TRAILING, ''));
    const href = webAddress(shown);
    if (href) push({ kind: 'link', text: shown, href }, match.index, match.index + shown.length);
  }
  if (done < text.length) parts.push({ kind: 'text', text: text.slice(done) });
  return parts;
}

/** A bracket that closes what was opened before the address belongs to the sentence. */
function withoutClosing(address: string): string {
  return address.endsWith(')') && !address.includes('(') ? address.replace(/\)+$/, '').replace(TRAILING, '') : address;
}

/** Only addresses of the web lead anywhere; `javascript:` and its kin are text. */
function webAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, href } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && hostname !== '' ? href : undefined;
}
