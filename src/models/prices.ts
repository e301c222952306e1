import type { TokenUsage } from '../../protocols/goals/goal.ts';

/** US dollars per million tokens, which is the same number as micro-dollars per token. */
export interface Price {
  readonly input: number;
  readonly output: number;
  /** Default: as input. */
  readonly cacheRead?: number | undefined;
  /** Default: as input. */
  readonly cacheWrite?: number | undefined;
  /** Above this many prompt tokens the whole request costs more, by `longFactors`. */
  readonly longAboveTokens?: number | undefined;
  /** Default: twice the input and one and a half times the output. */
  readonly longFactors?: { readonly input: number; readonly output: number } | undefined;
}

// The tables below were last compared with published prices on 2026-11-21 (openai) and 2026-10-24 (anthropic).

const longAboveTokens = 272_000;
const longFactorsDefault = { input: 2, output: 1.5 };

/** Standard tier of api.openai.com. A model that is not here has no known price; the configuration can name one. */
const openaiPrices: Readonly<Record<string, Price>> = {
  'gpt-6-astra': { input: 10, cacheRead: 1, output: 50, longAboveTokens },
  'gpt-6.1-sol': { input: 2, cacheRead: 0.1, output: 10, longAboveTokens },
  'gpt-6.1-terra': { input: 1, cacheRead: 0.05, cacheWrite: 1.25, output: 5, longAboveTokens },
  'gpt-6-sol': { input: 2, cacheRead: 0.2, cacheWrite: 2.5, output: 10, longAboveTokens },
  'gpt-6-luna': { input: 0.1, cacheRead: 0.01, cacheWrite: 0.125, output: 0.5, longAboveTokens },
  'gpt-5.6-terra': { input: 2, cacheRead: 0.2, output: 12, longAboveTokens },
  'gpt-5.6-luna': { input: 0.2, cacheRead: 0.02, output: 1.2, longAboveTokens },
  'gpt-5.4': { input: 2.5, cacheRead: 0.25, output: 15, longAboveTokens },
  'gpt-5.4-mini': { input: 0.75, cacheRead: 0.075, output: 4.5 },
  'gpt-5.2': { input: 1.75, cacheRead: 0.175, output: 14 },
  'gpt-5': { input: 1.25, cacheRead: 0.125, output: 10 },
  'gpt-5-mini': { input: 0.25, cacheRead: 0.025, output: 2 },
  'gpt-5-nano': { input: 0.05, cacheRead: 0.005, output: 0.4 },
  'gpt-4.1': { input: 2, cacheRead: 0.5, output: 8 },
  'gpt-4.1-mini': { input: 0.4, cacheRead: 0.1, output: 1.6 },
  'gpt-4.1-nano': { input: 0.1, cacheRead: 0.025, output: 0.4 },
  'gpt-4o': { input: 2.5, cacheRead: 1.25, output: 10 },
  'gpt-4o-mini': { input: 0.15, cacheRead: 0.075, output: 0.6 },
};

/** The built-in price of a model of api.openai.com, by its name or the name of a dated snapshot of it. */
export function openaiPrice(name: string): Price | undefined {
  const plain = name.replace(/-\d{4}-\d{2}-\d{2}$/, '');
  return Object.hasOwn(openaiPrices, plain) ? openaiPrices[plain] : undefined;
}

/** Standard tier of api.anthropic.com; what is written to its cache, for five minutes. */
const anthropicPrices: Readonly<Record<string, Price>> = {
  'claude-fable-5-1': { input: 10, cacheRead: 0.25, cacheWrite: 12.5, output: 50 },
  'claude-mythos-5-1': { input: 10, cacheRead: 0.25, cacheWrite: 12.5, output: 50 },
  'claude-fable-5': { input: 10, cacheRead: 1, cacheWrite: 12.5, output: 50 },
  'claude-mythos-5': { input: 10, cacheRead: 1, cacheWrite: 12.5, output: 50 },
  'claude-opus-5-5': { input: 4, cacheRead: 0.2, cacheWrite: 5, output: 20 },
  'claude-opus-5': { input: 5, cacheRead: 0.5, cacheWrite: 6.25, output: 25 },
  'claude-opus-4-8': { input: 5, cacheRead: 0.5, cacheWrite: 6.25, output: 25 },
  'claude-opus-4-7': { input: 5, cacheRead: 0.5, cacheWrite: 6.25, output: 25 },
  'claude-opus-4-6': { input: 5, cacheRead: 0.5, cacheWrite: 6.25, output: 25 },
  'claude-opus-4-5': { input: 5, cacheRead: 0.5, cacheWrite: 6.25, output: 25 },
  'claude-sonnet-5-5': { input: 2, cacheRead: 0.1, cacheWrite: 2.5, output: 10 },
  'claude-sonnet-5': { input: 2, cacheRead: 0.2, cacheWrite: 2.5, output: 10 },
  'claude-sonnet-4-6': { input: 3, cacheRead: 0.3, cacheWrite: 3.75, output: 15 },
  'claude-haiku-5-5': { input: 0.1, cacheRead: 0.01, cacheWrite: 0.125, output: 0.5, longAboveTokens: 100_000, longFactors: { input: 5, output: 5 } },
  'claude-haiku-4-5': { input: 1, cacheRead: 0.1, cacheWrite: 1.25, output: 5 },
};

/** The built-in price of a model of api.anthropic.com, by its name or the name of a dated snapshot of it. */
export function anthropicPrice(name: string): Price | undefined {
  const plain = name.replace(/-\d{8}$/, '');
  return Object.hasOwn(anthropicPrices, plain) ? anthropicPrices[plain] : undefined;
}

/** The configured price of `provider/name`: the exact entry, else the longest one that ends in `*` and fits. */
export function configuredPrice(model: string, prices: Readonly<Record<string, Price>> | undefined): Price | undefined {
  if (prices === undefined) return undefined;
  if (Object.hasOwn(prices, model)) return prices[model];
  const fitting = Object.keys(prices).filter((pattern) => pattern.endsWith('*') && model.startsWith(pattern.slice(0, -1)));
  const longest = fitting.toSorted((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : prices[longest];
}

/** Micro-dollars of one call, rounded up; null when price or usage is unknown. */
export function costMicroUsd(usage: TokenUsage | null, price: Price | undefined): number | null {
  if (usage === null || price === undefined) return null;
  const long = price.longAboveTokens !== undefined && usage.input + usage.cacheRead + usage.cacheWrite > price.longAboveTokens;
  const prompt = usage.input * price.input + usage.cacheRead * (price.cacheRead ?? price.input) + usage.cacheWrite * (price.cacheWrite ?? price.input);
  const factors = long ? (price.longFactors ?? longFactorsDefault) : { input: 1, output: 1 };
  const cost = prompt * factors.input + usage.output * price.output * factors.output;
  return Math.ceil(Number(cost.toFixed(6)));
}
