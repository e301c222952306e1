/** @needs chromium */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { expectClean, inspectorStage, submit, withoutBrowser } from './inspector-stage.ts';

const open = inspectorStage();

describe.skipIf(withoutBrowser)('the inspector in a browser', () => {
  test('a goal is submitted, its question approved, and its result shown as text', async () => {
    const { page, seen } = await open();
    await page.getByText('Nothing has run here yet.').waitFor();
    await submit(page, 'Publish the report');
    await page.locator('.ask', { hasText: 'report.publish' }).waitFor();
    await page.getByText('1 tool call asks for a decision').waitFor();
    await page.locator('.ask .btn.pri').click();
    await page.locator('.facts [data-st=done]', { hasText: 'completed' }).first().waitFor();
    await page.locator('.prose li b', { hasText: 'published to the team' }).waitFor();
    await page.locator('.prose .cite', { hasText: 'src/a.ts:12' }).waitFor();
    expect(await page.locator('.prose img').count()).toBe(0);
    expect(await page.locator('.prose').textContent()).toContain('<img src=x');
    expect(await page.title()).not.toBe('stolen');
    await page.locator('.seg[data-st=waiting]').waitFor();
    expectClean(seen);
  });

  test('an agent shows its chart, the states it takes, and its facts', async () => {
    const { stage, page, seen } = await open();
    const id = await submit(page, 'Publish the report');
    await page.locator('.ask').waitFor();
    await page.locator('.gr .lab', { hasText: 't0' }).click();
    await page.waitForURL(new RegExp(`#actors/${id}/agent-t0-1$`));
    await page.locator('.chart svg[data-active=waiting]').waitFor();
    expect(await page.locator('.chart .nd.on text').textContent()).toBe('waiting');
    // The history of the actor comes with the next frame.
    await page.locator('.chart .ed.on').waitFor();
    expect(await page.locator('.chart .ed.on').count()).toBe(1);
    await page.locator('.rec', { hasText: 'tool.requested' }).waitFor();
    await page.locator('.rec', { hasText: 'agent.assign' }).waitFor();
    await page.locator('.kv dt', { hasText: 'model' }).waitFor();
    // What somebody else decides is seen here without a touch.
    const client = stage.node().client();
    const [approval] = await client.approvals();
    await client.decide(approval?.id ?? '', 'approve');
    await page.locator('.chart svg[data-active=answered]').waitFor();
    await page.locator('.rec', { hasText: 'agent.answered' }).waitFor();
    await page.locator('.ar[aria-selected=true] .st', { hasText: 'answered' }).waitFor();
    expectClean(seen);
  });

  test('a goal is cancelled after one question, in place', async () => {
    const { page, seen } = await open();
    await submit(page, 'Publish the report');
    await page.locator('.ask').waitFor();
    await page.getByRole('button', { name: 'Cancel goal' }).click();
    await page.getByRole('button', { name: 'Keep' }).click();
    await page.getByRole('button', { name: 'Cancel goal' }).click();
    await page.getByRole('button', { name: 'Cancel it' }).click();
    await page.locator('.facts [data-st=cancelled]', { hasText: 'cancelled' }).waitFor();
    await page.locator('.ask').waitFor({ state: 'detached' });
    expectClean(seen);
  });

  test('after a restart of the node it goes on from where it was', async () => {
    const { stage: node, page, seen } = await open();
    const id = await submit(page, 'Publish the report');
    await page.locator('.ask').waitFor();
    await node.restart(async () => {
      await page.locator('.notice', { hasText: 'Not connected' }).waitFor();
      expect(await page.locator('.ghead h2').textContent()).toBe('Publish the report');
      expect(await page.getByRole('button', { name: 'Cancel goal' }).isDisabled()).toBe(true);
    });
    await page.locator('.notice').waitFor({ state: 'detached' });
    await page.locator('.ask .btn.pri').click();
    await page.locator('.facts [data-st=done]', { hasText: 'completed' }).first().waitFor();
    await page.evaluate(`location.hash = '#tape/${id}'`);
    await page.locator('.tr', { hasText: 'goal.completed' }).waitFor();
    // From the same cursor: no fact twice, none missing.
    const facts = await page.locator('.scroll .tr').evaluateAll((rows) =>
      rows.map((row) =>
        [...row.children]
          .slice(1, 4)
          .map(({ textContent }) => textContent)
          .join(' '),
      ),
    );
    expect(new Set(facts).size).toBe(facts.length);
    expect(
      facts
        .filter((fact) => fact.includes('coordinator'))
        .map((fact) => Number(fact.split(' ')[0]))
        .reverse(),
    ).toEqual(facts.filter((fact) => fact.includes('coordinator')).map((_, at) => at + 1));
    expect(seen.strays).toEqual([]);
    // The browser itself logs each connection that was refused while the node was away.
    expect(seen.errors.filter((error) => !error.includes('WebSocket connection'))).toEqual([]);
  });

  test('a token is refused, then accepted, and stands in no address', async () => {
    const sha256 = createHash('sha256').update('open-sesame').digest('hex');
    const { page, seen } = await open({ settings: { 'auth.mode': 'token', 'auth.tokens': [{ tenant: 'acme', sha256 }] } });
    await page.getByText('This node asks for a token.').waitFor();
    await page.locator('#token').fill('wrong');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.locator('.token', { hasText: 'unauthorized' }).waitFor();
    await page.locator('#token').fill('open-sesame');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('Nothing has run here yet.').waitFor();
    await page.locator('.foot', { hasText: 'acme' }).waitFor();
    expect(page.url()).not.toContain('sesame');
    await page.reload();
    await page.getByText('Nothing has run here yet.').waitFor();
    expect(seen.strays).toEqual([]);
    expect(seen.errors).toEqual([]);
  });

  test('the tape runs, pauses and follows; keys lead to every room', async () => {
    const { page, seen } = await open();
    await submit(page, 'Publish the report');
    await page.locator('.ask').waitFor();
    for (const [key, room] of [
      ['2', 'actors'],
      ['3', 'tape'],
      ['4', 'messages'],
      ['5', 'travel'],
      ['6', 'tools'],
      ['7', 'models'],
      ['8', 'nodes'],
      ['1', 'goals'],
    ] as const) {
      await page.locator('body').press('g');
      await page.locator('body').press(key);
      await page.waitForURL(new RegExp(`#${room}`));
    }
    await page.evaluate("location.hash = '#tape'");
    await page.locator('.tr', { hasText: 'agent.assign' }).waitFor();
    await page.locator('body').press(' ');
    await page.getByRole('button', { name: 'Go on' }).waitFor();
    await page.locator('body').press('t');
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
    expect(Number(await page.evaluate('document.querySelectorAll("*").length'))).toBeLessThan(2_000);
    expectClean(seen);
  });
});
