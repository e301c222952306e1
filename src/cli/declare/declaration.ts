import type { Command } from 'commander';
import type { CommandIo } from '../io.ts';

/** Runs a command that was parsed; answers the exit code. */
export type Act = (io: CommandIo) => Promise<number>;

/** Hands what was parsed to whoever runs it; `main` runs it once parsing is over. */
export type Choose = (act: Act) => void;

/** An example of the help: what is typed, and what it is for. */
export type Example = readonly [command: string, meaning: string];

/** A command with `--json` and examples, as every one has them. */
export function declare(parent: Command, usage: string, description: string, examples: readonly Example[]): Command {
  const width = Math.max(...examples.map(([command]) => command.length));
  return parent
    .command(usage)
    .description(description)
    .option('--json', 'print the result as JSON lines')
    .addHelpText('after', `\nExamples:\n${examples.map(([command, meaning]) => `  ${command.padEnd(width)}  # ${meaning}`).join('\n')}`);
}

/** Where the configuration comes from. */
export function withSettings(command: Command): Command {
  return command
    .option('--data-dir <dir>', 'the data folder (FLOCKWORK_DATA_DIR; default ./.flockwork)')
    .option('--config <file>', 'the configuration file (default ./flockwork.toml, if there is one)')
    .option('--env-file <file>', 'read NAME=value lines as environment variables');
}

/** Which node a client command talks to. */
export function withConnection(command: Command): Command {
  return withSettings(command)
    .option('--connect <address>', 'ws://host:port/v1/ws, http://host:port or a QUIC multiaddr (FLOCKWORK_CONNECT; default: the live node of the data folder)')
    .option('--token-file <file>', 'a file with the token (default: FLOCKWORK_TOKEN)')
    .option('--identity-file <file>', 'for QUIC: the key that is your peer id; made when missing (FLOCKWORK_IDENTITY_FILE; default: a new one each time)');
}

/** Collects an option that may be given many times. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** What makes up a goal. */
export function withGoal(command: Command): Command {
  return command
    .option('-f, --file <goal.json>', 'read the goal from a JSON file; flags win over its fields')
    .option('--input <path>', 'a file or folder to work on, as it is now; - is the standard input; may be repeated', collect)
    .option('--strategy <name>', 'auto, single, map-reduce, consensus, or a strategy as JSON; pipeline and plan come with -f (default: by the inputs)')
    .option('--agents <count>', 'agents at work at once, 1 to 64 (default 3)')
    .option('--profile <name>', 'a profile of the configuration')
    .option('--model <provider/name>', 'the model, as openai/<name>, anthropic/<name>, ollama/<name> or offline')
    .option('--quota <key=value>', 'a bound of this goal, as maxTokens=200000; may be repeated', collect)
    .option('--idempotency-key <key>', 'submitting again with the same key and goal answers with the same goal');
}
