import { describe, expect, test } from 'vitest';
import { Bench, bigger, call } from '../../test/histories/agent-bench.ts';
import { modelTriesMax } from './bounds.ts';

const note = (text = 'mind the weather') => ({ type: 'agent.note', text });
const lastTexts = (bench: Bench, count: number): string[] => bench.table.transcript.slice(-count).map(({ text }) => text);

describe('notes from the user', () => {
  test('a note reaches the model with the next call, in order', () => {
    const bench = new Bench().message(note('one')).message(note('two'));
    expect(bench.table.transcript.length).toBe(2);
    bench.reply('', [call('fs.read')]).done('c1.0');
    expect(bench.table.transcript.slice(-2)).toEqual([
      { role: 'user', text: 'one' },
      { role: 'user', text: 'two' },
    ]);
    expect(bench.requests[0]).toMatchObject({ upTo: bench.table.transcript.length });
  });

  test('one that came during the last call gets a round of its own, and the answer of that round counts', () => {
    const bench = new Bench().message(note()).reply('sunny');
    expect([bench.state, bench.types, bench.table.ticks]).toEqual(['thinking', ['model.replied', 'model.called'], 2]);
    expect(lastTexts(bench, 3)).toEqual(['sunny', 'mind the weather', expect.stringContaining('Give your whole answer again')]);
    bench.reply('rainy');
    expect(bench.fact('agent.answered')).toMatchObject({ result: 'rainy' });
    expect(bench.types).not.toContain('note.dropped');
  });

  test('one that comes while the workspace is collected is heard too, and what changed is collected again', () => {
    const bench = new Bench()
      .reply('', [call('fs.write')])
      .done('c1.0')
      .reply('written')
      .message(note())
      .settle('collect', { type: 'workspace.collected', artifacts: [{ path: 'a' }], count: 1 });
    expect([bench.state, bench.types]).toEqual(['thinking', ['model.called']]);
    bench.reply('written again').settle('collect', { type: 'workspace.collected', artifacts: [{ path: 'a' }, { path: 'b' }], count: 2 });
    expect(bench.fact('agent.answered')).toMatchObject({ result: 'written again', changed: 2 });
  });

  test('without a round left the answer stands, and a fact says that the note was not told', () => {
    const bench = new Bench(bigger({ ticks: 1 })).message(note('a')).message(note('b')).reply('sunny');
    expect([bench.state, bench.types]).toEqual(['answered', ['model.replied', 'note.dropped', 'agent.answered']]);
    expect(bench.fact('note.dropped')).toMatchObject({ notes: 2, text: 'a', code: 'ticks_exhausted' });
    expect(bench.fact('agent.answered')).toMatchObject({ result: 'sunny' });
  });

  test.each([
    ['cancelled', (bench: Bench) => bench.message({ type: 'agent.cancel', reason: 'enough' }), 'cancelled'],
    ['failed', (bench: Bench) => bench.fail('c1', 'model_auth'), 'model_auth'],
  ])('an agent that is %s says which notes it had not told', (state, end, code) => {
    const bench = end(new Bench().message(note()));
    expect([bench.state, bench.types.slice(-2)]).toEqual([state, ['note.dropped', 'agent.failed']]);
    expect(bench.fact('note.dropped')).toMatchObject({ notes: 1, text: 'mind the weather', code });
  });

  describe('what a note leads to never loses the answer that was there', () => {
    const answeredThenNoted = (more: object = {}): Bench => new Bench(bigger(more)).message(note()).reply('sunny');

    test('when the model fails for good', () => {
      const bench = answeredThenNoted();
      for (let time = 1; time < modelTriesMax; time++) bench.fail(`c${bench.table.calls}`, 'model_overloaded', true).timer();
      bench.fail(`c${bench.table.calls}`, 'model_overloaded', true);
      expect([bench.state, bench.types]).toEqual(['answered', ['model.discarded', 'note.dropped', 'agent.answered']]);
      expect([bench.fact('note.dropped'), bench.fact('agent.answered')]).toMatchObject([{ notes: 0, code: 'model_overloaded' }, { result: 'sunny' }]);
    });

    test('when the rounds run out', () => {
      const bench = answeredThenNoted({ ticks: 2 })
        .reply('', [call('fs.read')])
        .done('c2.0');
      expect([bench.state, bench.types]).toEqual(['answered', ['tool.completed', 'quota.exceeded', 'note.dropped', 'agent.answered']]);
      expect(bench.fact('agent.answered')).toMatchObject({ result: 'sunny' });
    });

    test('when there is no budget for it, and what was changed is still collected', () => {
      const bench = new Bench(bigger({ toolCalls: 1 }))
        .reply('', [call('fs.write')])
        .done('c1.0')
        .message(note())
        .reply('written')
        .reply('', [call('fs.read')]);
      expect(bench.state).toBe('waiting');
      bench.message({ type: 'budget.refused', quota: 'maxToolCalls', message: 'used up' });
      expect([bench.state, bench.types]).toEqual(['collecting', ['quota.exceeded', 'note.dropped']]);
      bench.settle('collect', { type: 'workspace.collected', artifacts: [], count: 0 });
      expect(bench.fact('agent.answered')).toMatchObject({ result: 'written' });
    });

    test('when its ask for budget cannot be sent', () => {
      const bench = answeredThenNoted({ toolCalls: 0 })
        .reply('', [call('fs.read')])
        .fail('ask-1', 'store_failed', true);
      expect([bench.state, bench.fact('agent.answered')]).toMatchObject(['answered', { result: 'sunny' }]);
    });
  });
});
