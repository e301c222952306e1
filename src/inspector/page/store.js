import { newFold, takeEvent } from './goal-fold.js';
import { Calls, Failure, Link } from './link.js';

/** Bounds of the page. */
const goalsShownMax = 100;
const foldsKeptMax = 12;
const tapeKeptMax = 600;
const stepsKeptMax = 300;
const pollMs = 5_000;
const refreshMs = 250;
const tokenKey = 'flockwork.token';

/** All that the page knows, and the ways to the node. Rooms read it; `changed` is told after each change. */
export class Store {
  node = '';
  tenant = '';
  refused = null;
  calls = { kind: 'connecting' };
  feed = { kind: 'connecting' };
  loaded = false;
  goals = [];
  moreGoals = null;
  views = new Map();
  approvals = [];
  nodes = [];
  folds = new Map();
  artifacts = new Map();
  charts = new Map();
  actors = new Map();
  byKey = new Map();
  /** Counts whenever actors come or go, so that lists are sorted only then. */
  generation = 0;
  counts = {};
  /** By node, once there are several; this node has the empty name. */
  countsByNode = null;
  total = 0;
  steps = 0;
  rate = 0;
  behind = 0;
  tape = [];
  tapeLeftOut = 0;
  watched = null;
  failure = null;
  /** A goal as it was at one record: what is shown, and why nothing is. */
  past = { view: null, failure: null };
  /** What tools and models did; null until it is told. */
  usage = null;
  #usageOn = false;
  #pastAsked = '';
  #pastBusy = false;
  #pastNext = null;
  #changed;
  #memoryToken = '';
  #calls;
  #feed;
  #open = null;
  #feedStarted = false;
  #rates = [];
  #refreshTimer;
  #view = { visible: [], root: undefined };
  #tapeOn = { on: false, root: undefined };
  #lastView = '';

