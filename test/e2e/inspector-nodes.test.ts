/** @needs chromium, nats-server */
import { afterEach, describe, expect, test } from 'vitest';
import { openPage, type Watched } from '../../scripts/screenshots/browser.ts';
import { publishTool, type Showcase, startShowcase } from '../../scripts/screenshots/showcase.ts';
import { findNatsServer, NatsServer } from '../../scripts/services/nats.ts';
import { asking, expectClean, goTo, withoutBrowser } from './inspector-stage.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

describe.skipIf(withoutBrowser || findNatsServer() === undefined)('the page of one node among several', () => {
  test('shows the actors of all, with their node, and one of another node closely', async () => {
    const server = await NatsServer.start();
    ends.push(() => server.stop());
    const stages: Showcase[] = [];
    for (const id of ['flock-a', 'flock-b']) {
      const settings = { 'node.id': id, 'bus.kind': 'nats', 'bus.natsUrl': [server.url], 'worker.concurrency': 2 };
      const stage = await startShowcase({ script: asking, tools: [publishTool], settings });
      stages.push(stage);
      ends.push(() => stage.close());
    }
    const [first] = stages;
    if (first === undefined) throw new Error('no node came up');
    const seen: Watched = await openPage(first.address, { width: 1_440, height: 900, theme: 'light' });
    ends.push(() => seen.close());
    const { page } = seen;
    const client = first.node().client();
    const items = ['one', 'two', 'three', 'four'];
    const { id } = await client.submit({ goal: 'Publish all', strategy: 'map-reduce', agents: 4, inputs: [{ kind: 'items', items }] });
    await goTo(page, 'actors');
    await page.locator('.bynode button', { hasText: 'flock-a' }).waitFor();
    await page.locator('.bynode button', { hasText: 'flock-b' }).click();
    await page
      .locator('.ar', { hasText: `${id}/agent-` })
      .first()
      .waitFor();
    const others = await page.locator('.ar .mono').allTextContents();
    const agent = others.find((name) => name.startsWith(`${id}/agent-`));
    await goTo(page, `actors/${agent}`);
    await page.locator('.vit', { hasText: 'flock-b' }).waitFor();
    // Its history, its context and what it does next come from there.
    await page.locator('.chart svg[data-active=waiting]').waitFor();
    await page.locator('.rec', { hasText: 'agent.assign' }).waitFor();
    await page.locator('.kv dt', { hasText: 'model' }).waitFor();
    const approvals = await client.approvals(id);
    const asked = approvals.find(({ actor }) => `${id}/${actor}` === agent);
    await client.decide(asked?.id ?? '', 'approve');
    await page.locator('.chart svg[data-active=answered]').waitFor();
    expect((await client.get(id)).tasks.completed).toBeLessThanOrEqual(4);
    expectClean(seen);
  });
});
