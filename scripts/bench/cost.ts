/** What a piece of work took. Milliseconds; CPU is user and system time of this process. */
export interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

export async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  await work();
  const wallMs = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1_000 };
}

/** Runs both kinds of work `rounds` times, turn about: whoever comes first pays for what the other warmed. */
export async function alternating(rounds: number, ours: () => Promise<unknown>, bare: () => Promise<unknown>): Promise<{ ours: Cost[]; bare: Cost[] }> {
  const costs: { ours: Cost[]; bare: Cost[] } = { ours: [], bare: [] };
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const);
    for (const which of order) costs[which].push(await costOf(which === 'ours' ? ours : bare));
  }
  return costs;
}
