// Text before it is cut into tokens, as core.tokenizer.normalize and the corpus's cleaning have it.

const PAD = 0, BOS = 1, EOS = 2, UNK = 3, SPECIALS = ["<pad>", "<bos>", "<eos>", "<unk>"];
const HAN = "\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
const GLUE = "\uffed", GAP = "\u2423", START = "\u2581";  // tokens for "no space here" and "a space here"; of subwords
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";  // of Python
const IS_SPACE = new RegExp(`^[${SPACE}]$`), SPACES = new RegExp(`[${SPACE}]+`);
const LINES = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;

const trimmed = (text) => text.split(SPACES).filter(Boolean).join(" ");
const fewMarks = (text) => text.replace(/(\p{M}{30})\p{M}+/gu, "$1");

// NFC, single spaces, no control characters, none of the characters that tokens are marked with.
function normalize(text, lowercase = false) {
  const printable = text.replace(/\p{C}/gu, (c) => (IS_SPACE.test(c) ? c : "")).replace(/[\uffed\u2423\u2581]/g, "");
  const single = trimmed(printable);
  return fewMarks(lowercase ? single.toLowerCase() : single).normalize("NFC");
}

// As the texts of the model's corpus were cleaned: Unicode form, then script, which the page changes character by
// character (OpenCC also knows words).
function cleanLine(model, text) {
  const normal = normalize(model.normalization === "nfkc" ? fewMarks(text).normalize("NFKC") : text);
  return model.script ? [...normal].map((c) => model.script.get(c) ?? c).join("") : normal;
}

const clean = (model, text) => text.split(LINES).map((line) => cleanLine(model, line)).join("\n").replace(/\n$/, "");
