/** What a unified diff says about one file. */
export interface FilePatch {
  /** As the patch names it, without `a/` and `b/`; undefined when it has no file headers. */
  readonly path: string | undefined;
  readonly change: 'added' | 'modified' | 'deleted';
  /** Lines. */
  readonly added: number;
  readonly removed: number;
  /** The new text, undefined when the patch does not fit. */
  apply(text: string): string | undefined;
  /** The text before the patch, undefined when it does not stand in the text. */
  revert(text: string): string | undefined;
}

/** Reads and applies unified diffs. */
export interface Patcher {
  /** Throws `tool_input_invalid` when the text is no unified diff, renames, or holds binary data. */
  parse(patch: string): readonly FilePatch[];
}
