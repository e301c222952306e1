import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkout, goalIn, processMaxMs, until, useStage } from './stage.ts';

/** @needs prometheus */
const stage = useStage();

const settings = `
[profiles.careful]
approve = ["fs.list"]

[prices."openai/mock"]
input = 1
output = 2
`;

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** A node on which everything has happened once that the dashboard shows: tools, an approval, a model that was busy, a price. */
async function busyNode() {
  await stage().write('flockwork.toml', settings);
  const { env } = await stage().model({
    models: ['mock'],
    script: [
      { when: { user: 'careful', toolResults: 0 }, reply: { toolCalls: [{ name: 'fs.list', input: {} }] } },
      { when: { user: 'busy' }, times: 1, reply: { scene: 'http429' } },
      { reply: { text: 'done' } },
    ],
  });
  const node = await stage().node([], { env });
  const submit = (goal: string, ...more: string[]) => stage().cli('submit', goal, '--strategy', 'single', '--connect', node.http, ...more);
  const asking = await submit('careful', '--profile', 'careful');
  expect(asking.code).toBe(0);
  await until('an agent asks', async () => ((await (await fetch(`${node.http}/v1/approvals`)).json()) as { items: unknown[] }).items.length > 0);
  const { items } = (await (await fetch(`${node.http}/v1/approvals`)).json()) as { items: { id: string }[] };
  expect((await stage().cli('approve', items[0]?.id ?? '', '--connect', node.http)).code).toBe(0);
  const busy = await submit('busy', '--watch');
  expect(busy.code).toBe(0);
  return { node, goal: goalIn(asking.err + busy.err) };
}

const metricsOf = async (http: string): Promise<string> => (await fetch(`${http}/metrics`)).text();

test('what a node tells is what promtool likes, and names nobody', { timeout: 3 * processMaxMs }, async () => {
  const { node, goal } = await busyNode();
  const text = await metricsOf(node.http);
  const checked = await stage().spawn('promtool', ['check', 'metrics'], { stdin: text }).ended;
  expect([checked.code, checked.out, checked.err]).toEqual([0, '', '']);
  expect(text).toMatch(/^flockwork_tools_latency_seconds_count\{tool="fs\.list",outcome="ok"\} 1$/m);
  expect(text).toMatch(/^flockwork_approvals_total\{decision="approved"\} 1$/m);
  expect(text).toMatch(/^flockwork_model_cooldowns_total 1$/m);
  expect(text).not.toContain(goal);
});

test('alert rules are valid and do what their page says', async () => {
  const folder = join(checkout, 'docs/operations');
  for (const args of [
    ['check', 'rules', 'alerts.rules.yml'],
    ['test', 'rules', 'alerts.test.yml'],
  ]) {
    const checked = await stage().spawn('promtool', args, { cwd: folder }).ended;
    expect([checked.code, checked.out + checked.err]).toEqual([0, expect.stringContaining('SUCCESS')]);
  }
});

test('a real Prometheus scrapes a node, and each query of the dashboard and of the alerts finds what it asks for', { timeout: 3 * processMaxMs }, async () => {
  const { node } = await busyNode();
  await stage().write(
    'prometheus.yml',
    `global: {scrape_interval: 200ms, scrape_timeout: 200ms}\nscrape_configs: [{job_name: flockwork, static_configs: [{targets: ["${new URL(node.http).host}"]}]}]\n`,
  );
  const server = stage().spawn('prometheus', [
    '--config.file=prometheus.yml',
    '--web.listen-address=127.0.0.1:0',
    `--storage.tsdb.path=${stage().path('tsdb')}`,
  ]);
  await until('Prometheus listens', () => /Listening on.*address=\S+/.test(server.err()));
  const address = /msg="Listening on" address=(\S+)/.exec(server.err())?.[1] ?? '';
  const ask = async (query: string): Promise<readonly { value: [number, string] }[]> => {
    const answer = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(query)}`);
    const body = (await answer.json()) as { status: string; error?: string; data?: { result: { value: [number, string] }[] } };
    expect([body.status, body.error, query]).toEqual(['success', undefined, query]);
    return body.data?.result ?? [];
  };
  await until('some scrapes are done', async () => Number((await ask('count_over_time(up{job="flockwork"}[1m])'))[0]?.value[1] ?? 0) >= 4);
  expect((await ask('up{job="flockwork"}')).map(({ value }) => value[1])).toEqual(['1']);

  const dashboard = JSON.parse(await readFile(join(checkout, 'docs/operations/grafana-dashboard.json'), 'utf8')) as { panels: Panel[] };
  const queries = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
  expect(queries.length).toBeGreaterThan(30);
  const empty: string[] = [];
  for (const { title, expr } of queries) {
    const found = await ask(expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'));
    if (found.length === 0) empty.push(`${title}: ${expr}`);
  }
  expect(empty).toEqual([]);

  // No alert reads a figure that no node has.
  const rules = await readFile(join(checkout, 'docs/operations/alerts.rules.yml'), 'utf8');
  const named = new Set([...rules.matchAll(/\bflockwork_\w+/g)].map(([name]) => name));
  const text = await metricsOf(node.http);
  expect([...named].filter((name) => !text.includes(`# TYPE ${name.replace(/_(bucket|count|sum)$/, '')} `))).toEqual([]);
});

test('each alert has its runbook', async () => {
  const folder = join(checkout, 'docs/operations');
  const rules = await readFile(join(folder, 'alerts.rules.yml'), 'utf8');
  const page = await readFile(join(folder, 'alerts.md'), 'utf8');
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  expect([...page.matchAll(/^## (Flockwork\w+)$/gm)].map(([, name]) => name)).toEqual(alerts);
});
