import { describe } from 'vitest';
import { smallCipherContract } from '../../test/contracts/small-cipher-contract.ts';
import * as cipher from './small-cipher.ts';

describe('the cipher of small frames', () => smallCipherContract(cipher));
