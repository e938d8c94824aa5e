import { describe } from 'vitest';
import { hashContract } from '../../../test/contracts/hash-contract.ts';
import { keyExchangeContract } from '../../../test/contracts/key-exchange-contract.ts';
import { smallCipherContract } from '../../../test/contracts/small-cipher-contract.ts';
import * as scriptHash from '../../crypto/hash.ts';
import * as scriptKeyExchange from '../../crypto/key-exchange.ts';
import * as hash from './hash.ts';
import * as keyExchange from './key-exchange.ts';
import * as smallCipher from './small-cipher.ts';

describe('the cipher of small frames by OpenSSL', () => smallCipherContract(smallCipher));

describe.each([
  ['in script', scriptKeyExchange],
  ['by OpenSSL', keyExchange],
])('the key exchange %s', (_name, implementation) => keyExchangeContract(implementation));

describe.each([
  ['in script', scriptHash],
  ['by OpenSSL', hash],
])('hashes %s', (_name, implementation) => hashContract(implementation));
