import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../checks/run.ts';
import { chartFile, chartText } from './files.ts';
import { type Chart, layOut } from './layout.ts';
import { movesOf } from './moves.ts';
import { plans } from './plans.ts';

describe.each(plans.map((plan) => [plan.machine.id, plan] as const))('the chart of %s', (machine, plan) => {
  const committed = readFileSync(join(root, chartFile(machine)), 'utf8');

  test('is what its machine gives; else run npm run charts', async () => {
    expect(committed).toBe(chartText(await layOut(plan)));
  });

  test('shows every state and every move of the machine', () => {
    const chart: Chart = JSON.parse(committed);
    const { states, moves } = movesOf(plan);
    expect(chart.states.map(({ id }) => id)).toEqual(states.map(({ id }) => id));
    expect(chart.moves.map(({ source, target, events }) => ({ source, target, events }))).toEqual(moves);
    expect(moves.length).toBeGreaterThan(5);
  });

  test('lies within its bounds', () => {
    const { width, height, states, moves }: Chart = JSON.parse(committed);
    for (const { box } of states) expect(box[0] >= 0 && box[1] >= 0 && box[0] + box[2] <= width && box[1] + box[3] <= height).toBe(true);
    for (const [x, y] of moves.flatMap(({ points }) => points)) expect(x >= 0 && y >= 0 && x <= width && y <= height).toBe(true);
  });
});
