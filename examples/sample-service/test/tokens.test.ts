import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearer, issueToken, readToken } from '../src/auth/tokens.ts';

const now = new Date('2026-03-01T12:00:00Z');
const claims = { customer: 'ada@example.com', staff: false, expires: now.getTime() / 1000 + 60 };

test('a token reads back', () => {
  assert.deepEqual(readToken(issueToken(claims, 'secret'), 'secret', now), claims);
});

test('another secret, a changed payload or too late: no claims', () => {
  const token = issueToken(claims, 'secret');
  assert.equal(readToken(token, 'other', now), undefined);
  assert.equal(readToken(`x${token}`, 'secret', now), undefined);
  assert.equal(readToken(token, 'secret', new Date('2026-03-01T12:01:01Z')), undefined);
});

test('the header holds the token', () => {
  assert.equal(bearer('Bearer abc'), 'abc');
  assert.equal(bearer('Basic abc'), undefined);
  assert.equal(bearer(undefined), undefined);
});
