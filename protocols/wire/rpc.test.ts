import { describe, expect, test } from 'vitest';
import { FlockworkError } from '../errors/error.ts';
import { rpcFailure, rpcNotification, rpcRequest, rpcSuccess } from './rpc.ts';

describe('requests', () => {
  test.each([
    { jsonrpc: '2.0', id: 1, method: 'ping' },
    { jsonrpc: '2.0', id: 'a', method: 'goal.get', params: { goalId: 'g' } },
    { jsonrpc: '2.0', method: 'ping', params: {} },
  ])('%j is one', (message) => expect(rpcRequest.parse(message)).toEqual(message));

  test.each([
    ['a batch', [{ jsonrpc: '2.0', id: 1, method: 'ping' }]],
    ['no version', { id: 1, method: 'ping' }],
    ['version 1.0', { jsonrpc: '1.0', id: 1, method: 'ping' }],
    ['no method', { jsonrpc: '2.0', id: 1 }],
    ['an empty method', { jsonrpc: '2.0', id: 1, method: '' }],
    ['a method of 129 characters', { jsonrpc: '2.0', id: 1, method: 'm'.repeat(129) }],
    ['parameters by position', { jsonrpc: '2.0', id: 1, method: 'ping', params: [1] }],
    ['null parameters', { jsonrpc: '2.0', id: 1, method: 'ping', params: null }],
    ['a null id', { jsonrpc: '2.0', id: null, method: 'ping' }],
    ['an object as id', { jsonrpc: '2.0', id: {}, method: 'ping' }],
    ['a huge id', { jsonrpc: '2.0', id: 'x'.repeat(257), method: 'ping' }],
    ['an unknown field', { jsonrpc: '2.0', id: 1, method: 'ping', extra: true }],
    ['a text', 'ping'],
    ['null', null],
  ])('%s is none', (_, message) => expect(rpcRequest.safeParse(message).success).toBe(false));
});

describe('answers', () => {
  test('a success and a notification carry what was given', () => {
    expect(rpcSuccess(7, { id: 'g' })).toEqual({ jsonrpc: '2.0', id: 7, result: { id: 'g' } });
    expect(rpcNotification('goal.event', { seq: 1 })).toEqual({ jsonrpc: '2.0', method: 'goal.event', params: { seq: 1 } });
  });

  test('a failure of the application is -32000 with the catalogue code, retryable and details', () => {
    const error = new FlockworkError('goal_ended', 'goal g1 has ended', { details: { goalId: 'g1' } });
    expect(rpcFailure('a', error)).toEqual({
      jsonrpc: '2.0',
      id: 'a',
      error: { code: -32_000, message: 'goal g1 has ended', data: { code: 'goal_ended', retryable: false, details: { goalId: 'g1' } } },
    });
  });

  test.each([
    ['invalid_json', -32_700],
    ['invalid_request', -32_602],
    ['method_unknown', -32_601],
    ['internal', -32_603],
    ['too_many_requests', -32_000],
  ] as const)('%s has the number %i', (code, number) => {
    const { error } = rpcFailure(null, new FlockworkError(code, 'x'));
    expect(error.code).toBe(number);
    expect(error.data.code).toBe(code);
  });

  test('retryable is what the thrower said, over the catalogue', () => {
    expect(rpcFailure(1, new FlockworkError('store_failed', 'x', { retryable: false })).error.data.retryable).toBe(false);
    expect(rpcFailure(1, new FlockworkError('store_failed', 'x')).error.data.retryable).toBe(true);
  });

  test('what is not ours is internal, and its stack and cause stay here', () => {
    const failure = rpcFailure(1, new TypeError('x is not a function', { cause: 'secret' }));
    expect(failure.error.data).toEqual({ code: 'internal', retryable: false });
    expect(JSON.stringify(failure)).not.toContain('secret');
  });
});
