import { followGoal } from '../following.ts';
import { checkInputs, readInputs } from '../inputs.ts';
import { type CommandIo, note, printJson, printLine } from '../io.ts';
import { type ConnectionOptions, expectNode, liveSession, withSession } from '../session.ts';
import { loadSettings } from '../settings.ts';
import { type GoalOptions, readSubmission } from '../submission.ts';

export interface SubmitOptions extends GoalOptions, ConnectionOptions {
  readonly model?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

export async function submit(io: CommandIo, goal: string | undefined, options: SubmitOptions): Promise<number> {
  const submission = await readSubmission(goal, options, io.cwd);
  await checkInputs(io, options.input ?? []);
  const config = await loadSettings(io, options);
  return withSession(await liveSession(io, options), async (session) => {
    expectNode(session, config.values.data.dir);
    const inputs = await readInputs(io, options.input ?? [], session.client, config);
    const all = [...(submission.inputs ?? []), ...inputs];
    const { id } = await session.client.submit({ ...submission, ...(all.length === 0 ? {} : { inputs: all }) });
    if (options.watch !== true) {
      await (options.json === true ? printJson(io, { id }) : printLine(io, id));
      return 0;
    }
    note(io, `goal ${id} at ${session.address ?? ''}`);
    return followGoal(io, session, id, { json: options.json === true, onInterrupt: 'detach', stopWhenPaused: true });
  });
}
