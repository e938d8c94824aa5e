import { describe, expect, it } from 'vitest';
import { utf8 } from '../base/bytes.ts';
import { joinNodes, localNode } from '../../test/doubles/local-nodes.ts';
import type { Publication } from './api.ts';
import type { Node } from './node.ts';

function next(node: Node, topic: string): Promise<Publication> {
  return new Promise((resolve) => {
    const stop = node.subscribe(topic, (publication) => {
      stop();
      resolve(publication);
    });
  });
}

describe('publishing', () => {
  it('reaches nodes without a link to the author, once, with the author’s name', async () => {
    const [a, b, c] = await Promise.all([localNode(1), localNode(2), localNode(3)]);
    await joinNodes(a, b);
    await joinNodes(b, c);
    const heard: string[] = [];
    c.subscribe('weather', ({ payload }) => heard.push(new TextDecoder().decode(payload)));
    const last = next(c, 'end');
    a.publish('weather', utf8('sun'));
    a.publish('weather', utf8('rain'));
    a.publish('end', utf8(''));
    expect((await last).author).toBe(a.id);
    expect(heard).toEqual(['sun', 'rain']);
    await Promise.all([a.close(), b.close(), c.close()]);
  });

  it('says what cannot be published', async () => {
    const node = await localNode(1);
    expect(() => node.publish('', utf8('x'))).toThrow('A topic has');
    expect(() => node.publish('t', new Uint8Array(16 * 1024))).toThrow('At most');
    await node.close();
  });
});
