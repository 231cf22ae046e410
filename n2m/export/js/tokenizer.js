// Tokenizers, as in core/tokenizer.py and core/subwords.py: text → tokens and back. codec: { tokenizer, vocabulary,
// ids, lowercase, wide } and, of subwords, the merges.

const LETTERS = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";  // \w as Unicode defines it (UTS 18)
const OTHER = `(?:(?![${HAN}])[${LETTERS}])+`;  // a word of another script than Chinese
const PIECE = new RegExp(
  `[${HAN}]+(?!\\p{M})|${OTHER}(?:['’\\-]${OTHER})*|[^${LETTERS}\\s]\\p{M}*|[${HAN}]\\p{M}*`, "gu");
const MARK = new RegExp(`^[${SPACE}]*([${HAN}])[:：][${SPACE}]*`, "u");  // of the kind of a text, before it
const CHINESE_ONLY = new RegExp(`^[${HAN}]+$`, "u");
const OPENING = "([{“‘¿¡", CLOSING = ",.!?;:)]}”’%…";

// Whether a character takes two columns, as Chinese ones do; `wide` lists their ranges.
const isWide = (codec, c) => codec.wide.some(([from, to]) => from <= c.codePointAt(0) && c.codePointAt(0) <= to);

// White space follows a rule: between words of an alphabet, not before a comma, not inside Chinese.
function spaced(codec, left, right) {
  const wide = isWide(codec, [...left].at(-1)) || isWide(codec, right);
  return !(wide || OPENING.includes(left) || CLOSING.includes(right));
}

// One token per Chinese character, word of another language or mark; a marker token notes each exception to the rule.
function splitUnits(codec, text) {
  const tokens = [];
  let end = 0;
  for (const found of text.matchAll(PIECE)) {
    const piece = found[0];
    (CHINESE_ONLY.test(piece) ? [...piece] : [piece]).forEach((word, i) => {
      const gap = i === 0 && found.index > end;
      if (tokens.length && gap !== spaced(codec, tokens.at(-1), word)) tokens.push(gap ? GAP : GLUE);
      tokens.push(word);
    });
    end = found.index + piece.length;
  }
  return tokens;
}

function joinUnits(codec, tokens) {
  let text = "", last = "";
  for (const token of tokens) {
    if (token !== GLUE && token !== GAP) {
      if (last === GAP || (last && last !== GLUE && spaced(codec, last, token))) text += " ";
      text += token;
    }
    last = token;
  }
  return text;
}

// Byte-pair encoding (Sennrich et al. 2016): of each word, characters at first, the pair that was learned earliest is
// merged until none is left. A piece that begins a word starts with ▁.
function splitSubwords(codec, text) {
  if (!text) return [];
  const tokens = (START + text.replaceAll(" ", START)).match(/▁[^▁]*/gu).flatMap((word) => {
    const pieces = [...word];
    for (;;) {
      let best = -1, rank = Infinity;
      for (let i = 0; i + 1 < pieces.length; i++) {
        const found = codec.merges.get(`${pieces[i]} ${pieces[i + 1]}`) ?? Infinity;
        if (found < rank) [best, rank] = [i, found];
      }
      if (best < 0) return pieces;
      pieces.splice(best, 2, pieces[best] + pieces[best + 1]);
    }
  });
  if (tokens[0] !== START || tokens.length < 2) return tokens;
  const [first, ...rest] = tokens[1];  // the ▁ before a text stands for no character of it: it takes the first one
  return [START + first, rest.join(""), ...tokens.slice(2)].filter(Boolean);
}

// The word, its characters, and the mark before it: 宋：月光.
function splitWord(_, text) {
  const mark = text.match(MARK), word = mark ? text.slice(mark[0].length) : text;
  if (!mark || !word) return [...text].length > 1 ? [text, ...text] : [text];
  return [word, ...([...word].length > 1 ? word : ""), `${mark[1]}：`];
}

const TOKENIZERS = {
  characters: { split: (_, text) => [...text], join: (_, tokens) => tokens.join("") },
  spaces: { split: (_, text) => text.split(" ").filter(Boolean), join: (_, tokens) => tokens.join(" ") },
  units: { split: splitUnits, join: joinUnits },
  words: { split: splitUnits, join: joinUnits },  // of a text without Chinese, or of the output: see n2m/export/data.py
  subwords: { split: splitSubwords, join: (_, tokens) => tokens.join("").replaceAll(START, " ").replace(/^ /, "") },
  "word and characters": { split: splitWord, join: (_, tokens) => tokens[0] },
};

// text → tokens → ids, and ids → text. A text may contain "<eos>", which is not the symbol: ids holds no special one.
const tokensOf = (codec, text) => TOKENIZERS[codec.tokenizer].split(codec, normalize(text, codec.lowercase));
const idsOf = (codec, tokens) => tokens.map((token) => codec.ids.get(token) ?? UNK);
const textOf = (codec, ids) => TOKENIZERS[codec.tokenizer].join(
  codec, ids.filter((i) => i >= SPECIALS.length || i === UNK).map((i) => codec.vocabulary[i]));
