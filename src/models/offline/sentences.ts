import type { Material } from './brief.ts';
import type { Hit } from './evidence.ts';
import { holdsExact, stemSet, type Terms } from './terms.ts';

export const sentencesMax = 12;
/** Of one text, where nothing in it matches. */
const firstSentencesMax = 4;
const sentenceCharsMin = 8;

/** An image or a linked one: nothing to read. */
const badge = /^\[?!\[/;

/** The sentences of a text with the lines they stand in, counted from 1. */
export function sentencesOf({ name, text }: Material): Hit[] {
  return text.split('\n').flatMap((line, index) =>
    line
      .split(/(?<=[.!?])\s+(?=[\p{Lu}\p{N}"“(])/u)
      .map((sentence) => sentence.trim())
      .filter((sentence) => sentence.length >= sentenceCharsMin && /\p{L}/u.test(sentence) && !badge.test(sentence))
      .map((sentence) => ({ path: name, line: index + 1, text: sentence })),
  );
}

const asksForNumber = /\bhow (?:many|much|long|often|large|big)\b|\bwhen\b|\bwhat (?:year|date|percentage|number)\b/i;
const wordScore = 10;
const exactScore = 15;
const numberScore = 4;

/**
 * The sentences that answer a goal: those that hold most of its terms, rare terms counting more, in the order of the text.
 * Where nothing matches, the first sentences of each text, and `matched` says so.
 */
export function answering(materials: readonly Material[], goal: string, terms: Terms): { readonly sentences: readonly Hit[]; readonly matched: boolean } {
  const all = materials.flatMap(sentencesOf).map((sentence) => ({ sentence, stems: stemSet(sentence.text) }));
  const weights = new Map(terms.words.map((word) => [word, wordScore + wordScore / (1 + all.filter(({ stems }) => stems.has(word)).length)]));
  const wantsNumber = asksForNumber.test(goal);
  const scored = all.map(({ sentence, stems }, at) => {
    const words = terms.words.filter((word) => stems.has(word));
    const exact = terms.exact.filter((term) => holdsExact(sentence.text, term));
    const base = words.reduce((sum, word) => sum + (weights.get(word) ?? 0), 0) + exact.length * exactScore;
    return { sentence, at, score: base === 0 ? 0 : base + (wantsNumber && /\d/.test(sentence.text) ? numberScore : 0) };
  });
  const best = scored
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score || a.at - b.at)
    .slice(0, sentencesMax);
  if (best.length > 0) return { sentences: best.toSorted((a, b) => a.at - b.at).map(({ sentence }) => sentence), matched: true };
  const each = Math.min(firstSentencesMax, Math.max(1, Math.floor(sentencesMax / Math.max(1, materials.length))));
  const first = materials.flatMap((material) => sentencesOf(material).slice(0, each));
  return { sentences: first.slice(0, sentencesMax), matched: false };
}
