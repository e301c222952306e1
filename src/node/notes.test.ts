import { expect, test } from 'vitest';
import { createNotes, noteKindsMax, noteRepeatMs } from './notes.ts';

function notes(): { tell: (line: string) => void; told: string[]; pass: (ms: number) => void } {
  const told: string[] = [];
  let now = 1_000;
  const tell = createNotes((line) => told.push(line), { now: () => now });
  const pass = (ms: number): void => {
    now += ms;
  };
  return { tell, told, pass };
}

test('what says the same but for its numbers is told once, then counted', () => {
  const { tell, told, pass } = notes();
  for (let shard = 0; shard < 64; shard++) tell(`the inbox of shard ${shard} could not be read`);
  tell('pool default could not be read');
  expect(told).toEqual(['the inbox of shard 0 could not be read', 'pool default could not be read']);
  pass(noteRepeatMs);
  tell('the inbox of shard 7 could not be read');
  tell('pool default could not be read');
  expect(told.slice(2)).toEqual(['the inbox of shard 7 could not be read (and 63 times more since)', 'pool default could not be read']);
});

test('what is remembered is bounded', () => {
  const { tell, told } = notes();
  const kind = (index: number): string => 'x'.repeat(index + 1);
  for (let index = 0; index <= noteKindsMax; index++) tell(kind(index));
  tell(kind(0));
  tell(kind(noteKindsMax));
  expect(told).toHaveLength(noteKindsMax + 2);
});
