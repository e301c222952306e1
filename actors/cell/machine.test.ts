import { expect, test } from 'vitest';
import { chartOf } from './chart.ts';
import { fact } from './kind.ts';
import { Machine } from './machine.ts';

const chart = chartOf<'off' | 'on' | 'done'>('lamp', 'off', {
  off: { on: { press: ['on'] } },
  on: { tags: ['lit'], on: { press: ['off', 'stay'], break: ['done'] } },
  done: { final: true },
});
const told = [fact('task.started', { at: 1 }), fact('task.completed', { at: 2 })];
const press = { type: 'press', at: 1 };

test('what a verdict emits comes out in its order, and nothing where the chart refuses the input', () => {
  const machine = new Machine(chart);
  expect(machine.send(press, { go: 'on', emit: told })).toEqual(told);
  expect(machine.snapshot.value).toBe('on');
  expect(machine.send({ type: 'unknown', at: 1 }, { emit: told })).toEqual([]);
});

test('a rest changes nothing: state, tags and context stay, and the next input goes on from there', () => {
  const machine = new Machine(chart);
  machine.send(press, { go: 'on', emit: [], context: { presses: 1 } });
  machine.rest();
  expect(machine.snapshot).toMatchObject({ value: 'on', status: 'active', context: { presses: 1 } });
  expect(machine.snapshot.hasTag('lit')).toBe(true);
  expect(machine.send(press, { emit: told })).toEqual(told);
  expect(machine.snapshot).toMatchObject({ value: 'on', context: { presses: 1 } });
  machine.rest();
  machine.send({ type: 'break', at: 2 }, { go: 'done', emit: [] });
  machine.rest();
  expect(machine.snapshot).toMatchObject({ value: 'done', status: 'done' });
});
