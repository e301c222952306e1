/**
 * `npm run fuzz -- [--seed N] [--count M] [--sessions S]`: sends M messages, whole and spoiled, in frames and without, through the frame decoder
 * and the dispatcher of the gateway over a real journal, and checks that nothing escapes, that each gets exactly its answer or the connection
 * ends with a told error, and that memory returns. A session is its seed: a failing one runs again with `--seed N --sessions 1`.
 */
import { parseArgs } from 'node:util';
import { runFuzz } from './run.ts';

const countDefault = 100_000;
/** Bytes that a long run may hold more than a short one. */
const heldBytesMax = 16_777_216;

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { seed: { type: 'string' }, count: { type: 'string' }, sessions: { type: 'string' } } });
  const seed = Number(values.seed ?? 1);
  const count = Number(values.count ?? countDefault);
  const sessions = values.sessions === undefined ? undefined : Number(values.sessions);
  if (![seed, count, sessions ?? 1].every((figure) => Number.isSafeInteger(figure) && figure >= 0)) {
    process.stderr.write('fuzz: --seed N --count M --sessions S, whole numbers from 0 on\n');
    return 2;
  }
  const started = process.cpuUsage();
  const report = await runFuzz({ seed, count, ...(sessions === undefined ? {} : { sessions }) });
  const { user, system } = process.cpuUsage(started);
  const { broken, heldBytes } = report;
  const leaked = heldBytes !== undefined && heldBytes > heldBytesMax;
  const ended = Object.entries(report.endedAs).map(([code, times]) => `${times} ${code}`);
  process.stdout.write(
    [
      `${report.messages} messages over ${report.sessions} connections from seed ${seed}: ${report.answers} answers, ${report.events} events`,
      `connections ended with an error: ${ended.length === 0 ? 'none' : ended.join(', ')}`,
      `memory held afterwards: ${heldBytes === undefined ? 'not measured, the run was short' : `${(heldBytes / 1_048_576).toFixed(1)} MiB more than after the warm-up; at most ${heldBytesMax / 1_048_576} are allowed`}`,
      `CPU time ${((user + system) / 1_000_000).toFixed(1)} s`,
      ...(broken === undefined ? [] : [`seed ${broken.seed}: ${broken.violation}`, `  again: npm run fuzz -- --seed ${broken.seed} --sessions 1`]),
      ...(leaked ? ['memory did not return'] : []),
      `${broken === undefined && !leaked ? 'all promises kept' : 'FAILED'}\n`,
    ].join('\n'),
  );
  return broken === undefined && !leaked ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
