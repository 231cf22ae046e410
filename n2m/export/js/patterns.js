// From a form of verse to the rules of a search, as tasks/shared/verse_rules.py: { tones, rhymes, groups, ci, used,
// copies, repeats, doubles }.

const CLASSES = ["any", "a character", LEVEL, OBLIQUE, ...MARKS];  // what a place may ask for

// The rules, the most important first: punctuation, rhyme, no repeats, tones.
function rulesOf(model, pattern) {
  const { classes, doubled } = model.verse, codec = model.target, tones = [...pattern.tones];
  const chain = [...pattern.rhymes].map(Number), copies = pattern.copies?.length ? pattern.copies : tones.map(() => -1);
  const layout = tones.map((symbol) => (MARKS.includes(symbol) ? CLASSES.indexOf(symbol) : Number(symbol !== ANY)));
  const rules = [positions(classes, layout)];
  if (chain.some(Boolean)) {
    rules.push(alike(groupsOfIds(model, pattern.ci), chain, pattern.groups));
    if (pattern.repeats) rules.push(different(chain.map((one, place) => (copies[place] >= 0 ? 0 : one))));
  }
  if (!pattern.repeats) {
    const marks = codec.vocabulary.map((_, id) => id).filter((id) => classes[id] >> CLASSES.indexOf(MARKS[0]));
    rules.push(noRepeats({ used: idsOf(codec, pattern.used), free: new Set(marks), copies,
                           doubles: new Set(idsOf(codec, [...doubled])),
                           doubling: tones.map((_, place) => pattern.doubles !== false && place > 0) }));
  }
  return [...rules, positions(classes, tones.map((symbol) => (BOTH.includes(symbol) ? CLASSES.indexOf(symbol) : 0)))];
}

// For each id its rhymes, found once.
function groupsOfIds({ verse, target }, ci = false) {
  const name = `groups ${ci}`;
  verse[name] = verse[name] || target.vocabulary.map((word) => [...groupsOf(verse.prosody, word, BOTH, ci)]);
  return verse[name];
}

const BEFORE = 7;  // lines whose characters do not come again

// What the line after a poem's lines has to be; null: any tokens, as many as the last line has.
function patternOfLine(model, lines) {
  const length = lines.at(-1).length, chinese = (line) => CHINESE_ONLY.test(line.join(""));
  if (!REGULATED.includes(length) || !lines.every(chinese)) return null;
  const rhymed = [lines[0], ...lines.slice(1, -BEFORE).filter((_, i) => i % 2 === 0)].map((line) => line.at(-1));
  return { ...nextLine(model.verse.prosody, lines, length), used: [...lines.slice(-BEFORE).flat(), ...rhymed] };
}

// The form of an answer, null if it has none: of the next line of a poem, of the second line of a couplet, of the texts
// that a word stands for.
function patternOf(model, example) {
  if (!model.verse) return null;
  if (model.task === "poem") return patternOfLine(model, [...example.context, example.source].map((line) => [...line]));
  if (model.verse.couplets) return secondLine(model.verse.prosody, [...example.source]);
  const { patterns } = model.verse;
  const found = Object.hasOwn(patterns, example.source) ? patterns[example.source] : patterns[""];
  return found ? { ...found, groups: new Set(found.groups), used: [...found.used] } : null;
}
