/**
 * `npm run docs:screenshots [-- FOLDER]`: shows a node at work, and takes every room in light and dark at 1440x900 and 390x844. The pictures go to
 * FOLDER (a fresh one under the system's temporary folder by default); those that the documentation shows are written to docs/images.
 */
import { copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FlockworkClient } from '../src/client/index.ts';
import { root } from './checks/run.ts';
import { openPage, type View } from './screenshots/browser.ts';
import { notesGoal, retryGoal, reviewGoal, reviewItems, showcaseScript } from './screenshots/scenes.ts';
import { lookTool, publishTool, startShowcase } from './screenshots/showcase.ts';

const documented: Readonly<Record<string, string>> = {
  'goals-light-1440': 'inspector-goals.png',
  'actor-dark-1440': 'inspector-actor.png',
  'votes-light-1440': 'inspector-votes.png',
  'goals-dark-390': 'inspector-phone.png',
};
const readyMaxMs = 30_000;

async function until<Value>(probe: () => Promise<Value | undefined>): Promise<Value> {
  const deadline = Date.now() + readyMaxMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`the scene was not ready within ${readyMaxMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Goals in every state: two ended, one paused, one that votes, one that waits for a person. */
async function playScenes(client: FlockworkClient): Promise<{ review: string; vote: string }> {
  const ended = async (id: string) => until(async () => ((await client.get(id)).endedAt === undefined ? undefined : id));
  for (const goal of [notesGoal, 'Explain why the nightly settlement takes 40 minutes']) await ended((await client.submit({ goal, strategy: 'single' })).id);
  const cancelled = await client.submit({
    goal: 'Translate the operator guide into plain English',
    strategy: 'map-reduce',
    inputs: [{ kind: 'items', items: [...reviewItems] }],
  });
  await client.cancel(cancelled.id, 'not this week');
  await client.submit({ goal: 'Write release notes for 4.2 from 380 commits', strategy: 'single', quota: { maxTokens: 1 } });
  const vote = await client.submit({ goal: retryGoal, strategy: { type: 'consensus', quorum: 'two-thirds', rounds: 3 }, agents: 5 });
  await ended(vote.id);
  const review = await client.submit({
    goal: reviewGoal,
    strategy: { type: 'map-reduce', fanIn: 4 },
    agents: 4,
    inputs: [{ kind: 'items', items: [...reviewItems] }],
    quota: { maxCostUsd: 2, maxTokens: 200_000, maxToolCalls: 100, maxSeconds: 600 },
  });
  await until(async () => (await client.approvals())[0]);
  await until(async () => ((await client.get(review.id)).tasks.completed >= reviewItems.length - 1 ? true : undefined));
  return { review: review.id, vote: vote.id };
}

async function main(): Promise<void> {
  const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'flockwork-pictures-'));
  mkdirSync(folder, { recursive: true });
  const stage = await startShowcase({ script: showcaseScript, tools: [lookTool, publishTool] });
  const problems: string[] = [];
  try {
    const client = stage.node().client();
    const { review, vote } = await playScenes(client);
    const asking = (await client.approvals(review))[0];
    const rooms = {
      goals: `goals/${review}`,
      list: 'goals',
      done: `goals/${vote}`,
      actor: `actors/${review}/${asking?.actor ?? 'coordinator'}`,
      coordinator: `actors/${review}/coordinator`,
      actors: 'actors',
      tape: 'tape',
      follow: `tape/${review}`,
      votes: `votes/${vote}`,
      messages: `messages/${review}`,
      travel: `travel/${review}/24`,
      tools: 'tools',
      models: 'models',
      more: 'more',
      nodes: 'nodes',
      submit: 'goals',
    };
    const sizes = [
      [1_440, 900],
      [390, 844],
    ] as const;
    for (const theme of ['light', 'dark'] as const) {
      for (const [width, height] of sizes) {
        const view: View = { width, height, theme };
        const { page, errors, strays, close } = await openPage(stage.address, view);
        for (const [name, address] of Object.entries(rooms)) {
          await page.evaluate(`location.hash = ${JSON.stringify(`#${address}`)}`);
          await page.waitForTimeout(450);
          if (name === 'submit') {
            await page.keyboard.press('n');
            await page.locator('dialog textarea').first().fill(reviewGoal);
            await page.waitForTimeout(200);
          }
          const picture = join(folder, `${name}-${theme}-${width}.png`);
          await page.screenshot({ path: picture });
          const target = documented[`${name}-${theme}-${width}`];
          if (target !== undefined) {
            mkdirSync(join(root, 'docs', 'images'), { recursive: true });
            copyFileSync(picture, join(root, 'docs', 'images', target));
          }
          const elements = Number(await page.evaluate('document.querySelectorAll("*").length'));
          if (elements > 2_000) problems.push(`${name} has ${elements} elements`);
          const wide = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
          if (wide > 0) problems.push(`${name}-${theme}-${width} is ${wide} px wider than its window`);
        }
        problems.push(...errors, ...strays);
        await close();
      }
    }
  } finally {
    await stage.close();
  }
  process.stdout.write(`pictures in ${folder}\n`);
  for (const problem of problems) process.stdout.write(`problem: ${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

await main();
