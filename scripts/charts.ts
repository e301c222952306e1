/** `npm run charts`: lays out the chart of every machine for the inspector. The files are committed; a test fails when one is not what its machine gives. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chartFile, chartText } from './charts/files.ts';
import { layOut } from './charts/layout.ts';
import { plans } from './charts/plans.ts';
import { root } from './checks/run.ts';

for (const plan of plans) {
  const chart = await layOut(plan);
  writeFileSync(join(root, chartFile(chart.machine)), chartText(chart));
  process.stdout.write(`charts: ${chart.machine} ${chart.width} x ${chart.height}, ${chart.states.length} states, ${chart.moves.length} moves\n`);
}
