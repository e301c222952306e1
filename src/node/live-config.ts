import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ConfigChangeResult, ConfigResult } from '../../protocols/wire/results.ts';
import { type Config, type ConfigChange, changedKeys, isLive, type LoadedConfig, prepareChange, withLiveKeys, writeConfigFile } from '../config/index.ts';

/** The configuration in force, which a change of its file may replace in part. Changes come one after another. */
export class LiveConfig {
  #inForce: LoadedConfig;
  #pending: readonly string[] = [];
  #changing: Promise<unknown> = Promise.resolve();

  constructor(config: LoadedConfig) {
    this.#inForce = config;
  }

  /** To be asked anew each time: what is live may be another one now. */
  get values(): Config {
    return this.#inForce.values;
  }

  view(): ConfigResult {
    return { ...this.#inForce.view, pending: this.#pending };
  }

  /** Throws `config_invalid`, `config_conflict` or `config_unwritable`, and then nothing has changed. */
  change(change: ConfigChange, hash: string | undefined): Promise<ConfigChangeResult> {
    const changed = this.#changing.then(() => this.#change(change, hash));
    this.#changing = changed.catch(() => undefined);
    return changed;
  }

  async #change(change: ConfigChange, hash: string | undefined): Promise<ConfigChangeResult> {
    if (hash !== undefined && hash !== this.#inForce.hash)
      throw new FlockworkError(
        'config_conflict',
        'the configuration in force is another one than the change was based on; get it again and base the change on its hash',
        {
          details: { hash, inForce: this.#inForce.hash },
        },
      );
    const { file, text, next, overridden } = await prepareChange(this.#inForce, change);
    await writeConfigFile(file, text);
    const changed = changedKeys(this.#inForce.values, next.values);
    const restart = changed.filter((path) => !isLive(path));
    this.#inForce = withLiveKeys(this.#inForce, next);
    this.#pending = restart;
    return {
      file,
      changed,
      live: changed.filter(isLive),
      restart,
      restartNeeded: restart.length > 0,
      overridden,
      hash: this.#inForce.hash,
    };
  }
}
