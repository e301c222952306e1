import { describe, expect, test } from 'vitest';
import { anthropicPrice, configuredPrice, costMicroUsd, openaiPrice } from './prices.ts';

const usage = { input: 1_000, cacheRead: 500, cacheWrite: 0, output: 100, reasoning: 50 };

describe('the cost of a call', () => {
  test('unknown price or usage is null, not 0', () => {
    expect(openaiPrice('gpt-unheard-of')).toBeUndefined();
    expect(openaiPrice('toString')).toBeUndefined();
    expect(costMicroUsd(usage, undefined)).toBeNull();
    expect(costMicroUsd(null, { input: 1, output: 1 })).toBeNull();
  });

  test('a dated snapshot costs what its model costs, rounded up', () => {
    expect(openaiPrice('gpt-4o-mini-2024-07-18')).toEqual(openaiPrice('gpt-4o-mini'));
    expect(costMicroUsd(usage, openaiPrice('gpt-4o-mini'))).toBe(Math.ceil(1_000 * 0.15 + 500 * 0.075 + 100 * 0.6));
  });

  test('a long prompt costs twice the input and half as much again for the output', () => {
    const price = { input: 1, output: 10, longAboveTokens: 1_499 };
    expect(costMicroUsd(usage, price)).toBe(1_500 * 2 + 100 * 10 * 1.5);
    expect(costMicroUsd(usage, { ...price, longAboveTokens: 1_500 })).toBe(1_500 + 1_000);
  });

  test('Anthropic: reads and writes of the cache have prices of their own, and one model is dearer above 100,000 tokens', () => {
    expect(anthropicPrice('claude-haiku-4-5-20251001')).toEqual(anthropicPrice('claude-haiku-4-5'));
    expect(anthropicPrice('claude-unheard-of')).toBeUndefined();
    expect(costMicroUsd({ ...usage, cacheWrite: 200 }, anthropicPrice('claude-sonnet-5-5'))).toBe(1_000 * 2 + 500 * 0.1 + 200 * 2.5 + 100 * 10);
    const long = { ...usage, input: 100_000 };
    expect(costMicroUsd({ ...long, cacheRead: 0 }, anthropicPrice('claude-haiku-5-5'))).toBe(100_000 * 0.1 + 100 * 0.5);
    expect(costMicroUsd(long, anthropicPrice('claude-haiku-5-5'))).toBe(100_000 * 0.5 + 500 * 0.05 + 100 * 2.5);
  });

  test('the longest configured pattern wins, the exact name above all', () => {
    const price = (input: number) => ({ input, output: 0 });
    const prices = { 'openai/*': price(1), 'openai/gpt-*': price(2), 'openai/gpt-x': price(3) };
    expect(configuredPrice('openai/gpt-x', prices)?.input).toBe(3);
    expect(configuredPrice('openai/gpt-y', prices)?.input).toBe(2);
    expect(configuredPrice('openai/z', prices)?.input).toBe(1);
    expect(configuredPrice('ollama/z', prices)).toBeUndefined();
  });
});
