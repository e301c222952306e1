import { expect, test } from 'vitest';
import { boundedCall } from './bounded-call.ts';

const options = { name: 'x.y', timeoutMs: 60_000, stopGraceMs: 60_000, signal: new AbortController().signal };
const untilAborted = (signal: AbortSignal) => new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));

test('gives the result, and what the work throws', async () => {
  expect(await boundedCall(options, async () => 7)).toBe(7);
  await expect(boundedCall(options, () => Promise.reject(new RangeError('mine')))).rejects.toThrow(RangeError);
});

test('a timeout tells the work to stop and is tool_timeout', async () => {
  await expect(boundedCall({ ...options, timeoutMs: 20 }, untilAborted)).rejects.toMatchObject({
    code: 'tool_timeout',
    details: { tool: 'x.y', timeoutMs: 20 },
  });
});

test('an abort tells the work to stop and is aborted, also before it began', async () => {
  const controller = new AbortController();
  const running = boundedCall({ ...options, signal: controller.signal }, untilAborted);
  controller.abort();
  await expect(running).rejects.toMatchObject({ code: 'aborted' });
  let began = false;
  const late = boundedCall({ ...options, signal: controller.signal }, async () => {
    began = true;
  });
  await expect(late).rejects.toMatchObject({ code: 'aborted' });
  expect(began).toBe(false);
});

test('work that does not stop is left alone after the grace', async () => {
  const stubborn = () => new Promise<never>(() => undefined);
  await expect(boundedCall({ ...options, timeoutMs: 20, stopGraceMs: 20 }, stubborn)).rejects.toMatchObject({ code: 'tool_timeout' });
});
