import { describe, expect, test } from 'vitest';
import { createAuthorizer } from '../auth.ts';
import { QuicPeers } from './quic-peers.ts';

const tokens = createAuthorizer({
  mode: 'token',
  tokens: [
    { tenant: 'acme', token: 'a' },
    { tenant: 'other', token: 'o' },
  ],
});
const loopback = createAuthorizer({ mode: 'loopback' });
const here = '127.0.0.1';
const elsewhere = '192.0.2.7';

describe('who is let in', () => {
  test('everyone without a list, those on it with one', () => {
    expect(new QuicPeers([], tokens).admits('p1')).toBe(true);
    const listed = new QuicPeers([{ peer: 'p1', tenant: 'acme' }], tokens);
    expect([listed.admits('p1'), listed.admits('p2')]).toEqual([true, false]);
  });
});

describe('for whom a stream speaks', () => {
  test('without tokens: the default tenant for peers of this machine, nobody else', () => {
    const peers = new QuicPeers([], loopback);
    expect(peers.claim('p1', here).tenantOf(undefined)).toBe('default');
    expect(() => peers.claim('p2', elsewhere).tenantOf(undefined)).toThrow(expect.objectContaining({ code: 'unauthorized' }));
  });

  test('a listed peer speaks for its tenant, from anywhere and without a token', () => {
    for (const authorizer of [tokens, loopback])
      expect(new QuicPeers([{ peer: 'p1', tenant: 'acme' }], authorizer).claim('p1', elsewhere).tenantOf(undefined)).toBe('acme');
  });

  test('a token of a listed peer must be one of its tenant', () => {
    const claim = (token: string): string => new QuicPeers([{ peer: 'p1', tenant: 'acme' }], tokens).claim('p1', here).tenantOf(token);
    expect(claim('a')).toBe('acme');
    expect(() => claim('o')).toThrow(expect.objectContaining({ code: 'forbidden' }));
    expect(() => claim('wrong')).toThrow(expect.objectContaining({ code: 'unauthorized' }));
  });

  test('a peer speaks for one tenant at a time, until its last stream is gone', () => {
    const peers = new QuicPeers([], tokens);
    const [first, second, third] = [peers.claim('p1', here), peers.claim('p1', here), peers.claim('p1', here)];
    expect(first.tenantOf('a')).toBe('acme');
    expect(second.tenantOf('a')).toBe('acme');
    expect(() => third.tenantOf('o')).toThrow(expect.objectContaining({ code: 'forbidden' }));
    third.release();
    first.release();
    first.release();
    expect(() => peers.claim('p1', here).tenantOf('o')).toThrow(expect.objectContaining({ code: 'forbidden' }));
    expect(peers.claim('p2', here).tenantOf('o')).toBe('other');
    second.release();
    expect(peers.claim('p1', here).tenantOf('o')).toBe('other');
  });
});
