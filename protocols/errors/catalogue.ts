/**
 * Every error that Flockwork throws or answers with. `docs/errors.md` lists the same codes and a test holds the two
 * against each other. `status` is the HTTP status of the answer; `retryable` the default when the thrower knows no better.
 */
export interface ErrorEntry {
  readonly status: number;
  readonly retryable: boolean;
  /** When it happens, and what the reader should suspect first. */
  readonly meaning: string;
}

const entry = (status: number, retryable: boolean, meaning: string): ErrorEntry => ({ status, retryable, meaning });

export const errorCatalogue = {
  // what a client sent
  invalid_request: entry(400, false, 'A message, body or parameter does not fit its schema; the details name each path.'),
  invalid_json: entry(400, false, 'The bytes are not JSON in valid UTF-8, or nest deeper than the bound.'),
  frame_too_large: entry(413, false, 'A frame, message or body is above its bound; send files through blob.put.'),
  frame_truncated: entry(400, false, 'A stream ended in the middle of a frame.'),
  method_unknown: entry(404, false, 'There is no method or route of that name.'),
  not_open: entry(401, false, 'A method was called before connection.open.'),
  already_open: entry(409, false, 'connection.open was called a second time on one connection.'),
  open_timeout: entry(408, false, 'connection.open did not arrive in time.'),
  version_unsupported: entry(400, false, 'The client asked for a protocol version that this node does not speak.'),
  unauthorized: entry(401, false, 'The token is missing, wrong or expired.'),
  forbidden: entry(403, false, 'The credential is valid but may not do this.'),
  not_found: entry(404, false, 'No route or resource of that name.'),
  goal_unknown: entry(404, false, 'No goal of this tenant has that id.'),
  goal_ended: entry(409, false, 'The goal has already completed, failed or been cancelled.'),
  goal_not_ended: entry(409, false, 'The goal is still at work, and only one that has ended can be exported.'),
  goal_not_paused: entry(409, false, 'Only a paused goal can be resumed.'),
  idempotency_conflict: entry(409, false, 'The idempotency key was used before with another body.'),
  strategy_unknown: entry(400, false, 'The strategy is none of the registered ones.'),
  strategy_invalid: entry(400, false, 'The options of the strategy contradict each other or the goal, such as weights that sum to 0.'),
  profile_unknown: entry(400, false, 'No profile of that name is configured.'),
  model_unknown: entry(400, false, 'The model is not written provider/name, or the provider is not configured.'),
  cursor_unknown: entry(410, false, 'The cursor is malformed or belongs to another store, for instance before a restore.'),
  blob_unknown: entry(404, false, 'No blob of this tenant has that hash.'),
  blob_mismatch: entry(400, false, 'The bytes do not have the hash that was announced.'),
  input_missing: entry(400, false, 'An input file or folder does not exist or cannot be read.'),
  input_too_large: entry(413, false, 'The inputs are above a bound on files or bytes.'),
  path_not_allowed: entry(403, false, 'A path leaves the workspace, or an input of kind path is not under workspace.roots.'),
  too_many_requests: entry(429, true, 'A bound on connections, requests or watches is reached; try again later.'),
  slow_reader: entry(408, true, 'The peer left its messages unread for longer than slowReaderMaxMs and was closed; watch again from the last cursor.'),
  draining: entry(503, true, 'The node is shutting down and takes no new work.'),
  connection_lost: entry(503, true, 'The connection to the node ended before the answer.'),

  // configuration and start
  usage: entry(400, false, 'The command line is wrong.'),
  config_invalid: entry(400, false, 'The configuration has a syntax error, an unknown key or a value out of range.'),
  config_conflict: entry(409, false, 'The configuration changed since the hash that the patch was based on.'),
  config_unwritable: entry(500, false, 'The configuration file cannot be written; nothing has changed.'),
  data_dir_unusable: entry(500, false, 'The data folder cannot be created or written.'),
  data_dir_locked: entry(409, true, 'Another live node owns the data folder.'),
  port_in_use: entry(409, false, 'A port to listen on is taken; choose another with the flag named.'),
  bind_refused: entry(403, false, 'A non-loopback address was asked for without authentication.'),
  quic_unavailable: entry(501, false, 'QUIC was asked for, and its native module does not load on this machine.'),
  tcp_unavailable: entry(501, false, 'libp2p over TCP was asked for, and its optional packages are not installed.'),
  websocket_engine_unavailable: entry(501, false, 'A WebSocket engine was asked for, and its optional package does not load on this machine.'),
  no_node: entry(503, true, 'No running node was found to connect to.'),

  // the journal and the bus
  journal_conflict: entry(
    409,
    false,
    'Another writer was at this position: another node took the shard. Stop the cell, abort its effects, do not retry the append.',
  ),
  journal_corrupt: entry(500, false, 'A stored record does not have the hash it was stored with.'),
  replay_diverged: entry(500, false, 'Replaying a record gave other facts than the journal holds: another machine version, or a tampered record.'),
  machine_unknown: entry(500, false, 'A journal was written by a machine or version that this node does not have.'),
  store_full: entry(507, true, 'The disk or stream is full; nothing was written. Free space and the node goes on.'),
  store_failed: entry(500, true, 'The store failed to read or write.'),
  record_too_large: entry(413, false, 'A fact is above 64 KiB or a record above 512 KiB.'),
  bus_unreachable: entry(503, true, 'The configured bus cannot be reached; Flockwork never falls back silently.'),
  bus_refused: entry(500, false, 'The NATS server refuses a subject to the credentials of this process: its permissions are not those of its roles.'),
  bus_server_too_old: entry(500, false, 'The bus server is too old for what was asked of it.'),
  bus_misconfigured: entry(500, false, 'A stream or bucket exists with another configuration than the one needed.'),
  registry_conflict: entry(409, true, 'The key was changed by another since it was read.'),
  subject_invalid: entry(400, false, 'A subject token has a character outside letters, digits, dash and underscore.'),
  no_responder: entry(503, true, 'Nobody serves that subject.'),
  request_timeout: entry(504, true, 'No answer came within the time given.'),
  mailbox_full: entry(429, true, 'The actor has as many waiting messages as it may; the message was refused.'),
  closed: entry(503, false, 'The thing was closed before it could answer.'),

  // work
  quota_exceeded: entry(409, false, 'A quota of the goal is used up; resume with a larger one to go on.'),
  ticks_exhausted: entry(409, false, 'The agent did not answer within its maxTicks rounds.'),
  task_failed: entry(500, false, 'A task failed for good and the failure policy does not allow a partial result.'),
  actor_poisoned: entry(500, false, 'An actor ended because its inputs kept throwing or it was opened too often without progress.'),
  input_rejected: entry(500, false, 'A machine threw on the answer to one of its requests.'),
  outcome_unknown: entry(500, false, 'A tool that is not safe to repeat had started when its worker died; nobody knows whether it took effect.'),
  cancelled: entry(409, false, 'The work was cancelled.'),
  aborted: entry(499, false, 'The call was aborted by its owner.'),
  memory_conflict: entry(409, false, 'A key of the shared memory does not have the version that was expected: another agent was faster.'),
  memory_key_unknown: entry(404, false, 'The memory of the goal has no key of that name.'),
  attempt_superseded: entry(409, false, 'Another attempt of the task is the one that counts; what this one asked for was not done.'),
  agent_not_at_work: entry(404, false, 'No other agent of that task, role or name is at work on the goal.'),
  no_quorum: entry(409, false, 'The voters did not reach the quorum within the rounds allowed.'),

  // models
  model_timeout: entry(504, true, 'The model sent no first byte, or stopped in the middle, for longer than its watchdog allows.'),
  model_cut: entry(502, true, 'The stream of the model ended without its end marker.'),
  model_rate_limited: entry(429, true, 'The provider limits the rate.'),
  model_overloaded: entry(503, true, 'The provider is overloaded.'),
  model_unavailable: entry(502, true, 'The provider failed or the connection broke.'),
  model_auth: entry(401, false, 'The provider refused the credential.'),
  model_billing: entry(402, false, 'The provider wants money: its quota for this account is used up.'),
  model_bad_request: entry(400, false, 'The provider refused the request.'),
  model_context_overflow: entry(400, false, 'The conversation is longer than the context window of the model.'),
  model_malformed: entry(502, true, 'The model answered with something that is not its wire format.'),

  // tools and sandboxes
  tool_unknown: entry(404, false, 'The agent named a tool that does not exist.'),
  tool_not_permitted: entry(403, false, 'The profile does not allow this tool.'),
  tool_denied: entry(403, false, 'Somebody, or the time limit of the policy, did not allow the call.'),
  approval_unknown: entry(404, false, 'No tool call of this tenant waits for a decision under that id: it was decided, or its agent has ended.'),
  tool_input_invalid: entry(400, false, 'The arguments of a tool call do not fit its schema.'),
  tool_failed: entry(500, false, 'The tool ran and failed; its message says why.'),
  task_timeout: entry(504, false, 'A task of the goal took longer than its strategy gives one.'),
  tool_timeout: entry(504, false, 'The tool ran longer than its bound and was ended.'),
  sandbox_unavailable: entry(503, false, 'The sandbox that the configuration asks for cannot be had on this machine; nothing was run.'),
  patch_conflict: entry(409, false, 'A patch does not apply to the file as it is.'),
  file_binary: entry(415, false, 'The file is not text.'),

  internal: entry(500, false, 'A defect in Flockwork; the log of the node has the cause.'),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCatalogue;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}
