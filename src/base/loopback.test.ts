import { describe, expect, it } from 'vitest';
import { isLoopback, isPlaintextUrl } from './loopback.ts';

describe('an address', () => {
  it('is this machine’s own in all its forms, and in no form that only looks like one', () => {
    for (const host of ['localhost', 'LOCALHOST', 'app.localhost', '127.0.0.1', '127.8.0.1', '::1', '[::1]']) expect(isLoopback(host)).toBe(true);
    for (const host of ['localhost.example', '127.0.0.1.example', '128.0.0.1', '0.0.0.0', '::', '[::]', 'notlocalhost'])
      expect(isLoopback(host)).toBe(false);
  });

  it('is plaintext where it crosses a network without TLS', () => {
    for (const url of ['http://192.168.1.2/mcp', 'ws://x.example/', 'http://x.example']) expect(isPlaintextUrl(url)).toBe(true);
    for (const url of ['https://x.example', 'wss://x.example/', 'http://localhost:8080/', 'http://[::1]/', 'nothing'])
      expect(isPlaintextUrl(url)).toBe(false);
  });
});
