import type { Quota } from '../../protocols/goals/goal.ts';
import type { Allotment } from '../../protocols/goals/task.ts';

/** What can be reserved and spent. Money in micro-dollars. */
export interface Amounts {
  tokens: number;
  toolCalls: number;
  costMicroUsd: number;
}

/** The account of one goal. For each amount: spent + reserved never passes the limit by a grant; plain JSON in the coordinator's table. */
export interface Ledger {
  limits: Amounts;
  spent: Amounts;
  /** Reserved, by attempt (`t3-1`). */
  reserved: Record<string, Amounts>;
  /** The sum of `reserved`, kept beside it so that a grant costs the same with ten tasks and ten thousand. */
  held: Amounts;
  modelCalls: number;
  costUnknown: boolean;
  estimated: boolean;
  warned: string[];
}

export interface Spending extends Amounts {
  readonly modelCalls: number;
  readonly costUnknown: boolean;
  readonly estimated: boolean;
}

const names = ['tokens', 'toolCalls', 'costMicroUsd'] as const;
const microUsd = 1_000_000;
/** The share of a limit at which quota.warned is told. */
const warnShare = 0.8;

/** The quota that a name of the ledger comes from. */
const quotaNames = { tokens: 'maxTokens', toolCalls: 'maxToolCalls', costMicroUsd: 'maxCostUsd' } as const;

function limitsOf(quota: Quota): Amounts {
  return { tokens: quota.maxTokens, toolCalls: quota.maxToolCalls, costMicroUsd: Math.round(quota.maxCostUsd * microUsd) };
}

const none = (): Amounts => ({ tokens: 0, toolCalls: 0, costMicroUsd: 0 });

export function openLedger(quota: Quota): Ledger {
  return { limits: limitsOf(quota), spent: none(), reserved: {}, held: none(), modelCalls: 0, costUnknown: false, estimated: false, warned: [] };
}

export function raiseLimits(ledger: Ledger, quota: Quota): void {
  ledger.limits = limitsOf(quota);
  ledger.warned = [];
}

/** What is neither spent nor reserved. */
export function available(ledger: Ledger): Amounts {
  const left = none();
  for (const name of names) left[name] = Math.max(0, ledger.limits[name] - ledger.spent[name] - ledger.held[name]);
  return left;
}

/** Reserves an even share of what is left for an attempt, when `tasksLeft` tasks (this one included) are still to share it. */
export function reserveShare(ledger: Ledger, attempt: string, tasksLeft: number, ticks: number): Allotment {
  const left = available(ledger);
  const share = none();
  for (const name of names) share[name] = Math.floor(left[name] / Math.max(1, tasksLeft));
  hold(ledger, attempt, share);
  return { ticks, ...share };
}

/** Grants an attempt more: twice what it needs if that is left, else what it needs. Undefined, and the quota that stands in the way, when it is not. */
export function grantMore(
  ledger: Ledger,
  attempt: string,
  need: { readonly tokens: number; readonly toolCalls: number; readonly costMicroUsd: number },
): Amounts | { readonly short: string } {
  const left = available(ledger);
  const wanted: Amounts = { tokens: need.tokens, toolCalls: need.toolCalls, costMicroUsd: need.costMicroUsd };
  for (const name of names) {
    if (wanted[name] > left[name]) return { short: quotaNames[name] };
  }
  const grant: Amounts = {
    tokens: Math.min(left.tokens, wanted.tokens * 2),
    toolCalls: Math.min(left.toolCalls, wanted.toolCalls * 2),
    costMicroUsd: Math.max(wanted.costMicroUsd, Math.floor(left.costMicroUsd / 4)),
  };
  hold(ledger, attempt, grant);
  return grant;
}

/** The attempt is over: what it spent is spent, what it did not returns. */
export function settleAttempt(ledger: Ledger, attempt: string, spending: Spending): void {
  const held = ledger.reserved[attempt];
  if (held !== undefined) {
    for (const name of names) ledger.held[name] -= held[name];
    delete ledger.reserved[attempt];
  }
  for (const name of names) ledger.spent[name] += spending[name];
  ledger.modelCalls += spending.modelCalls;
  ledger.costUnknown ||= spending.costUnknown;
  ledger.estimated ||= spending.estimated;
}

/** An attempt whose worker never told what it used: its whole reservation counts as spent. */
export function settleUnknown(ledger: Ledger, attempt: string): void {
  const held = ledger.reserved[attempt] ?? none();
  settleAttempt(ledger, attempt, { ...held, modelCalls: 0, costUnknown: false, estimated: true });
}

/** The quotas that have passed their warning share since the last call, each told once. */
export function newWarnings(ledger: Ledger): { quota: string; used: number; limit: number }[] {
  const told: { quota: string; used: number; limit: number }[] = [];
  for (const name of names) {
    const quota = quotaNames[name];
    if (ledger.warned.includes(quota) || ledger.limits[name] <= 0 || ledger.spent[name] < ledger.limits[name] * warnShare) continue;
    ledger.warned.push(quota);
    const scale = name === 'costMicroUsd' ? microUsd : 1;
    told.push({ quota, used: ledger.spent[name] / scale, limit: ledger.limits[name] / scale });
  }
  return told;
}

/** What a quota of the goal stands at, in the unit of the quota. */
export function quotaFigures(ledger: Ledger, quota: string): { used: number; limit: number } {
  const name = names.find((one) => quotaNames[one] === quota) ?? 'tokens';
  const scale = name === 'costMicroUsd' ? microUsd : 1;
  return { used: (ledger.spent[name] + ledger.held[name]) / scale, limit: ledger.limits[name] / scale };
}

function hold(ledger: Ledger, attempt: string, amounts: Amounts): void {
  const held = ledger.reserved[attempt] ?? none();
  ledger.reserved[attempt] = held;
  for (const name of names) {
    held[name] += amounts[name];
    ledger.held[name] += amounts[name];
  }
}
