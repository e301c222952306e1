/** @needs chromium */
import { describe, expect, test } from 'vitest';
import { expectClean, goTo, inspectorStage, submit, withoutBrowser } from './inspector-stage.ts';

const open = inspectorStage();

describe.skipIf(withoutBrowser)('the rooms about one goal', () => {
  test('time travel shows every machine as it was at a record, as the replay has it', async () => {
    const { stage, page, seen } = await open();
    const id = await submit(page, 'Publish the report');
    await page.locator('.ask .btn.pri').click();
    await page.locator('.facts [data-st=done]', { hasText: 'completed' }).first().waitFor();
    await goTo(page, `travel/${id}`);
    await page.locator('.tt input[type=range]').waitFor();
    const total = Number(await page.locator('.tt input[type=range]').getAttribute('max'));
    const replayed = await stage.node().client().replay(id);
    expect(total).toBe(replayed.actors.reduce((sum, { records }) => sum + records, 0));
    // At the end: the coordinator has completed, and its state is the one of the replay.
    await page.locator('.tl', { hasText: 'coordinator' }).click();
    await page.locator('.then .chart svg[data-active=completed]').waitFor();
    const hash = await page.locator('.then .kv dd').last().getAttribute('title');
    expect(hash).toBe(replayed.actors.find(({ actor }) => actor === 'coordinator')?.stateHash);
    // At the beginning: the goal was accepted, and nobody else was there.
    await page.locator('.tt input[type=range]').fill('1');
    await page.locator('.then .chart svg[data-active=accepted]').waitFor();
    expect(await page.locator('.tl').count()).toBe(1);
    await page.getByText('record 1 of').waitFor();
    // On, record by record, until the agent waits for somebody.
    await page.locator('.tl').click();
    await page.locator('body').focus();
    for (let record = 2; record <= total; record++) {
      await page.getByRole('button', { name: 'One record on' }).click();
      await page.getByText(`record ${record} of`).waitFor();
      if ((await page.locator('.tl', { hasText: 'waiting' }).count()) > 0) break;
    }
    await page.locator('.then .chart svg[data-active=waiting]').waitFor();
    await page.locator('.then .rec', { hasText: 'tool.requested' }).waitFor();
    expect(page.url()).toMatch(new RegExp(`#travel/${id}/\\d+$`));
    await page.reload();
    await page.locator('.then .chart svg[data-active=waiting]').waitFor();
    await page.keyboard.press('Shift+ArrowLeft');
    await page.locator('.then .chart svg[data-active=waiting]').waitFor({ state: 'detached' });
    expectClean(seen);
  });

  test('the messages of a goal as a sequence, each with its fate', async () => {
    const { page, seen } = await open();
    const id = await submit(page, 'Publish the report');
    await page.locator('.ask').waitFor();
    await goTo(page, `messages/${id}`);
    await page.locator('.seq .m.live', { hasText: 'asks report.publish' }).waitFor();
    expect(await page.locator('.lifes .mono').allTextContents()).toEqual(['gateway', 'person', 'coordinator', 'agent-t0-1']);
    await goTo(page, `goals/${id}`);
    await page.getByRole('button', { name: /^Deny/ }).click();
    await page.locator('.ask').waitFor({ state: 'detached' });
    await goTo(page, `messages/${id}`);
    await page.locator('.seq .m', { hasText: 'goal.completed' }).waitFor();
    expect(await page.locator('.seq .m').evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label')))).toEqual([
      'gateway to coordinator: goal.accept',
      'coordinator to agent-t0-1: agent.assign t0',
      'agent-t0-1 to person: asks report.publish',
      'person to agent-t0-1: tool.denied, denied',
      'agent-t0-1 to coordinator: agent.answered',
      'coordinator to gateway: goal.completed',
    ]);
    await page.locator('.seq .m', { hasText: 'goal.accept' }).click();
    await page.locator('.det .said', { hasText: 'Publish the report' }).waitFor();
    await page.getByRole('button', { name: /ended badly/ }).click();
    await page.getByRole('button', { name: /ended badly/, pressed: true }).waitFor();
    expect(await page.locator('.seq .m').count()).toBe(1);
    expectClean(seen);
  });
});

describe.skipIf(withoutBrowser)('tools and models', () => {
  test('are counted with their failures, latency and cost', async () => {
    const { stage, page, seen } = await open();
    const id = await submit(page, 'Publish the report');
    await page.locator('.ask .btn.pri').click();
    await page.locator('.facts [data-st=done]', { hasText: 'completed' }).first().waitFor();
    await goTo(page, `goals/${id}`);
    await goTo(page, 'tools');
    await page.getByText('1 call of 1 tool, none failed.').waitFor();
    expect(await page.locator('tbody tr').allTextContents()).toEqual([expect.stringMatching(/^report\.publish10100\.0 %\d+ ms/)]);
    expect(await page.locator('.heat i').evaluateAll((cells) => cells.filter((cell) => cell.getAttribute('title')?.includes('1 call')).length)).toBe(1);
    await goTo(page, 'models');
    await page.locator('tbody tr', { hasText: 'gpt-6-luna' }).waitFor();
    await page.locator('tbody [data-st=done]', { hasText: 'answers' }).waitFor();
    expect(await page.locator('.stack u').count()).toBe(1);
    // Another goal is counted while the room stands open.
    const cell = page.locator('tbody tr', { hasText: 'gpt-6-luna' }).locator('td').nth(4);
    expect(await cell.textContent()).toBe('2');
    await stage.node().client().submit({ goal: 'Publish it again', strategy: 'single' });
    await page.locator('tbody tr td:nth-child(5)', { hasText: '3' }).waitFor();
    expectClean(seen);
  });
});

describe.skipIf(withoutBrowser)('a goal that ran into its quota', () => {
  test('goes on with a larger budget from the page, and its timeline tells tokens and cost', async () => {
    const { stage, page, seen } = await open({ script: () => ({ text: 'done', usage: { prompt: 1_000, completion: 200 } }) });
    const { id } = await stage
      .node()
      .client()
      .submit({ goal: 'Cheap', strategy: 'single', quota: { maxTokens: 1 } });
    await goTo(page, `goals/${id}`);
    await page.locator('.ask', { hasText: 'Paused at its quota' }).waitFor();
    await page.getByRole('button', { name: 'Raise budget' }).click();
    await page.locator('dialog input[name=maxTokens]').fill('100000');
    await page.locator('dialog button[type=submit]').click();
    await page.locator('.facts [data-st=done]', { hasText: 'completed' }).first().waitFor();
    await page.locator('.meter', { hasText: 'of 100 k' }).waitFor();
    await page.locator('.gr .lab .c', { hasText: /1,200 · \$0\.00\d+/ }).waitFor();
    await page.locator('.facts a', { hasText: 'Time travel' }).click();
    await page.waitForURL(new RegExp(`#travel/${id}$`));
    expectClean(seen);
  });
});
