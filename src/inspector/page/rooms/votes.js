import { h } from '../dom.js';
import { clock, count, num, shorten, shortId } from '../figures.js';
import { empty, loading, stateMark } from './parts.js';

const contests = (store) => store.goals.filter((goal) => goal.strategy.type === 'consensus');
export const any = (store) => contests(store).length > 0;

const chosen = ({ store, ui }) => ui.vote ?? contests(store)[0]?.id ?? null;

/** Rounds with their ballots; the electorate is everybody who proposed. */
function roundsOf(fold) {
  const rounds = new Map();
  for (const vote of fold.votes) rounds.set(vote.round, [...(rounds.get(vote.round) ?? []), vote]);
  return [...rounds].sort(([a], [b]) => a - b);
}

const votersOf = (fold) => {
  const proposers = [...fold.tasks.values()].filter(({ role }) => role === 'propose').map(({ name }) => /p\d+/.exec(name)?.[0] ?? name);
  return [...new Set([...proposers, ...fold.votes.map(({ voter }) => voter)])].sort();
};

function leading(fold, votes) {
  if (fold.decided !== null) return fold.decided.choice;
  const counts = tally(votes);
  return Object.keys(counts).sort((a, b) => counts[b] - counts[a])[0];
}

function tally(votes) {
  const counts = {};
  for (const { choice } of votes) if (choice !== 'abstain') counts[choice] = (counts[choice] ?? 0) + 1;
  return counts;
}

export function sentence(app) {
  const { store } = app;
  const id = chosen(app);
  const fold = id === null ? undefined : store.folds.get(id);
  if (fold === undefined) return [count(contests(store).length, 'goal votes', 'goals vote'), ''];
  const rounds = roundsOf(fold);
  if (fold.decided !== null)
    return [
      `${shortId(id)}: ${fold.decided.choice} was chosen${fold.decided.by === 'quorum' ? ` with ${fold.decided.votes} of ${fold.decided.of}` : `, by ${fold.decided.by}`}.`,
      `${count(rounds.length, 'round')}, ${count(fold.votes.length, 'ballot')}${fold.leaders.length > 0 ? `, ${count(fold.leaders.length, 'term')}` : ''}.`,
    ];
  const [round, votes] = rounds.at(-1) ?? [0, []];
  const voters = votersOf(fold);
  if (round === 0)
    return [
      `${shortId(id)}: ${count(voters.length, 'agent')} ${voters.length === 1 ? 'writes a proposal' : 'write their proposals'}.`,
      'No ballot is cast yet.',
    ];
  const first = leading(fold, votes);
  return [
    `${shortId(id)}, round ${round}: ${first === undefined ? 'nobody leads' : `proposal ${first} has ${tally(votes)[first]} of ${voters.length}`}.`,
    `${num(voters.length - votes.length)} have not voted yet.`,
  ];
}

const tint = (choice) => `p${'ABCD'[(choice.charCodeAt(0) - 65) % 4] ?? 'A'}`;

function box(choice, lead) {
  if (choice === undefined) return h('i.none', null, '?');
  if (choice === 'abstain') return h('i.none', { title: 'abstains' }, '–');
  return h(`i.${choice === lead ? 'lead' : tint(choice)}`, null, choice);
}

