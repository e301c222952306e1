import { describe, expect, test } from 'vitest';
import { errorCatalogue, isErrorCode } from './catalogue.ts';
import { errorOf, FlockworkError, failureOf } from './error.ts';

describe('FlockworkError', () => {
  test('takes retryable from the catalogue unless the thrower knows better', () => {
    expect(new FlockworkError('model_cut', 'x').retryable).toBe(true);
    expect(new FlockworkError('model_cut', 'x', { retryable: false }).retryable).toBe(false);
    expect(new FlockworkError('goal_unknown', 'x').retryable).toBe(false);
  });

  test('keeps the cause, and has no details where none were given', () => {
    const cause = new Error('disk');
    expect(new FlockworkError('store_failed', 'x', { cause }).cause).toBe(cause);
    expect(new FlockworkError('store_failed', 'x').details).toBeUndefined();
    expect(Object.hasOwn(failureOf(new FlockworkError('store_failed', 'x')), 'details')).toBe(false);
    expect(Object.hasOwn(new FlockworkError('store_failed', 'x'), 'cause')).toBe(false);
  });
});

describe('failures travel as data', () => {
  test('there and back', () => {
    const error = new FlockworkError('quota_exceeded', 'the goal used its tokens', { retryable: true, details: { maxTokens: 5 } });
    const wire: unknown = JSON.parse(JSON.stringify(failureOf(error)));
    expect(wire).toEqual({ code: 'quota_exceeded', message: 'the goal used its tokens', retryable: true, details: { maxTokens: 5 } });
    expect(failureOf(errorOf(failureOf(error)))).toEqual(failureOf(error));
  });

  test('a code of a newer node is internal, its message and retryable kept', () => {
    expect(failureOf(errorOf({ code: 'from_tomorrow', message: 'x', retryable: true }))).toEqual({ code: 'internal', message: 'x', retryable: true });
  });

  test.each([
    ['text', 'text'],
    [new RangeError('range'), 'range'],
    [undefined, 'undefined'],
    [{ code: 'goal_unknown' }, '[object Object]'],
  ])('%s thrown by others becomes the fallback', (thrown, message) => {
    expect(failureOf(thrown)).toEqual({ code: 'internal', message, retryable: false });
    expect(failureOf(thrown, 'tool_failed')).toEqual({ code: 'tool_failed', message, retryable: false });
  });
});

test('isErrorCode knows the catalogue and nothing that objects inherit', () => {
  expect(Object.keys(errorCatalogue).every(isErrorCode)).toBe(true);
  expect(['', 'toString', '__proto__', 'constructor', 'Goal_unknown'].filter(isErrorCode)).toEqual([]);
});
