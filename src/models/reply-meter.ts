import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ModelBounds } from './bounds.ts';

export interface ReplyMeterOptions extends Pick<ModelBounds, 'replyCharsMax' | 'toolCallsMax'> {
  /** Names the call in errors. */
  readonly model: string;
  /** What the base URL should name, for the last sentence of an error. */
  readonly expected: string;
}

/** Holds one reply to its bounds. Throws `model_malformed`. */
export class ReplyMeter {
  readonly #options: ReplyMeterOptions;
  #chars = 0;
  #calls = 0;

  constructor(options: ReplyMeterOptions) {
    this.#options = options;
  }

  count(chars: number): void {
    const { replyCharsMax } = this.#options;
    this.#chars += chars;
    if (this.#chars > replyCharsMax) throw this.malformed(`an answer of more than ${replyCharsMax} characters (replyCharsMax)`, { replyCharsMax });
  }

  countCall(): void {
    const { toolCallsMax } = this.#options;
    this.#calls += 1;
    if (this.#calls > toolCallsMax) throw this.malformed(`more than ${toolCallsMax} tool calls (toolCallsMax)`, { toolCallsMax });
  }

  malformed(what: string, details: Readonly<Record<string, unknown>>): FlockworkError {
    const { model, expected } = this.#options;
    return new FlockworkError('model_malformed', `The model ${model} sent ${what}. Check that its base URL names ${expected}.`, {
      details: { model, ...details },
    });
  }

  /** The stream ended and `marker` had not come. */
  cut(marker: string): FlockworkError {
    const { model } = this.#options;
    return new FlockworkError(
      'model_cut',
      `The stream of ${model} ended without its end marker (${marker}). What had come was discarded; make the call again.`,
      {
        details: { model, chars: this.#chars, toolCalls: this.#calls },
      },
    );
  }
}
