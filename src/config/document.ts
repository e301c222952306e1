import { type ConfigKey, type ConfigSection, configSections } from './keys.ts';
import { tomlValue } from './toml.ts';

/** Free tables have no default to show: one entry that could stand in a real file. */
const freeExamples: Readonly<Record<string, readonly string[]>> = {
  prices: ['[prices."openai/some-model"]', 'input = 0.25', 'output = 2.0', 'cacheRead = 0.025'],
  profiles: [
    '[profiles.reviewer]',
    'system = "You review code. Name the file and line of everything you say."',
    'tools = ["fs.list", "fs.read", "fs.search"]',
    'outputTokensMax = 2000',
  ],
};

const tokensExample = ['[[auth.tokens]]', 'tenant = "default"', `sha256 = "${'0'.repeat(64)}"`];

function bounds({ choices, minimum, maximum }: ConfigKey): string {
  if (choices.length > 0) return choices.join(', ');
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${minimum} or more`;
  return maximum === undefined ? '' : `at most ${maximum}`;
}

function exampleOf(section: ConfigSection): readonly string[] {
  const comment = (line: string): string => `# ${line}`;
  const setting = (line: string): string => `#${line}`;
  if (section.free) return [comment(section.meaning), ...(freeExamples[section.name] ?? []).map(setting)];
  const plain = section.keys.filter(({ kind }) => kind !== 'table');
  const keys = plain.flatMap((key) => {
    const range = bounds(key);
    const value = tomlValue(key.fallback ?? key.minimum ?? '');
    return [comment(`${key.meaning}${range === '' ? '' : ` (${range})`}`), setting(`${key.key} = ${value}`)];
  });
  const tokens = section.name === 'auth' ? tokensExample.map(setting) : [];
  return [comment(section.meaning), `[${section.name}]`, ...keys, ...tokens];
}

/** `flockwork.example.toml`: every key with its meaning and default, commented out. */
export function exampleFile(): string {
  const head = [
    '# Flockwork reads flockwork.toml from the working folder, or the file named with --config.',
    '# Every key is shown with its default; take away the # before it to change it. Unknown keys are errors.',
    '# flag > environment (FLOCKWORK_<SECTION>_<KEY>) > this file > default. `flockwork config get --origin` says what is in force and why.',
  ];
  return `${[head, ...configSections().map(exampleOf)].map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function rowOf(key: ConfigKey): string {
  const fallback = key.fallback === undefined ? '–' : `\`${tomlValue(key.fallback)}\``;
  const variable = key.variable === undefined ? '–' : `\`${key.variable}\``;
  return `| \`${key.key}\` | ${fallback} | ${cell(bounds(key)) || '–'} | ${variable} | ${cell(key.meaning)} |`;
}

const pageHead = `# Configuration

<!-- Made from the schema in src/config/schema.ts; a test holds the two against each other. -->

Flockwork runs without any configuration. What you want otherwise you say by a flag, in the environment, or in
\`flockwork.toml\` (in the working folder, or named with \`--config F\`), in this order of strength:

**flag > environment > file > default**

- \`flockwork config get --origin\` shows every value in force and where it came from; \`flockwork config get http.port\` one of them.
- \`flockwork config patch quota.maxTokens=200000\` changes keys of the file and \`flockwork config apply new.toml\` replaces it: that of the node that runs
  on the data folder (or the one of \`--connect\`), else the one here. Nothing is written unless all of it is right. The answer says what is in force
  at once and what waits for a restart ([wire.md](wire.md#methods) has the list). A node without \`auth.mode = "loopback"\` wants a token with \`admin = true\`.
- An unknown key or variable, a value out of range, or a contradiction is an error (\`config_invalid\`, exit code 2) that names the
  path and the nearest known key. All problems are told at once, and nothing starts.
- The environment variable of a key is \`FLOCKWORK_<SECTION>_<KEY>\`, with an underscore at each hump: \`http.port\` is
  \`FLOCKWORK_HTTP_PORT\`, \`model.firstByteMaxMs\` is \`FLOCKWORK_MODEL_FIRST_BYTE_MAX_MS\`. Lists are separated by commas.
  An empty variable counts as unset. \`--env-file F\` adds \`NAME=value\` lines; the real environment wins over them.
- Variables that Kubernetes adds for a Service called \`flockwork\` (\`FLOCKWORK_SERVICE_HOST\`, \`FLOCKWORK_HTTP_PORT=tcp://…\`) are ignored.
- Secrets never stand in the configuration: keys name the variable or the file that holds them.

Variables that everyone reads the same way are read here too; the \`FLOCKWORK_\` form of a key wins over them:

| variable | means |
|---|---|
| \`OPENAI_API_KEY\` | the key of the provider \`openai\` (another variable: \`openai.apiKeyEnv\`) |
| \`OPENAI_BASE_URL\` | \`openai.baseUrl\` |
| \`OPENAI_MODEL\` | \`openai.model\` |
| \`ANTHROPIC_API_KEY\` | the key of the provider \`anthropic\` (another variable: \`anthropic.apiKeyEnv\`) |
| \`ANTHROPIC_BASE_URL\` | \`anthropic.baseUrl\` |
| \`OLLAMA_HOST\` | \`ollama.baseUrl\` |
| \`NATS_URL\` | \`bus.natsUrl\`; with \`start\` also \`bus.kind = "nats"\`, unless the bus is named |

Two more variables are no configuration but tell the command line where to connect: \`FLOCKWORK_CONNECT\` (an address) and \`FLOCKWORK_TOKEN\`.
`;

/** `docs/configuration.md`: every key with default, bounds, variable and meaning. */
export function configPage(): string {
  const sections = configSections().map((section) => {
    const title = section.free ? `## [${section.name}.*]` : `## [${section.name}]`;
    return [title, '', section.meaning, '', '| key | default | values | environment | meaning |', '|---|---|---|---|---|', ...section.keys.map(rowOf)].join(
      '\n',
    );
  });
  return `${[pageHead.trimEnd(), ...sections].join('\n\n')}\n`;
}
