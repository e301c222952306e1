import { describe, expect, test } from 'vitest';
import { frameBytesMax } from './frame.ts';
import { blobChunkBytesMax, isMethodName, listLimitMax, type MethodName, methodParams } from './methods.ts';

const sha = '0'.repeat(64);
const accepts = (method: MethodName, params: unknown): boolean => methodParams[method].safeParse(params).success;

describe('parameters', () => {
  test.each<[MethodName, unknown]>([
    ['connection.open', { version: 1 }],
    ['connection.open', { version: 99, token: 'secret' }],
    ['ping', {}],
    ['goal.list', {}],
    ['goal.list', { limit: listLimitMax, after: 'x', status: 'running' }],
    ['goal.watch', { goalId: 'g', after: '0', deltas: true }],
    ['goal.watch', { goalId: 'g', after: '' }],
    ['goal.resume', { goalId: 'g', quota: { maxTokens: 1 } }],
    ['blob.put', { sha256: sha, offset: 0, size: 0, data: '' }],
    ['blob.get', { sha256: sha, offset: 5, length: blobChunkBytesMax }],
  ])('%s takes %j', (method, params) => expect(accepts(method, params)).toBe(true));

  test.each<[MethodName, unknown]>([
    ['connection.open', {}],
    ['connection.open', { version: '1' }],
    ['connection.open', { version: 1, token: 'x'.repeat(4_097) }],
    ['ping', { extra: 1 }],
    ['goal.get', {}],
    ['goal.get', { goalId: '' }],
    ['goal.get', { goalId: 'x'.repeat(129) }],
    ['goal.list', { limit: 0 }],
    ['goal.list', { limit: listLimitMax + 1 }],
    ['goal.list', { status: 'gone' }],
    ['goal.watch', { goalId: 'g', after: 0 }],
    ['goal.watch', { goalId: 'g', deltas: 'yes' }],
    ['goal.cancel', { goalId: 'g', reason: 'x'.repeat(1_025) }],
    ['blob.put', { sha256: 'short', offset: 0, size: 0, data: '' }],
    ['blob.put', { sha256: sha, offset: -1, size: 0, data: '' }],
    ['blob.put', { sha256: sha, offset: 0, size: 0, data: 'not base64!' }],
    ['blob.get', { sha256: sha, length: 0 }],
    ['message.send', { goalId: 'g', text: '' }],
  ])('%s refuses %j', (method, params) => expect(accepts(method, params)).toBe(false));

  test('no method takes a field that it does not know', () => {
    for (const method of Object.keys(methodParams).filter(isMethodName)) {
      const issues = methodParams[method].safeParse({ surely_unknown: 1 }).error?.issues ?? [];
      expect(issues.map(({ code }) => code)).toContain('unrecognized_keys');
    }
  });
});

test('method names are noun.verb or ping, and nothing that objects inherit', () => {
  expect(Object.keys(methodParams).filter((name) => name !== 'ping' && !/^[a-z]+\.[a-z]+$/.test(name))).toEqual([]);
  expect(['toString', '__proto__', 'constructor', 'goal.Get', ''].filter(isMethodName)).toEqual([]);
});

test('a chunk of a blob in base64 fits a frame with its envelope', () => {
  expect(Math.ceil(blobChunkBytesMax / 3) * 4 + 1_024).toBeLessThan(frameBytesMax);
});
