// @ts-check
// Search through the sections of all pages.

/** @import { Section } from "./types.d.ts" */

const MOST = 12;

/** @param {string} text */
const bare = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");

/**
 * The sections that hold every word asked for, those with it in their title first.
 *
 * @param {Section[]} sections
 * @param {string} asked
 */
export function find(sections, asked) {
  const words = bare(asked).split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const scored = sections.map((section) => {
    const title = bare(section.title);
    const text = bare(section.text);
    if (!words.every((word) => title.includes(word) || text.includes(word))) {
      return { section, score: 0 };
    }
    const inTitle = words.filter((word) => title.includes(word)).length;
    const times = words.map((word) => text.split(word).length - 1);
    return { section, score: 1 + 10 * inTitle + Math.min(...times, 5) };
  });
  return scored
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, MOST)
    .map(({ section }) => section);
}
