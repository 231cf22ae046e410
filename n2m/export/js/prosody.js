// Tones and rhymes of characters, as in tasks/shared/prosody.py, by the Pingshui table: readings = { rhymes: [[name,
// short name, tone, characters]], parts: the same of 词林正韵 }.

const LEVEL = "平", OBLIQUE = "仄", BOTH = [LEVEL, OBLIQUE];

// Character → its readings, each { tone, group }.
function readingsOf(groups) {
  const found = new Map();
  for (const [group, , tone, characters] of groups) {
    for (const c of characters) found.set(c, [...(found.get(c) || []), { tone, group }]);
  }
  return found;
}

function openProsody({ rhymes, parts }) {
  return { rhymes: readingsOf(rhymes), parts: readingsOf(parts), names: rhymes };
}

// 平, 仄 or both; both for a character that the table does not have.
function tonesOf(prosody, c) {
  const tones = new Set((prosody.rhymes.get(c) || []).map(({ tone }) => tone));
  return tones.size ? tones : new Set(BOTH);
}

// The rhymes that a character has in these tones, or, for ci, its parts of 词林正韵.
function groupsOf(prosody, c, tones = BOTH, ci = false) {
  const readings = (ci ? prosody.parts : prosody.rhymes).get(c) || [];
  return new Set(readings.filter(({ tone }) => tones.includes(tone)).map(({ group }) => group));
}

// What the page shows of each character that the table has: its tone and the names of its rhymes.
function shownReadings(prosody, characters) {
  const known = [...new Set(characters)].filter((c) => prosody.rhymes.has(c));
  return Object.fromEntries(known.map((c) => {
    const tones = tonesOf(prosody, c), groups = groupsOf(prosody, c);
    return [c, [BOTH.filter((tone) => tones.has(tone)).join(""),
                prosody.names.filter(([name]) => groups.has(name)).map(([, short]) => short)]];
  }));
}