  constructor(changed) {
    this.#changed = changed;
    this.#calls = new Calls({
      token: () => this.#token(),
      onOpened: ({ node, tenant }) => {
        Object.assign(this, { node, tenant, refused: null });
        this.refresh();
        if (this.#open !== null) void this.#watchGoal(this.#open);
        // Only who is let in here opens the feed.
        if (this.#feedStarted) this.#feed.again();
        else this.#feed.start();
        this.#feedStarted = true;
      },
      onRefused: (failure) => {
        this.refused = failure;
        this.#feed.stop();
        this.#feedStarted = false;
        sessionStorage.removeItem(tokenKey);
        this.#changed();
      },
      onNotification: (method, params) => this.#notified(method, params),
      onState: (state) => {
        this.calls = state;
        this.#changed();
      },
    });
    this.#feed = new Link({
      path: '/v1/inspect',
      onOpen: () => this.#feed.send({ type: 'open', version: 1, ...(this.#token() ? { token: this.#token() } : {}) }),
      onMessage: (message) => this.#framed(message),
      onState: (state) => {
        this.feed = state;
        this.#changed();
      },
    });
    setInterval(() => this.calls.kind === 'live' && this.refresh(), pollMs);
  }

  get live() {
    return this.calls.kind === 'live';
  }

  start() {
    for (const machine of ['agent', 'coordinator']) void this.#loadChart(machine);
    this.#calls.start();
  }

  /** Tries another token. It lives in this tab only. */
  enter(token) {
    this.#memoryToken = token;
    sessionStorage.setItem(tokenKey, token);
    this.refused = null;
    this.calls = { kind: 'connecting' };
    this.feed = { kind: 'connecting' };
    this.#calls.start();
    this.#changed();
  }

  again() {
    this.#calls.again();
    this.#feed.again();
  }

  call(method, params) {
    return this.#calls.call(method, params);
  }

  /** Reads lists again; many wishes at once become one. */
  refresh() {
    if (this.#refreshTimer !== undefined) return;
    this.#refreshTimer = setTimeout(async () => {
      this.#refreshTimer = undefined;
      try {
        const [goals, approvals, nodes] = await Promise.all([
          this.call('goal.list', { limit: goalsShownMax }),
          this.call('approval.list', {}),
          this.call('node.list', {}),
        ]);
        Object.assign(this, {
          goals: goals.items,
          moreGoals: goals.next,
          approvals: approvals.items ?? approvals,
          nodes: nodes.items ?? nodes,
          loaded: true,
          failure: null,
        });
        if (this.#open !== null) await this.#readGoal(this.#open);
      } catch (failure) {
        if (failure.code !== 'connection_lost') this.failure = failure;
      }
      this.#changed();
    }, refreshMs);
  }

  /** The goal that is looked at closely; its facts are followed from where they were left. */
  open(goalId) {
    if (this.#open === goalId) return;
    if (this.#open !== null && this.live) this.call('goal.unwatch', { goalId: this.#open }).catch(() => undefined);
    this.#open = goalId;
    if (goalId !== null && this.live) void this.#watchGoal(goalId);
  }

  async #watchGoal(goalId) {
    let fold = this.folds.get(goalId);
    if (fold === undefined) {
      fold = newFold();
      this.folds.set(goalId, fold);
      const [oldest] = this.folds.keys();
      if (this.folds.size > foldsKeptMax) this.folds.delete(oldest);
    }
    try {
      await Promise.all([this.#readGoal(goalId), fold.endedAt === null ? this.call('goal.watch', { goalId, after: fold.cursor }) : undefined]);
    } catch (failure) {
      if (failure.code === 'cursor_unknown') {
        this.folds.delete(goalId);
        return this.#watchGoal(goalId);
      }
      if (failure.code !== 'connection_lost' && failure.code !== 'aborted') this.views.set(goalId, { failure });
    }
    return this.#changed();
  }

  async #readGoal(goalId) {
    const view = await this.call('goal.get', { goalId });
    this.views.set(goalId, view);
    if (view.endedAt !== undefined && !this.artifacts.has(goalId)) {
      const { items } = await this.call('artifact.list', { goalId }).catch(() => ({ items: [] }));
      this.artifacts.set(goalId, items);
    }
  }

  #notified(method, params) {
    if (method !== 'goal.event') return;
    const fold = this.folds.get(params.goalId);
    if (fold === undefined) return;
    takeEvent(fold, params);
    if (/^(goal|task)\.|^tool\.(requested|approved|denied)|agent\./.test(params.type)) this.refresh();
    this.#changed();
  }

  /** Says to the node what is in view. */
  look({ visible = [], root }) {
    this.#view = { visible: visible.slice(0, 200), root };
    const text = JSON.stringify(this.#view);
    if (text === this.#lastView) return;
    if (this.#feed.send({ type: 'view', visible: this.#view.visible, ...(root === undefined ? {} : { root }) })) this.#lastView = text;
  }

  /** Wants a goal as it was. One question at a time; of those that came meanwhile only the newest is asked. */
  lookBack(wish, again = false) {
    // Where the end is followed, the question is a new one with each fact.
    const over = this.goals.find(({ id }) => id === wish.root)?.endedAt !== undefined;
    const follow = wish.at === undefined && !over ? String(this.steps) : '';
    const text = `${JSON.stringify(wish)}${follow}`;
    if (text === this.#pastAsked && !again) return;
    this.#pastAsked = text;
    this.#pastNext = wish;
    this.#askBack();
  }

  #askBack() {
    if (this.#pastBusy || this.#pastNext === null) return;
    const wish = this.#pastNext;
    if (!this.#feed.send({ type: 'past', ...wish })) {
      this.#pastAsked = '';
      return;
    }
    this.#pastNext = null;
    this.#pastBusy = true;
  }

  #lookedBack({ root, failure, ...view }) {
    this.#pastBusy = false;
    this.past = failure === undefined ? { view: { root, ...view }, failure: null } : { view: this.past.view, failure: { root, ...failure } };
    // A goal that is still being read is asked for again until it is whole.
    if (view.reading === true) this.#pastAsked = '';
    this.#askBack();
    return this.#changed();
  }

  watchTape(on, root) {
    if (this.#tapeOn.on === on && this.#tapeOn.root === root) return;
    this.#tapeOn = { on, root };
    if (on) {
      this.tape = [];
      this.tapeLeftOut = 0;
    }
    this.#feed.send({ type: 'tape', on, ...(root === undefined ? {} : { root }) });
  }

  /** Tools and models are counted by the node; a page is told only while it looks. */
  watchUsage(on) {
    if (this.#usageOn === on) return;
    if (this.#feed.send({ type: 'usage', on })) this.#usageOn = on;
  }

  /** The actor whose every step is wanted, by key; null for none. */
  watchActor(key) {
    if (this.watched?.key === key || (key === null && this.watched === null)) return;
    if (this.watched?.number !== undefined) this.#feed.send({ type: 'unwatch', actor: this.watched.number });
    const actor = key === null ? undefined : this.byKey.get(key);
    this.watched = key === null ? null : { key, number: undefined, steps: [], context: null, moves: new Set(), leftOut: 0 };
    if (actor !== undefined) this.#askFor(actor.number);
  }

  #askFor(number) {
    if (this.#feed.send({ type: 'watch', actor: number })) this.watched.number = number;
  }

  #framed(message) {
    if (message.type === 'failed') {
      if (message.code === 'unauthorized') this.#feed.stop();
      else this.failure = new Failure(message);
      return this.#changed();
    }
    if (message.type === 'opened') {
      this.#feed.accepted();
      this.#resetFeed();
      return this.#changed();
    }
    if (message.type === 'past') return this.#lookedBack(message);
    this.#takeFrame(message);
    return this.#changed();
  }

  /** The node may be another life of itself: numbers are new. What was seen stays until the new rows are there. */
  #resetFeed() {
    this.actors.clear();
    this.byKey.clear();
    this.generation++;
    this.#rates = [];
    this.#lastView = '';
    this.#pastBusy = false;
    this.#pastAsked = '';
    this.#usageOn = false;
    this.look(this.#view);
    if (this.#tapeOn.on) this.#feed.send({ type: 'tape', on: true, ...(this.#tapeOn.root === undefined ? {} : { root: this.#tapeOn.root }) });
    if (this.watched !== null) this.watched = { ...this.watched, number: undefined };
    // Where the feed is, the calls are: no need to wait for their next turn.
    this.#calls.again();
  }

  #takeFrame({ at, counts, nodes, total, steps, actors = [], rows = [], gone = [], watched = [], tape, usage, behind }) {
    Object.assign(this, { counts, total, steps, behind, countsByNode: nodes ?? null });
    this.#rates.push([at, steps]);
    while (this.#rates.length > 1 && at - this.#rates[0][0] > 3_000) this.#rates.shift();
    let goalsMoved = false;
    for (const [number, root, actor, machine, parent, node] of actors) {
      const known = {
        number,
        root,
        actor,
        machine,
        parent,
        node: node === '' ? this.node : node,
        key: `${root}/${actor}`,
        rank: machine === 'coordinator' ? 0 : Number(/^agent-t(\d+)/.exec(actor)?.[1] ?? 0) + 1,
        state: '',
        seq: 0,
        depth: 0,
        restarts: 0,
        at: 0,
        since: 0,
      };
      this.actors.set(number, known);
      this.byKey.set(known.key, known);
      this.generation++;
    }
    for (const [number, state, seq, depth, restarts, stepAt, since] of rows) {
      const actor = this.actors.get(number);
      if (actor === undefined) continue;
      if (actor.state !== state && actor.machine === 'coordinator') goalsMoved = true;
      if (actor.state !== state && state === 'waiting') goalsMoved = true;
      Object.assign(actor, { state, seq, depth, restarts, at: stepAt, since });
    }
    for (const number of gone) {
      const actor = this.actors.get(number);
      this.actors.delete(number);
      if (actor !== undefined) this.byKey.delete(actor.key);
      this.generation++;
    }
    if (usage !== undefined) this.usage = usage;
    for (const one of watched) this.#takeSteps(one);
    if (tape !== undefined) {
      this.tapeLeftOut += tape.leftOut;
      for (const [number, seq, stepAt, event, state] of tape.rows) this.tape.push({ actor: this.actors.get(number), number, seq, at: stepAt, event, state });
      if (this.tape.length > tapeKeptMax) this.tape.splice(0, this.tape.length - tapeKeptMax);
    }
    if (this.watched !== null && this.watched.number === undefined) {
      const actor = this.byKey.get(this.watched.key);
      if (actor !== undefined) this.#askFor(actor.number);
    }
    if (goalsMoved) this.refresh();
  }

  #takeSteps({ actor, context, steps, leftOut, history, moves = [] }) {
    const { watched } = this;
    if (watched === null || watched.number !== actor) return;
    if (history === true) watched.steps = [];
    for (const [seq, at, event, state] of steps) {
      const last = watched.steps.at(-1);
      if (last !== undefined && seq <= last.seq) continue;
      if (last !== undefined && last.state !== state) watched.moves.add(`${last.state}>${event}>${state}`);
      watched.steps.push({ seq, at, event, state });
    }
    for (const move of moves) watched.moves.add(move);
    if (watched.steps.length > stepsKeptMax) watched.steps.splice(0, watched.steps.length - stepsKeptMax);
    watched.context = context;
    watched.leftOut += leftOut;
  }

  /** Steps a second, over the last seconds. */
  stepRate() {
    const [first] = this.#rates;
    const last = this.#rates.at(-1);
    if (first === undefined || last === first || Date.now() - last[0] > 3_000) return 0;
    return Math.round((1_000 * (last[1] - first[1])) / Math.max(1, last[0] - first[0]));
  }

  async #loadChart(machine) {
    const reply = await fetch(`/inspector/charts/${machine}.chart.json`);
    if (!reply.ok) return;
    this.charts.set(machine, await reply.json());
    this.#changed();
  }

  #token() {
    return this.#memoryToken || sessionStorage.getItem(tokenKey) || '';
  }
}
