// What each type of task reads: a text of the user as { source, context, mark }, or an error, { key, … } of words.js;
// and the text that the encoder reads. As in tasks/ and core/verses.py.

const LETTER = `(?![${HAN}])[\\p{L}\\p{Nl}\\p{No}]`, SIGNS = "，。？！；：、,.?!;:";
const NOTE = /（[^（）]*）|\([^()]*\)/gu;
const BRACKETS = new RegExp(`[\\[\\]《》「」『』“”‘]|(?<!${LETTER})’|’(?!${LETTER})`, "gu");
const ROWS = /[\n\r\v\f\x1c-\x1e\x85\u2028\u2029/|]+/u;
const SENTENCES = new RegExp(`[${SIGNS}]+(?![^${SPACE}])|[，。？！；：、\\t|/]+`, "u");
const CHINESE = new RegExp(`[${SIGNS}|/\\n\\r]+|(?<!${LETTER})[${SPACE}]+|[${SPACE}]+(?!${LETTER}|[${SPACE}])`, "u");
const HAS_CHINESE = new RegExp(`[${HAN}]`, "u");

// The lines of a poem, without editors' notes and without the punctuation around them.
function linesOf(poem) {
  const plain = poem.replace(NOTE, "").replace(BRACKETS, "");
  let found = plain.split(CHINESE);
  if (!HAS_CHINESE.test(plain)) {
    const rows = plain.split(ROWS).filter((line) => trimmed(line));
    found = rows.length > 1 ? rows : plain.split(SENTENCES);
  }
  const edge = new RegExp(`^[${SIGNS} ]+|[${SIGNS} ]+$`, "gu");
  return found.map((line) => trimmed(line).replace(edge, "")).filter(Boolean);
}

function readInput(model, raw) {
  const text = clean(model, raw), most = model.max_length;
  if (!trimmed(text)) return { error: { key: "empty" } };
  let example = { source: text, context: [], mark: "" };
  if (model.task === "poem") {
    const marked = text.match(MARK), lines = linesOf(marked ? text.slice(marked[0].length) : text);
    if (!lines.length) return { error: { key: "noLine" } };
    if ([...lines.at(-1)].length >= most) return { error: { key: "longLine", most: most - 1 } };
    example = { source: lines.at(-1), context: lines.slice(0, -1), mark: marked ? marked[1] : "" };
  }
  const tokens = tokensOf(model.source, sourceText(model, example)), labels = model.task === "classify";
  if (tokens.length > most && !labels) return { error: { key: "long", n: tokens.length, most } };
  if (idsOf(model.source, tokensOf(model.source, example.source)).every((id) => id === UNK)) {
    return { error: { key: "unknown" } };
  }
  return { example, tokens: tokens.slice(0, most), cut: tokens.length > most };
}

// Of a poem the lines so far, ， after odd lines and 。 after even ones; if they are too long, the oldest are left out,
// several at a time.
function sourceText(model, example) {
  if (model.task !== "poem") return example.source;
  const lines = [...example.context, example.source].filter(Boolean).map((line) => [...line]);
  const mark = example.mark && `${example.mark}：`, most = model.max_length - mark.length;
  const several = Math.max(1, Math.floor(Math.floor(most / ([...example.source].length + 1)) / 2));
  const size = (from) => lines.slice(from).reduce((sum, line) => sum + line.length + 1, 0);
  let first = 0;
  while (first < lines.length - 1 && size(first) > most) first = Math.min(first + several, lines.length - 1);
  return mark + lines.slice(first).map((line, i) => line.join("") + "，。"[(first + i) % 2]).join("");
}

// What the answer may be, see constraints.js.
function constraintsOf(model, example) {
  const pattern = patternOf(model, example), line = model.task === "poem" ? [...example.source].length : null;
  const length = pattern ? pattern.tones.length : line;
  const tokens = model.target.vocabulary.map((_, id) => id).slice(SPECIALS.length);
  return { tokens, length, steps: length ?? model.max_output, rules: pattern ? rulesOf(model, pattern) : [],
           no_repeat: model.task === "poem" || pattern ? 0 : model.no_repeat_ngram_size,
           verse: Boolean(model.verse && (pattern || line)) };
}
