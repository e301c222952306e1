import type { Command } from 'commander';
import { type Choose, collect, declare, withConnection, withSettings } from './declaration.ts';

/** Commands that run, look at and check nodes. */
export function declareNodeCommands(program: Command, choose: Choose): void {
  withSettings(
    declare(program, 'start', 'Run a node as a service. Prints one line per endpoint, then a line that begins with ready. SIGTERM drains it.', [
      ['flockwork start', 'on http://127.0.0.1:9090, and for QUIC on UDP port 4433'],
      ['flockwork start --http-port 0 --quic-port 0 --data-dir /var/lib/flockwork', 'on free ports'],
      ['flockwork start --roles worker --nats nats://10.0.0.7:4222', 'a worker of a cluster'],
    ]),
  )
    .option('--roles <list>', 'gateway, coordinator and worker, separated by commas (default: all)')
    .option('--nats <url...>', 'use NATS; local starts a nats-server beside the node')
    .option('--host <address>', 'the address to listen on (default 127.0.0.1)')
    .option('--http-port <port>', 'the port for HTTP and WebSocket (default 9090; 0 takes a free one)')
    .option('--quic-port <port>', 'the UDP port for QUIC (default 4433; 0 takes a free one)')
    .option('--tcp-port <port>', 'a TCP port for the peers of libp2p that UDP does not reach (default none; 0 takes a free one)')
    .option('--model <provider/name>', 'the model of goals that name none')
    .option('--sandbox <kind>', 'what isolates system.run: bubblewrap or none')
    .action((options) => choose(async (io) => (await import('../commands/start.ts')).start(io, options)));

  withConnection(declare(program, 'nodes', 'List the nodes that run.', [['flockwork nodes --connect http://127.0.0.1:9090', 'as one of them sees it']])).action(
    (options) => choose(async (io) => (await import('../commands/nodes.ts')).nodes(io, options)),
  );

  withConnection(
    declare(program, 'top', 'Watch nodes, goals, agents and queues live, on the whole terminal. In a pipe: one snapshot.', [
      ['flockwork top --connect http://127.0.0.1:9090', 'q quits, space holds the picture'],
      ['flockwork top --json', 'one snapshot, as JSON'],
    ]),
  )
    .option('--interval <seconds>', 'how often the node is asked (default 1)')
    .action((options) => choose(async (io) => (await import('../commands/top.ts')).top(io, options)));

  const dead = withConnection(
    declare(program, 'dead-letters', 'List the messages that no actor took, and why.', [['flockwork dead-letters', 'the newest last']]),
  )
    .option('--limit <n>', 'at most this many (default 50)')
    .action((options) => choose(async (io) => (await import('../commands/dead-letters.ts')).deadLetters(io, options)));
  withConnection(
    declare(dead, 'requeue <id>', 'Put the messages of that id back into their queue, once what they failed for is mended.', [
      ['flockwork dead-letters requeue 01m7zj', 'the id is in flockwork dead-letters'],
    ]),
  ).action((id, _options, command) => choose(async (io) => (await import('../commands/dead-letters.ts')).requeueDeadLetter(io, id, command.optsWithGlobals())));

  const nats = program.command('nats').description('What nats-server must know of nodes.');
  withSettings(
    declare(nats, 'permissions', 'Print the least that a node needs of NATS, as the permissions of a user in the configuration of nats-server.', [
      ['flockwork nats permissions --role worker --tenant acme --node worker-1', 'for the node whose node.id is worker-1 and bus.tenant acme'],
      ['flockwork nats permissions --role gateway,coordinator --node front --json', 'of a node with two roles, as JSON'],
    ]),
  )
    .requiredOption('--role <list>', 'gateway, coordinator and worker, separated by commas')
    .option('--tenant <tenant>', 'the one tenant it serves (default: bus.tenant; else all)')
    .option('--node <id>', 'its node.id, which no other has (default: node.id; else the role)')
    .option('--pools <list>', 'the pools of its worker, separated by commas (default: worker.pools)')
    .action((options) => choose(async (io) => (await import('../commands/nats-permissions.ts')).printNatsPermissions(io, options)));

  withConnection(
    declare(program, 'approvals [goal]', 'List the tool calls that wait for somebody to approve them.', [['flockwork approvals', 'with the id of each']]),
  ).action((goal, options) => choose(async (io) => (await import('../commands/approvals.ts')).approvals(io, goal, options)));
  for (const [decision, does] of [
    ['approve', 'Let a tool call run that waits for it.'],
    ['deny', 'Refuse a tool call; its agent is told.'],
  ] as const) {
    withConnection(declare(program, `${decision} <id>`, does, [[`flockwork ${decision} <id>`, 'the id is in flockwork approvals']]))
      .option('--reason <text>', 'why; told to the agent and kept in the journal')
      .action((id, options) => choose(async (io) => (await import('../commands/approvals.ts')).decide(io, id, decision, options)));
  }

  const index = program.command('index').description('The index of goals, which is read off the journals.');
  withSettings(
    declare(index, 'rebuild', 'Throw the index of the data folder away and read it off the journals again. No node may run on the folder.', [
      ['flockwork index rebuild --data-dir .flockwork', 'after a restore, or when a list looks wrong'],
    ]),
  ).action((options) => choose(async (io) => (await import('../commands/index-rebuild.ts')).indexRebuild(io, options)));

  withConnection(
    declare(program, 'replay <goal>', 'Run the journals of a goal again, without any effect, and compare what they decide.', [
      ['flockwork replay g_1a2b', 'exit code 1 when anything differs'],
    ]),
  ).action((goal, options) => choose(async (io) => (await import('../commands/replay.ts')).replay(io, goal, options)));

  const audit = program.command('audit').description('Check what is on record.');
  withConnection(
    declare(audit, 'verify [goal]', 'Check the hash chains of one goal, or of all.', [
      ['flockwork audit verify', 'every goal; exit code 1 when one is broken'],
      ['flockwork audit verify g_1a2b --json', 'one goal, as JSON'],
    ]),
  )
    .option('--file <file>', 'check a file that audit export wrote instead; - reads stdin. Needs no node')
    .option('--public-key <file>', 'with --file: the Ed25519 public key, in PEM form, that its signature must be of')
    .action((goal, options) =>
      choose(async (io) =>
        options.file === undefined
          ? (await import('../commands/audit-verify.ts')).auditVerify(io, goal, options)
          : (await import('../commands/audit-export.ts')).auditCheck(io, options),
      ),
    );
  withConnection(
    declare(audit, 'export [goal]', 'Print everything on record of a goal that has ended, or of all, as a chain of JSON lines.', [
      ['flockwork audit export > audit.jsonl', 'every goal that has ended'],
      ['flockwork audit export g_1a2b --key audit.pem', 'one goal, signed with an Ed25519 key'],
    ]),
  )
    .option('--key <file>', 'sign the head with this Ed25519 private key, in PEM form')
    .action((goal, options) => choose(async (io) => (await import('../commands/audit-export.ts')).auditExport(io, goal, options)));
  withConnection(
    declare(audit, 'tail [goal]', 'Follow who does what, as it is done: one goal until it ends, or all until Ctrl-C.', [
      ['flockwork audit tail --json', 'every goal at work, as JSON lines'],
    ]),
  ).action((goal, options) => choose(async (io) => (await import('../commands/audit-tail.ts')).auditTail(io, goal, options)));

  const config = program.command('config').description('Look at the configuration, and change it.');
  withConnection(
    declare(config, 'get [key]', 'Show the configuration in force here; with --connect, that of a node. Secrets are never shown.', [
      ['flockwork config get --origin', 'every value, and where it came from'],
      ['flockwork config get http.port', 'one value'],
      ['flockwork config get quota', 'one section'],
    ]),
  )
    .option('--origin', 'say where each value came from')
    .action((key, options) => choose(async (io) => (await import('../commands/config-get.ts')).configGet(io, key, options)));
  for (const command of [
    withConnection(
      declare(config, 'apply <file>', 'Replace the configuration file by this one (TOML, or JSON by its name; - reads TOML), once all of it is right.', [
        ['flockwork config apply new.toml', 'of the node that runs on the data folder, else of this folder'],
        ['flockwork config apply new.json --connect http://127.0.0.1:9090', 'of another node'],
      ]),
    ).action((file, options) => choose(async (io) => (await import('../commands/config-change.ts')).configApply(io, file, options))),
    withConnection(
      declare(config, 'patch [key=value...]', 'Change some keys of the configuration file, and say which of them are in force at once.', [
        ['flockwork config patch quota.maxTokens=200000 model.name=openai/gpt-5', 'values as TOML writes them; others are text'],
        ['flockwork config patch --unset model.name', 'back to the default'],
      ]),
    )
      .option('--unset <key>', 'take this key out of the file; may be repeated', collect)
      .action((settings, options) => choose(async (io) => (await import('../commands/config-change.ts')).configPatch(io, settings, options))),
  ])
    command.option('--hash <hash>', 'only if the configuration in force still has this hash, as config get --json tells it');
  declare(config, 'example', 'Print flockwork.toml with every key, its meaning and its default.', [
    ['flockwork config example > flockwork.toml', 'to begin with'],
  ]).action((options) => choose(async (io) => (await import('../commands/config-example.ts')).configExample(io, options)));

  withSettings(
    declare(program, 'doctor', 'Check this machine and configuration; exit code 1 when something needed is broken.', [
      ['flockwork doctor --json', 'one JSON line per check'],
    ]),
  )
    .option('--nats <url...>', 'check these NATS servers too')
    .option('--model <provider/name>', 'check this model')
    .action((options) => choose(async (io) => (await import('../commands/doctor.ts')).doctor(io, options)));

  declare(program, 'mock-model', 'Run a scripted model server on this machine, for tests and demos.', [
    ['flockwork mock-model --port 8080', 'an OpenAI-compatible server'],
    ['flockwork mock-model --script rules.json', 'answers from a file of rules'],
  ])
    .option('--port <port>', 'the port to listen on (default: a free one)')
    .option('--script <file>', 'a JSON file with rules: which request gets which answer')
    .action((options) => choose(async (io) => (await import('../commands/mock-model.ts')).mockModel(io, options)));
}
