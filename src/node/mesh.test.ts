import { describe, expect, it } from 'vitest';
import { seededEntropy } from '../../test/support/seeded-identity.ts';
import { nodeIdOf, personIdOf } from '../base/ids.ts';
import { openNetworkId } from '../wire/networks.ts';
import { Mesh, type MeshOutput } from './mesh.ts';

const START = 1_800_000_000_000;
const key = (index: number): Uint8Array => new Uint8Array(32).fill(index);

describe('the mesh', () => {
  it('counts what the protocols beside it blame on a neighbour, and ends its session', () => {
    const mesh = new Mesh({
      me: nodeIdOf(key(1)),
      networkId: openNetworkId('test'),
      entropy: seededEntropy(1),
      person: personIdOf(key(1)),
      sealingKey: key(1),
      now: START,
      isBehindHosts: false,
      isInUse: () => false,
      linkCountOf: () => undefined,
      turns: { areComing: () => false },
    });
    const node = nodeIdOf(key(2));
    mesh.handle({ type: 'session', node, person: personIdOf(key(3)), kind: 'memory', connection: 1, stream: undefined }, START);
    for (let count = 0; count < 3; count++) mesh.handle({ type: 'misbehaved', node, offence: 'malformed', detail: 'A path that is none.' }, START);
    const outputs: MeshOutput[] = [];
    for (let output = mesh.poll(); output; output = mesh.poll()) outputs.push(output);
    expect(outputs.filter(({ type }) => type === 'misbehaved')).toHaveLength(3);
    expect(outputs.at(-1)).toMatchObject({ type: 'refuse', node });
    expect(mesh.refuses(node, undefined, START)).toBe(true);
  });
});
