// Forms of classical verse, as in tasks/shared/verse.py and couplet.py. A form has a symbol for each place: tones (平,
// 仄, 中 either, 任 any token, a mark itself), rhymes (0, or the number of a chain), groups (rhymes of chain 1; empty:
// any).

const EITHER = "中", ANY = "任", MARKS = "，。、？！；：", REGULATED = [5, 7];
const meet = (a, b) => new Set([...a].filter((x) => b.has(x)));
const inBoth = (sets) => sets.reduce(meet);

// Regulated verse has four kinds of poem: is the second place of its first line level, and does that line rhyme?
function templates(length) {
  return [length === 7, length !== 7].flatMap((rhymes) => [false, true].map((level) => ({ level, rhymes })));
}

// Tones of line `number`: every second place and the last are fixed, and the third from the end where three equal tones
// would end the line. The lines of a couplet are opposed, and each couplet begins as the one before it ends.
function lineTones(length, number, template) {
  if (!REGULATED.includes(length)) return EITHER.repeat(length);
  const level = template.level !== [1, 2].includes(number % 4), line = Array(length).fill(EITHER);
  for (let place = 1, turn = 0; place < length; place += 2, turn++) {
    line[place] = level !== Boolean(turn % 2) ? LEVEL : OBLIQUE;
  }
  line[length - 1] = number % 2 || (number === 0 && template.rhymes) ? LEVEL : OBLIQUE;
  if (line.at(-1) === line.at(-2)) line[length - 3] = line.at(-1) === LEVEL ? OBLIQUE : LEVEL;
  return line.join("");
}

const clashes = (prosody, line, form) => line.filter(
  (c, i) => form[i] !== EITHER && !tonesOf(prosody, c).has(form[i])).length;

// The template that the lines before break in the fewest places; of lines that are no regulated verse only the last one
// counts. 平平仄平仄 for 平平平仄仄 counts as regular.
function findTemplate(prosody, before, length) {
  let rhymes = templates(length)[0].rhymes;
  const ends = tonesOf(prosody, before[0].at(-1));
  if (ends.size === 1) rhymes = ends.has(LEVEL);
  else if (before.length > 1) {
    rhymes = meet(groupsOf(prosody, before[0].at(-1), LEVEL), groupsOf(prosody, before[1].at(-1), LEVEL)).size > 0;
  }
  const lines = before.map((line, number) => [number, line]).filter(([, line]) => line.length === length);
  const broken = (template, some) => {
    const each = some.map(([number, line]) => [line, lineTones(length, number, template)]);
    const ways = (line, form) => [form, form.replaceAll("平仄仄", "仄平仄")].map((way) => clashes(prosody, line, way));
    return [each.reduce((sum, [line, form]) => sum + Math.min(...ways(line, form)), 0),
            each.reduce((sum, [line, form]) => sum + clashes(prosody, [line[1]], form[1]), 0)];
  };
  const best = (some) => templates(length).filter((one) => one.rhymes === rhymes).reduce((a, b) => {
    const [[a0, a1], [b0, b1]] = [broken(a, some), broken(b, some)];
    return b0 < a0 || (b0 === a0 && b1 < a1) ? b : a;
  });
  const found = best(lines);
  return broken(found, lines)[0] <= lines.length ? found : best(lines.slice(-1));
}

// The form of the line after the lines `before`, which are arrays of characters. Lines that rhyme on an oblique tone
// are old-style verse: the line keeps their rhyme and has no tones.
function nextLine(prosody, before, length) {
  const even = before.filter((_, i) => i % 2), last = even.slice(-2).map((line) => line.at(-1));
  const rhymed = (yes) => "0".repeat(length - 1) + (yes ? "1" : "0");
  if (last.length && !tonesOf(prosody, last.at(-1)).has(LEVEL)) {
    const sets = last.map((c) => groupsOf(prosody, c)), shared = inBoth(sets);
    const old = shared.size ? shared : sets.at(-1), second = before.length % 2;
    if (old.size) return { tones: EITHER.repeat(length), rhymes: rhymed(second), groups: second ? old : new Set() };
  }
  const template = findTemplate(prosody, before, length), rhymes = before.length % 2;
  return { tones: lineTones(length, before.length, template), rhymes: rhymed(rhymes),
           groups: rhymes ? rhymeGroups(prosody, before, even, template) : new Set() };
}

// The rhymes left by the rhyme words of the lines before; the last of them decides if they share none.
function rhymeGroups(prosody, before, even, template) {
  const level = (line) => groupsOf(prosody, line.at(-1), LEVEL);
  const words = even.map(level), first = level(before[0]);
  if (template.rhymes && (!words.length || meet(first, words[0]).size)) words.unshift(first);
  const known = words.filter((word) => word.size);
  if (!known.length) return new Set(prosody.names.filter(([, , tone]) => tone === LEVEL).map(([name]) => name));
  const shared = inBoth(known);
  return shared.size ? shared : known.at(-1);
}

// What answers the first line of a couplet: tones opposed at every second place of a clause and at its end, characters
// doubled where it doubles them, and none of its characters.
function secondLine(prosody, first) {
  const line = first.map((c) => (MARKS.includes(c) ? c : EITHER)), free = (place) => !MARKS.includes(first[place]);
  const opposed = (c) => {
    const tones = tonesOf(prosody, c);
    return tones.size > 1 ? EITHER : tones.has(LEVEL) ? OBLIQUE : LEVEL;
  };
  for (let start = 0, end = 0; start < first.length; start = end + 1) {
    for (end = start; end < first.length && free(end); end++);
    if (end - start > 3) for (let place = start + 1; place < end; place += 2) line[place] = opposed(first[place]);
    if (end > start) line[end - 1] = opposed(first[end - 1]);
  }
  const last = line.findLastIndex((symbol) => !MARKS.includes(symbol));
  if (last >= 0 && line[last] === EITHER) line[last] = LEVEL;
  const copies = first.map((c, place) => (MARKS.includes(c) || first.indexOf(c) === place ? -1 : first.indexOf(c)));
  return { tones: line.join(""), rhymes: "0".repeat(first.length), groups: new Set(), copies, doubles: false,
           used: [...new Set(first)].filter((c) => !MARKS.includes(c)) };
}
