// The model of a page: its JSON with the weights in their places, and what is looked up often.

async function openModel(json, weights) {
  const numbers = await unpackWeights(weights), model = readModel(json, numbers);
  model.numbers = numbers.length;
  for (const side of ["source", "target"]) {
    const codec = model[side] === "source" ? model.source : model[side];  // one codec for both
    model[side] = codec;
    if (codec.ids || codec.labels) continue;
    codec.vocabulary = [...SPECIALS, ...codec.words];
    codec.ids = new Map(codec.words.map((word, i) => [word, i + SPECIALS.length]));
    codec.merges = new Map((codec.merges || []).map((pair, rank) => [pair, rank]));
    codec.wide = model.wide;
  }
  if (model.script) model.script = new Map([...model.script.from].map((c, i) => [c, [...model.script.to][i]]));
  const { ngrams } = model.network;
  if (ngrams) ngrams.row = new Map(ngrams.used.map((g, i) => [g, i]));
  if (model.verse) model.verse.prosody = openProsody(model.verse);
  return model;
}

// Encoder and keys, once per source.
function prepare(network, ids) {
  const memory = encode(network.encoder, ids), { attention } = network.decoder;
  return attention ? { ...memory, keys: keysOf(attention, memory.states) } : memory;
}

// Greedy search from a state on (or sampling, with a temperature): every step with its values and what it chose. The
// first steps take the ids `forced`.
function write(network, memory, constraints, { temperature = 0, from = null, forced = [] } = {}) {
  const { decoder } = network, steps = [];
  let { state, written } = from || { state: startState(decoder, memory.c), written: [] };
  while (!finished(constraints, written)) {
    const before = state, reads = written.length ? written.at(-1) : BOS;
    const found = stepDecoder(decoder, reads, state, memory), allowed = allowedIds(constraints, written);
    const id = forced[steps.length] ?? choose(found.logits, allowed, temperature);
    steps.push({ ...found, before, reads, allowed, id });
    ({ state } = found);
    written = [...written, id];
  }
  return { steps, output: written.filter((id) => id !== EOS) };
}

// The answer to a text: { error }, or { text, tokens, ids, unknown, … } with the steps or the values of the label.
function answerTo(model, raw, temperature = 0) {
  const { example, error, tokens, cut } = readInput(model, raw);
  if (error) return { error };
  const ids = idsOf(model.source, tokens), unknown = tokens.filter((_, i) => ids[i] === UNK);
  const found = { example, tokens, cut, ids, unknown, source: sourceText(model, example) };
  if (model.task === "classify") {
    const label = classify(model.network, ids);
    return { ...found, ...label, text: model.target.labels[argmax(label.logits)] };
  }
  const memory = prepare(model.network, ids), constraints = constraintsOf(model, example);
  const written = write(model.network, memory, constraints, { temperature });
  return { ...found, memory, constraints, ...written, text: textOf(model.target, written.output) };
}