export function room(app) {
  const { store } = app;
  const id = chosen(app);
  if (!store.loaded) return loading();
  if (id === null)
    return empty(
      'No vote yet',
      'Goals with the strategy consensus vote here:',
      h('code.cmd', null, 'npx flockwork run "Which of these designs holds?" --strategy consensus'),
    );
  store.open(id);
  const fold = store.folds.get(id);
  const goal = store.goals.find((one) => one.id === id);
  if (fold === undefined || goal === undefined) return loading();
  const voters = votersOf(fold);
  const rounds = roundsOf(fold);
  const needed = fold.decided?.needed;
  const lead = leading(fold, rounds.at(-1)?.[1] ?? []);
  const options = goal.strategy;
  const tags = [
    `quorum ${typeof options.quorum === 'object' ? 'by weights' : (options.quorum ?? 'majority')}`,
    options.rounds === undefined ? null : `${count(options.rounds, 'round')} at most`,
    options.noQuorum === 'fail' ? 'then it fails' : 'then a leader decides',
  ];
  const proposals = [...fold.tasks.values()].filter(({ role }) => role === 'propose');
  const label = (at) => String.fromCharCode(65 + at);
  const roundBox = ([round, votes]) => {
    const counts = tally(votes);
    const sorted = [...votes].sort((a, b) => (counts[b.choice] ?? -1) - (counts[a.choice] ?? -1) || a.choice.localeCompare(b.choice));
    const decided = fold.decided?.round === round && fold.decided.by === 'quorum';
    const last = round === rounds.at(-1)[0];
    return h(
      `div.rd${last ? '.cur' : ''}`,
      { key: round },
      h(
        'div.row',
        null,
        h('h3', null, `Round ${round}`),
        h('span.grow'),
        decided
          ? stateMark('done', 'decided')
          : last && fold.endedAt === null && fold.leaders.length === 0
            ? stateMark('thinking', 'open')
            : stateMark('cancelled', 'no quorum'),
      ),
      h(
        'div.q',
        {
          role: 'img',
          'aria-label': `Ballots of round ${round}: ${sorted.map(({ choice }) => choice).join(' ')}`,
          v: { n: voters.length, need: typeof needed === 'number' ? needed / Math.max(1, voters.length) : 0 },
        },
        voters.map((_, at) => box(sorted[at]?.choice, lead)),
        typeof needed === 'number' ? h('s', { 'data-need': `needs ${needed}` }) : null,
      ),
      h(
        'div.t2.sm',
        null,
        `${
          Object.entries(counts)
            .sort(([, a], [, b]) => b - a)
            .map(([choice, many]) => `${choice} ${many}`)
            .join(', ') || 'nobody'
        }; ${count(votes.length, 'ballot')}.`,
      ),
    );
  };
  return h(
    'div.scroll',
    { key: 'votes' },
    h(
      'div.pane',
      null,
      h(
        'div.row.wrap',
        { key: 'head' },
        h(
          'select.in',
          { 'aria-label': 'Goal', value: id, on: { change: ({ target }) => app.go('votes', target.value) } },
          contests(store).map((one) => h('option', { key: one.id, value: one.id, selected: one.id === id }, shortId(one.id))),
        ),
        h('button.link.b.clip.grow', { on: { click: () => app.go('goals', id) } }, shorten(goal.goal.split('\n')[0], 160)),
        tags.map((tag) => (tag === null ? null : h('span.tag', null, tag))),
      ),
      rounds.length === 0
        ? h('p.none', { key: 'none' }, 'The proposals are being written; ballots follow.')
        : h('div.sec', { key: 'rounds' }, h('div.rounds', { v: { n: Math.min(4, rounds.length) } }, rounds.map(roundBox))),
      h(
        'div.sec',
        { key: 'proposals' },
        h('h3.hd', null, 'Proposals', h('span.t3', null, 'one of each proposer')),
        h(
          'div.four.props',
          null,
          proposals.map((task, at) =>
            h(
              'div.row',
              { key: task.id },
              h(`span.bl.${label(at) === lead ? 'lead' : tint(label(at))}`, null, label(at)),
              h(
                'button.grow',
                { on: { click: () => task.agents.length > 0 && app.go('actors', `${id}/${task.agents.at(-1)}`) } },
                h('div.clip.b', null, task.name),
                h('div.clip.t3.sm', null, `${task.id}, ${task.state === 'done' ? `${num(task.tokens)} tokens` : task.state}`),
              ),
            ),
          ),
        ),
      ),
      rounds.length === 0
        ? null
        : h(
            'div.sec',
            { key: 'ballots' },
            h('h3.hd', null, 'Ballots', h('span.t3', null, 'each one is a fact: vote.cast')),
            h(
              'div.tw',
              null,
              h(
                'table.ballots',
                null,
                h(
                  'thead',
                  null,
                  h(
                    'tr',
                    null,
                    h('th', null, 'Voter'),
                    rounds.map(([round]) => h('th', { key: round }, `Round ${round}`)),
                  ),
                ),
                h(
                  'tbody',
                  null,
                  voters.map((voter) =>
                    h(
                      'tr',
                      { key: voter },
                      h('td.mono', null, voter),
                      rounds.map(([round, votes]) => {
                        const vote = votes.find((one) => one.voter === voter);
                        return h(
                          'td',
                          { key: round },
                          h(
                            'div.why',
                            null,
                            h(
                              `span.bl.${vote === undefined || vote.choice === 'abstain' ? 'none' : vote.choice === lead ? 'lead' : tint(vote.choice)}`,
                              null,
                              vote === undefined ? '?' : vote.choice === 'abstain' ? '–' : vote.choice,
                            ),
                            h(
                              'span',
                              { title: vote?.rationale ?? '' },
                              vote === undefined ? 'has not voted' : shorten(vote.rationale || 'no reason given', 180),
                            ),
                          ),
                        );
                      }),
                    ),
                  ),
                ),
              ),
            ),
          ),
      fold.leaders.length === 0
        ? null
        : h(
            'div.sec',
            { key: 'terms' },
            h('h3.hd', null, 'Leader by term', h('span.t3', null, 'never two in one term')),
            h(
              'div.terms',
              null,
              fold.leaders.map((one, at) =>
                h(
                  `div${at === fold.leaders.length - 1 ? '.cur' : ''}`,
                  { key: one.term, v: { n: 1 }, title: one.rationale },
                  h('b.num', null, `Term ${one.term}`),
                  h('span.mono', null, one.leader),
                  h('span', null, `${one.votes ?? ''} of ${one.of}, ${clock(one.at)}`),
                ),
              ),
            ),
          ),
    ),
  );
}
