import type { Command } from 'commander';
import { type Choose, collect, declare, withConnection, withGoal, withSettings } from './declaration.ts';

/** Commands that begin, follow and end goals. */
export function declareGoalCommands(program: Command, choose: Choose): void {
  withGoal(
    withSettings(
      declare(program, 'run [goal]', 'Run one goal in this process, show its progress and print the result. Ctrl-C cancels it, twice leaves at once.', [
        ['flockwork run "Find every TODO and say which matter most" --input .', 'agents on a folder; nothing in it is changed'],
        ['git diff | flockwork run "Review this change" --input -', 'the standard input as text'],
        ['flockwork run -f goal.json --quota maxSeconds=120', 'a goal from a file, with a bound'],
        ['flockwork run "Summarise" --input docs --json > events.jsonl', 'events and the result as JSON lines'],
      ]),
    ),
  )
    .option('--nats <url...>', 'use NATS in place of the embedded bus')
    .option('--sandbox <kind>', 'what isolates system.run: bubblewrap or none')
    .action((goal, options) => choose(async (io) => (await import('../commands/run.ts')).run(io, goal, options)));

  withGoal(
    withConnection(
      declare(program, 'submit [goal]', 'Give a goal to a running node and print its id.', [
        ['flockwork submit "Compare these two designs" --input docs', 'to the node of this data folder'],
        ['flockwork submit "Summarise" --input . --watch', 'and watch it to its end'],
        ['flockwork submit -f goal.json --connect ws://10.0.0.7:9090/v1/ws', 'to another machine'],
      ]),
    ),
  )
    .option('--watch', 'watch the goal to its end and print the result')
    .action((goal, options) => choose(async (io) => (await import('../commands/submit.ts')).submit(io, goal, options)));

  withConnection(
    declare(program, 'watch <goal>', 'Follow a goal from its beginning, or from a cursor, to its end. Ctrl-C leaves the goal alone.', [
      ['flockwork watch g_1a2b', 'progress, then the result'],
      ['flockwork watch g_1a2b --json --after s1-120-0', 'the events after a cursor as JSON lines'],
    ]),
  )
    .option('--after <cursor>', 'begin after this cursor')
    .action((goal, options) => choose(async (io) => (await import('../commands/watch.ts')).watch(io, goal, options)));

  withConnection(
    declare(program, 'cancel <goal>', 'Cancel a goal; what it has found so far is kept.', [
      ['flockwork cancel g_1a2b --reason "wrong folder"', 'with a reason for the record'],
    ]),
  )
    .option('--reason <text>', 'why, for the record')
    .action((goal, options) => choose(async (io) => (await import('../commands/cancel.ts')).cancel(io, goal, options)));

  withConnection(
    declare(program, 'resume [goal]', 'Go on with a goal that is paused or that a dead process left, or with all of them, and watch to the end.', [
      ['flockwork resume', 'all goals of this data folder that have not ended'],
      ['flockwork resume g_1a2b --quota maxTokens=8000000', 'a goal that ran out of its quota'],
    ]),
  )
    .option('--quota <key=value>', 'a larger bound; may be repeated', collect)
    .action((goal, options) => choose(async (io) => (await import('../commands/resume.ts')).resume(io, goal, options)));

  withConnection(
    declare(program, 'goals', 'List goals, the newest first.', [
      ['flockwork goals', 'the newest 50'],
      ['flockwork goals --status paused', 'those that wait for a larger quota'],
      ['flockwork goals --json | jq -r .id', 'their ids'],
    ]),
  )
    .option('--status <status>', 'accepted, running, paused, completed, failed or cancelled')
    .option('--limit <count>', 'at most so many, 1 to 500 (default 50)')
    .option('--after <position>', 'go on where an earlier list ended')
    .action((options) => choose(async (io) => (await import('../commands/goals.ts')).goals(io, options)));

  withConnection(
    declare(program, 'memory <goal> [key]', 'List the keys that the agents of a goal share, or print the value of one.', [
      ['flockwork memory g_1a2b', 'every key with its version, and who set it'],
      ['flockwork memory g_1a2b counters/shared', 'one value, as JSON'],
    ]),
  )
    .option('--prefix <text>', 'only keys that begin with it')
    .action((goal, key, options) => choose(async (io) => (await import('../commands/memory.ts')).memory(io, goal, key, options)));

  withConnection(
    declare(program, 'artifacts <goal>', 'List the files that a goal changed, write them to a folder, or bring them into the folder they came from.', [
      ['flockwork artifacts g_1a2b', 'what changed'],
      ['flockwork artifacts g_1a2b --output out', 'the changed files, in a folder of their own'],
      ['flockwork artifacts g_1a2b --apply src', 'into src, unless a file there has changed meanwhile'],
      ['flockwork artifacts g_1a2b --patch | git apply', 'as one patch'],
    ]),
  )
    .option('--output <dir>', 'write the changed files there')
    .option('--apply [dir]', 'bring the changes into this folder (default: the working folder)')
    .option('--patch', 'print the changes as one patch')
    .action((goal, options) => choose(async (io) => (await import('../commands/artifacts.ts')).artifacts(io, goal, options)));
}
