import { afterEach, expect } from 'vitest';
import { chromiumPath, openPage, type View, type Watched } from '../../scripts/screenshots/browser.ts';
import { publishTool, type Showcase, type ShowcaseOptions, startShowcase } from '../../scripts/screenshots/showcase.ts';
import type { MockScript } from '../../src/testing/mock-model/index.ts';

const ci = (process.env['CI'] ?? '') !== '' && process.env['CI'] !== '0' && process.env['CI'] !== 'false';
/** With CI set the tests run and fail where there is no chromium. */
export const withoutBrowser = chromiumPath() === undefined && !ci;
const view: View = { width: 1_440, height: 900, theme: 'light' };
const waitMs = 20_000;

/** Asks somebody before it publishes; then says what came of it. */
export const asking: MockScript = ({ toolResults }) =>
  toolResults.length === 0
    ? { toolCalls: [{ name: 'report.publish', input: { to: 'the team' } }] }
    : { text: `## Done\n\n- it came back: **${toolResults.at(-1)}**\n\n<img src=x onerror="document.title='stolen'"> in src/a.ts:12` };

export interface OpenStage {
  readonly stage: Showcase;
  readonly page: Watched['page'];
  readonly seen: Watched;
}

/** Nodes with pages open on them; all are closed after each test. */
export function inspectorStage(): (options?: Partial<ShowcaseOptions>, size?: Partial<View>) => Promise<OpenStage> {
  let stages: Showcase[] = [];
  let opened: Watched[] = [];
  afterEach(async () => {
    for (const one of opened) await one.close();
    for (const one of stages) await one.close();
    opened = [];
    stages = [];
  });
  return async (options = {}, size = {}) => {
    const stage = await startShowcase({ script: asking, tools: [publishTool], ...options });
    stages.push(stage);
    const seen = await openPage(stage.address, { ...view, ...size });
    opened.push(seen);
    return { stage, page: seen.page, seen };
  };
}

/** Nothing on the console, and nobody asked but the node itself. */
export function expectClean({ errors, strays }: Watched): void {
  expect(errors).toEqual([]);
  expect(strays).toEqual([]);
}

/** Submits a goal for one agent from the page, and answers its id. */
export async function submit(page: Watched['page'], goal: string): Promise<string> {
  await page.locator('body').press('n');
  await page.locator('dialog textarea[name=goal]').fill(goal);
  await page.locator('dialog input[value=single]').check({ force: true });
  await page.locator('dialog button[type=submit]').click();
  await page.waitForURL(/#goals\/g-/, { timeout: waitMs });
  return new URL(page.url()).hash.split('/')[1] ?? '';
}

/** How the page says where it stands. */
export const goTo = (page: Watched['page'], address: string): Promise<unknown> => page.evaluate(`location.hash = ${JSON.stringify(`#${address}`)}`);
