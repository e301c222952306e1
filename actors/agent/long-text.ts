import { resultInlineBytesMax, resultInlineCharsMax } from './bounds.ts';

/** The most bytes that JSON makes of one unit of a text: a control character is six. */
const jsonBytesPerUnit = 6;

/** The bytes of a value as JSON, in which it stands in a record. */
export function jsonBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

/** True for a result that does not stand in a fact as it is, but travels as a blob. */
export function isLongText(text: string): boolean {
  if (text.length > resultInlineCharsMax) return true;
  return text.length * jsonBytesPerUnit > resultInlineBytesMax && jsonBytes(text) > resultInlineBytesMax;
}
