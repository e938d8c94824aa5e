import { describe, expect, it } from 'vitest';
import { isHostUrl } from '../wire/host-url.ts';
import { hostUrls, socketUrl } from './host-urls.ts';
import type { PortState } from './port-mapping/opened-port.ts';

const OPEN: PortState = { state: 'open', by: 'UPnP', host: '203.0.113.5', port: 4001, isPublic: true };
const everywhere = { listen: { host: '0.0.0.0', port: 4000 }, listenUrls: [], upnp: 'listen' } as const;
const links = { url: 'ws://192.168.1.2:4000/' };

describe('where the card says that a host is', () => {
  it('is the port that the router opened, while the internet reaches it', () => {
    expect(hostUrls(everywhere, links, OPEN)).toEqual(['ws://203.0.113.5:4001/']);
    expect(hostUrls(everywhere, links, { ...OPEN, host: '100.64.0.7', isPublic: false })).toEqual([]);
    expect(hostUrls(everywhere, links, { state: 'closed', reason: '' })).toEqual([]);
    expect(hostUrls(everywhere, links)).toEqual([]);
  });

  it('is the address in the local network, too, where one is listened on', () => {
    const local = { ...everywhere, listen: { host: '192.168.1.2', port: 4000 } };
    expect(hostUrls(local, links, OPEN)).toEqual(['ws://203.0.113.5:4001/', links.url]);
    expect(hostUrls({ ...local, upnp: undefined }, links)).toEqual([links.url]);
  });

  it('is only what the operator says, where they do, and nothing of a port that leads to a proxy', () => {
    const told = { ...everywhere, listenUrls: ['wss://chat.example/link'] };
    expect(hostUrls(told, links, OPEN)).toEqual(told.listenUrls);
    expect(hostUrls({ ...everywhere, upnp: 443 }, links, { ...OPEN, port: 443 })).toEqual([]);
    expect(hostUrls({ ...everywhere, listen: undefined }, undefined, OPEN)).toEqual([]);
  });

  it.each([
    ['203.0.113.5', 80, 'ws://203.0.113.5/'],
    ['2001:DB8::1', 4000, 'ws://[2001:db8::1]:4000/'],
  ] as const)('is written as cards have it: %s %i', (host, port, url) => {
    expect(socketUrl(host, port)).toBe(url);
    expect(isHostUrl(url)).toBe(true);
  });
});
