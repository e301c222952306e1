import { canMakeNamespaces, namespaces } from './namespaces.ts';
import { gates, type Network } from './network.ts';
import { runSeed } from './run-seed.ts';

export interface HistoriesRun {
  readonly seeds: number;
  readonly from: number;
  readonly broken: number;
  readonly network: string;
  readonly operations: number;
  readonly unknown: number;
  readonly refused: number;
  readonly openings: number;
  readonly redelivered: number;
}

/** Runs seeds in a row and tells each in a line; one that breaks something with its story. */
export async function runHistories(seeds: number, from: number, networkName: string): Promise<HistoriesRun> {
  const network = await networkOf(networkName);
  const sums = { broken: 0, operations: 0, unknown: 0, refused: 0, openings: 0, redelivered: 0 };
  for (let seed = from; seed < from + seeds; seed += 1) {
    const { violations, story, figures } = await runSeed(seed, network);
    for (const name of ['operations', 'unknown', 'refused', 'openings', 'redelivered'] as const) sums[name] += figures[name];
    const { operations, unknown, refused, openings, redelivered } = figures;
    const verdict = violations.length === 0 ? 'kept' : `BROKEN (${violations.length})`;
    process.stdout.write(
      `seed ${seed}: ${verdict}; ${operations} operations, ${unknown} unknown, ${refused} refused, ${openings} openings, ${redelivered} delivered again\n`,
    );
    for (const line of story) process.stdout.write(`  ${line}\n`);
    if (violations.length > 0) sums.broken += 1;
  }
  return { seeds, from, network: network.name, ...sums };
}

async function networkOf(name: string): Promise<Network> {
  if (name === 'gates') return gates;
  if (name === 'namespaces') return namespaces;
  if (name === 'auto') return (await canMakeNamespaces()) ? namespaces : gates;
  throw new Error(`there is no network '${name}'; there are gates, namespaces and auto`);
}
