import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Mailbox } from './mailbox.ts';

interface Letter {
  readonly id: number;
  readonly outside: boolean;
}

const boxOf = (messagesMax: number): Mailbox<Letter> => new Mailbox<Letter>(messagesMax, ({ outside }) => outside);
const outsider = (id: number): Letter => ({ id, outside: true });
const insider = (id: number): Letter => ({ id, outside: false });

describe('a mailbox', () => {
  test('hands out in the order of arrival, insiders and outsiders alike', () => {
    const box = boxOf(10);
    for (const letter of [outsider(1), insider(2), outsider(3)]) box.put(letter);
    expect(box.take(2).map(({ id }) => id)).toEqual([1, 2]);
    expect(box.take(9).map(({ id }) => id)).toEqual([3]);
  });

  test('refuses outsiders at its bound and never an insider', () => {
    const box = boxOf(2);
    expect([outsider(1), outsider(2), outsider(3), insider(4), insider(5)].map((letter) => box.put(letter))).toEqual([true, true, false, true, true]);
    expect(box.depth).toBe(4);
  });

  test('has room again for as many outsiders as were taken', () => {
    const box = boxOf(1);
    box.put(outsider(1));
    box.put(insider(2));
    box.take(1);
    expect([box.put(outsider(3)), box.put(outsider(4))]).toEqual([true, false]);
  });

  test('what is put back comes first, in its order, also above the bound', () => {
    const box = boxOf(2);
    box.put(outsider(1));
    box.put(outsider(2));
    const taken = box.take(2);
    box.put(outsider(3));
    box.putBack(taken);
    expect(box.put(outsider(4))).toBe(false);
    expect(box.take(9).map(({ id }) => id)).toEqual([1, 2, 3]);
    expect([box.put(outsider(5)), box.put(outsider(6)), box.put(outsider(7))]).toEqual([true, true, false]);
  });

  test('never holds more outsiders than its bound, whatever is put and taken', () => {
    const step = fc.oneof(fc.record({ put: fc.boolean() }), fc.record({ take: fc.integer({ min: 0, max: 4 }) }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 60 }), (messagesMax, steps) => {
        const box = boxOf(messagesMax);
        const model: Letter[] = [];
        for (const [id, one] of steps.entries()) {
          if ('put' in one) {
            const letter = { id, outside: one.put };
            const room = !one.put || model.filter(({ outside }) => outside).length < messagesMax;
            expect(box.put(letter)).toBe(room);
            if (room) model.push(letter);
          } else {
            expect(box.take(one.take)).toEqual(model.splice(0, one.take));
          }
          expect(box.depth).toBe(model.length);
        }
      }),
    );
  });
});
