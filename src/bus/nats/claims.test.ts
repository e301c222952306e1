import { describe, expect, test } from 'vitest';
import { Claim, Claims } from './claims.ts';

const ackWaitMs = 10_000;
const closed = expect.objectContaining({ code: 'closed' });

describe('a claim', () => {
  test('is over when its time is, a little before the server may pass the message on', () => {
    expect(() => new Claim(ackWaitMs, 'm1', performance.now()).check()).not.toThrow();
    expect(() => new Claim(ackWaitMs, 'm1', performance.now() - ackWaitMs + 10).check()).toThrow(closed);
  });

  test('counts anew from when a renewal was asked for, and cannot be renewed once it is over', () => {
    const claim = new Claim(ackWaitMs, 'm1', performance.now() - ackWaitMs / 2);
    claim.renew(performance.now() - ackWaitMs);
    expect(() => claim.check()).toThrow(closed);
    expect(() => claim.renew(performance.now())).toThrow(closed);
  });

  test('is over when it was settled', () => {
    const claim = new Claim(ackWaitMs, 'm1', performance.now());
    claim.settle();
    expect(() => claim.check()).toThrow(closed);
  });

  test('is over when this process sees a later delivery of the message', () => {
    const claims = new Claims();
    const [first, second, other] = ['m1', 'm1', 'm2'].map((name) => new Claim(ackWaitMs, name, performance.now()));
    if (first === undefined || second === undefined || other === undefined) throw new Error('three claims were made');
    claims.take(1, first);
    claims.take(2, other);
    claims.take(1, second);
    expect(() => first.check()).toThrow(closed);
    expect(() => second.check()).not.toThrow();
    expect(() => other.check()).not.toThrow();
  });
});
