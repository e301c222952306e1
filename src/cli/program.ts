import { Command, CommanderError } from 'commander';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { Act, Choose } from './declare/declaration.ts';
import { declareGoalCommands } from './declare/goal-commands.ts';
import { declareNodeCommands } from './declare/node-commands.ts';
import { exitCodeOf, exitCodes, failureText } from './exit.ts';
import { type CommandIo, note } from './io.ts';

/** The width that help is wrapped to where it is not read on a terminal. */
const helpColumns = 120;

/** The command line as declared, without anything that runs. `choose` is told what was parsed. */
export function createProgram(version: string, choose: Choose): Command {
  const program = new Command('flockwork')
    .description('A swarm of agents for one goal: durable, bounded, and watched while it works.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpText(
      'after',
      [
        '',
        'Exit codes: 0 completed, 1 failed or cancelled, 2 usage or configuration, 130 interrupted.',
        'stdout carries the result or JSON lines only; progress and notes go to stderr.',
        '',
        'Examples:',
        '  flockwork run "Find every TODO and say which matter most" --input .',
        '  flockwork start                       # a service on http://127.0.0.1:9090',
        '  flockwork help run                    # everything about one command',
      ].join('\n'),
    );
  declareGoalCommands(program, choose);
  declareNodeCommands(program, choose);
  return program;
}

/** Parses and runs one command line. Answers the exit code; what went wrong is told on stderr. */
export async function runCommandLine(argv: readonly string[], io: CommandIo, version: string): Promise<number> {
  const chosen: Act[] = [];
  const program = createProgram(version, (act) => void chosen.push(act));
  let refusedBy = program.name();
  for (const command of everyCommand(program)) {
    const refused = (error: CommanderError): never => {
      refusedBy = fullName(command);
      throw error;
    };
    command.exitOverride(refused).configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns || helpColumns,
      getErrHelpWidth: () => io.stderr.columns || helpColumns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      // Told below, like every other failure.
      outputError: () => undefined,
    });
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    const [act] = chosen;
    return act === undefined ? exitCodes.usage : await act(io);
  } catch (error) {
    const failure = error instanceof CommanderError ? usageError(error, refusedBy) : error;
    if (failure === undefined) return error instanceof CommanderError && error.exitCode === 0 ? exitCodes.completed : exitCodes.usage;
    note(io, failureText(failure));
    return exitCodeOf(failure);
  }
}

function everyCommand(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

/** What the parser refused, in our form; undefined when it only printed help or the version. */
function usageError(error: CommanderError, command: string): FlockworkError | undefined {
  if (error.exitCode === 0 || error.code === 'commander.help') return undefined;
  const message = error.message.replace(/^error: /, '').replace(/\n\((Did you mean .*)\)$/s, '. $1');
  const quotes = error.code === 'commander.excessArguments' && /(run|submit)$/.test(command) ? '; put the goal in quotes' : '';
  return new FlockworkError('usage', `${message.replace(/\.$/, '')}${quotes}${message.endsWith('?') ? ' See' : '; see'} ${command} --help`, { cause: error });
}
