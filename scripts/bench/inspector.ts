import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { agentKind } from '../../actors/agent/agent.kind.ts';
import { cellBoundsDefault } from '../../actors/cell/bounds.ts';
import { Kinds } from '../../actors/cell/kinds.ts';
import type { Observation } from '../../actors/ports/observer.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import { createInspector } from '../../src/inspector/index.ts';
import type { PastView } from '../../src/inspector/protocol.ts';
import { coordinatorKind } from '../../swarm/coordinator/coordinator.kind.ts';
import { openPage } from '../screenshots/browser.ts';
import { alternating } from './cost.ts';
import { madeSteps, startInspectorGateway } from './inspector-gateway.ts';
import { makeGoal } from './made-goal.ts';
import { type BenchResult, median, resultOf } from './result.ts';

const actors = 10_000;
const stepsPerSecond = 5_000;
const beatMs = 20;
/** How long each room is looked at. Milliseconds. */
const lookMs = 10_000;
/** How long a room may take to have told the page of all actors. Milliseconds. */
const settleMs = 6_000;
/** The longest task of each such stretch counts. Milliseconds. */
const windowMs = 250;
const stepsPerRun = 100_000;
const runs = 10;
const recordsWanted = 100_000;

/** The inspector with many actors: the page, its feed, what a step costs that nobody looks at, and a long past. */
export async function inspectorBench(): Promise<BenchResult[]> {
  return [await unobserved(), ...(await page()), ...(await past())];
}

async function unobserved(): Promise<BenchResult> {
  const inspector = createInspector();
  const steps = madeSteps(actors);
  const made: Observation[] = Array.from({ length: stepsPerRun }, () => steps.next().value);
  let seen = 0;
  const ours = async (): Promise<void> => {
    for (const step of made) inspector.observe(step);
  };
  const bare = async (): Promise<void> => {
    for (const step of made) seen += step.seq;
  };
  await alternating(2, ours, bare);
  const costs = await alternating(runs, ours, bare);
  const each = (some: readonly { readonly cpuMs: number }[]): number => (median(some.map(({ cpuMs }) => cpuMs)) * 1_000) / stepsPerRun;
  await inspector.stop();
  return resultOf({
    name: `an unobserved transition, ${actors} actors`,
    figure: each(costs.ours) - each(costs.bare),
    unit: 'µs CPU',
    demand: 2,
    yardstick: { what: 'walking over the same observations', figure: each(costs.bare) },
    runs,
    note: `median of ${runs} interleaved runs of ${stepsPerRun} steps with two facts each; ${inspector.failures} failed, ${seen > 0 ? 'both ran' : 'nothing ran'}`,
  });
}

interface Look {
  readonly longest: readonly number[];
  readonly elements: number;
  readonly bytesPerSecond: number;
}

async function page(): Promise<BenchResult[]> {
  const gateway = await startInspectorGateway();
  const steps = madeSteps(actors);
  for (let actor = 0; actor < actors; actor++) gateway.inspector.observe(steps.next().value);
  const perBeat = (stepsPerSecond * beatMs) / 1_000;
  const began = performance.now();
  let told = 0;
  const beat = setInterval(() => {
    // A late timer makes up for it: the rate is what counts.
    const due = Math.min(perBeat * 5, Math.floor(((performance.now() - began) / 1_000) * stepsPerSecond) - told);
    for (let step = 0; step < due; step++) gateway.inspector.observe(steps.next().value);
    told += due;
  }, beatMs);
  const seen = await openPage(gateway.address, { width: 1_440, height: 900, theme: 'light' });
  try {
    const looks: [string, Look][] = [];
    for (const room of ['actors', 'tape']) {
      await seen.page.evaluate(`location.hash = '#${room}'`);
      // What stands in the room; without it nothing would be measured.
      await seen.page
        .locator(room === 'actors' ? '.ar' : '.scroll .tr')
        .first()
        .waitFor();
      await pause(settleMs);
      looks.push([room, await look(seen.page, gateway.sent)]);
    }
    const problems = [...seen.errors, ...seen.strays];
    const rate = Math.round(told / ((performance.now() - began) / 1_000));
    const scene = `${actors} live actors at ${rate} steps/s, headless Chromium${problems.length === 0 ? '' : `; PROBLEMS ${problems.join(', ')}`}`;
    return looks.flatMap(([room, { longest, elements, bytesPerSecond }]) => {
      const sorted = [...longest].sort((a, b) => a - b);
      const p95 = sorted[Math.floor(sorted.length * 0.95)] ?? 0;
      return [
        resultOf({
          name: `longest main-thread task of ${windowMs} ms at p95, ${room}`,
          figure: p95,
          unit: 'ms CPU',
          demand: 50,
          runs: longest.length,
          note: `${scene}; the longest of all ${Math.round(sorted.at(-1) ?? 0)} ms`,
        }),
        resultOf({ name: `DOM nodes, ${room}`, figure: elements, unit: 'elements', demand: 2_000, runs: 1, note: scene }),
        resultOf({ name: `feed, ${room}`, figure: bytesPerSecond / 1_000, unit: 'kB/s', demand: 300, runs: 1, note: scene }),
      ];
    });
  } finally {
    clearInterval(beat);
    await seen.close();
    await gateway.close();
  }
}

