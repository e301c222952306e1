import { type ConfigFlag, type ConfigSources, type LoadedConfig, loadConfig } from '../config/index.ts';
import type { CommandIo } from './io.ts';

/** The options of a command that stand for keys of the configuration. */
export interface SettingOptions {
  readonly config?: string;
  readonly envFile?: string;
  readonly dataDir?: string;
  readonly nats?: readonly string[];
  readonly model?: string;
  readonly sandbox?: string;
  readonly roles?: string;
  readonly host?: string;
  readonly httpPort?: string;
  readonly quicPort?: string;
  readonly tcpPort?: string;
}

/** A flag's text as a number where it is one; what is none is left for the schema to refuse by name. */
function numeric(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

function splitList(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

export function configFlags(options: SettingOptions): readonly ConfigFlag[] {
  const flags: ConfigFlag[] = [];
  const add = (flag: string, path: string, value: unknown): void => {
    if (value !== undefined) flags.push({ flag, path, value });
  };
  add('--data-dir', 'data.dir', options.dataDir);
  add('--model', 'model.name', options.model);
  add('--sandbox', 'tools.sandbox', options.sandbox);
  add('--host', 'http.host', options.host);
  add('--roles', 'node.roles', options.roles === undefined ? undefined : splitList(options.roles));
  add('--http-port', 'http.port', options.httpPort === undefined ? undefined : numeric(options.httpPort));
  add('--quic-port', 'quic.port', options.quicPort === undefined ? undefined : numeric(options.quicPort));
  add('--tcp-port', 'tcp.port', options.tcpPort === undefined ? undefined : numeric(options.tcpPort));
  if (options.nats !== undefined) {
    add('--nats', 'bus.kind', 'nats');
    add('--nats', 'bus.natsUrl', options.nats.flatMap(splitList));
  }
  return flags;
}

/** The configuration of a command. Throws `config_invalid` with every problem. */
export function loadSettings(io: CommandIo, options: SettingOptions, natsUrlChoosesBus = false): Promise<LoadedConfig> {
  return loadConfig(settingSources(io, options, natsUrlChoosesBus));
}

/** Where the configuration of a command is read from. */
export function settingSources(io: CommandIo, options: SettingOptions, natsUrlChoosesBus = false): ConfigSources {
  return {
    cwd: io.cwd,
    env: io.env,
    flags: configFlags(options),
    natsUrlChoosesBus,
    ...(options.config === undefined ? {} : { file: options.config }),
    ...(options.envFile === undefined ? {} : { envFile: options.envFile }),
  };
}
