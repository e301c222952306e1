import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { servicePath } from '../services/services.ts';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** How long one action in a page may take on a busy machine, ms. */
const actionMaxMs = 20_000;

export interface View {
  readonly width: number;
  readonly height: number;
  readonly theme: 'light' | 'dark';
}

/** A page, and what it should not have done. */
export interface Watched {
  readonly page: Page;
  /** Errors on its console and in its scripts. */
  readonly errors: string[];
  /** Requests to any other origin than its node. */
  readonly strays: string[];
  close(): Promise<void>;
}

/** Where chromium stands; undefined when this machine has none. */
export function chromiumPath(): string | undefined {
  const found = spawnSync('sh', ['-c', 'command -v chromium || command -v chromium-browser || command -v google-chrome'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: servicePath() },
  });
  return found.stdout.trim() === '' ? undefined : found.stdout.trim();
}

/** Opens the page of a node in a browser of its own, with a fresh profile. */
export async function openPage(address: string, { width, height, theme }: View): Promise<Watched> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error('there is no chromium on this machine; run npm run setup');
  const profile = mkdtempSync(join(tmpdir(), 'flockwork-chromium-'));
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: flags,
    headless: true,
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(actionMaxMs);
  const errors: string[] = [];
  const strays: string[] = [];
  const page = context.pages()[0] ?? (await context.newPage());
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'data:' && url.host !== new URL(address).host) strays.push(request.url());
  });
  await page.goto(address);
  return {
    page,
    errors,
    strays,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
