import { readFileSync } from 'node:fs';

/** Ticks of the kernel's accounting in a second, on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU that a process has used so far, in milliseconds, and the memory it has now, in MB. Linux only. */
export function usageOf(pid: number): { readonly cpuMs: number; readonly rssMb: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name of the program may hold anything, and ends with the last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const rssKb = Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
  return { cpuMs: (ticks / ticksPerSecond) * 1_000, rssMb: rssKb / 1_024 };
}