async function look(of: Awaited<ReturnType<typeof openPage>>['page'], sent: () => number): Promise<Look> {
  const session = await of.context().newCDPSession(of);
  const events: {
    readonly name: string;
    readonly ts: number;
    readonly dur?: number;
    readonly tdur?: number;
    readonly tid: number;
    readonly args?: { readonly name?: string };
  }[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as typeof events)));
  const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', '__metadata', 'disabled-by-default-devtools.timeline'] },
  });
  const before = sent();
  const began = performance.now();
  await pause(lookMs);
  const bytesPerSecond = ((sent() - before) * 1_000) / (performance.now() - began);
  const elements = Number(await of.evaluate('document.querySelectorAll("*").length'));
  await session.send('Tracing.end');
  await complete;
  await session.detach();
  const main = new Set(events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain').map(({ tid }) => tid));
  const windows = new Map<number, number>();
  for (const { name, ts, dur = 0, tdur, tid } of events) {
    if (!main.has(tid) || !name.endsWith('RunTask')) continue;
    const window = Math.floor(ts / 1_000 / windowMs);
    windows.set(window, Math.max(windows.get(window) ?? 0, (tdur ?? dur) / 1_000));
  }
  if (windows.size === 0) throw new Error('the trace holds no task of the page');
  return { longest: [...windows.values()], elements, bytesPerSecond };
}

async function past(): Promise<BenchResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'flockwork-past-'));
  const bus = await openEmbeddedBus({ folder, projector: { name: 'none', version: 1, project: () => [] }, sync: 'off' });
  try {
    // About 6.1 records for each part.
    const records = await makeGoal(bus.journal, { tenant: 'default', root: 'g-1', parts: Math.ceil(recordsWanted / 6.1), agents: 64 });
    const kinds = new Kinds([agentKind, coordinatorKind] as never);
    const inspector = createInspector({ past: { journal: bus.journal, kinds, seenMax: cellBoundsDefault.inboxSeenMax } });
    const told: PastView[] = [];
    const connection = inspector.connect('default', { bufferedBytes: 0, send: (text) => void told.push(JSON.parse(text)) });
    const ask = async (at?: number): Promise<{ readonly ms: number; readonly view: PastView }> => {
      const began = performance.now();
      const before = told.length;
      connection.receive({ type: 'past', root: 'g-1', actor: 'coordinator', ...(at === undefined ? {} : { at }) });
      while (told.length === before) await pause(1);
      const view = told.at(-1);
      if (view === undefined) throw new Error('the past was not told');
      return { ms: performance.now() - began, view };
    };
    const began = performance.now();
    const opened = await ask();
    let last = opened;
    while (last.view.reading === true) last = await ask();
    const whole = performance.now() - began;
    const places = Array.from({ length: 9 }, (_, index) => Math.round(((index + 0.5) / 9) * records));
    const jumps: number[] = [];
    for (const place of places) jumps.push((await ask(place)).ms);
    connection.close();
    await inspector.stop();
    const note = `${records} records of ${last.view.started} actors, embedded bus; first picture with ${opened.view.total} records read, the whole goal after ${Math.round(whole)} ms`;
    return [
      resultOf({ name: `time travel opens a goal of ${recordsWanted} records`, figure: opened.ms, unit: 'ms wall', demand: 2_000, runs: 1, note }),
      resultOf({
        name: 'a jump to another record of it',
        figure: median(jumps),
        unit: 'ms wall',
        runs: jumps.length,
        note: 'the coordinator shown, its state hash among it',
      }),
    ];
  } finally {
    await bus.close();
    await rm(folder, { recursive: true, force: true });
  }
}
