// The walk of an answer, as Walk.to_json gives it in Python (but for the words `encoder` and `c_is`, which the widget
// has of its own): every step with its values.

const MOST_ANSWERS = 60;  // of what if: with another token

// Four digits are enough to look at.
const plain = (values) => values && Array.from(values, (x) => Number(x.toPrecision(4)));

function walkOf(model, found, candidates = 10) {
  const { network } = model, { encoder } = network, { states, c } = found.memory;
  const walk = {
    task: model.task, text: found.source, tokenizer: model.source.tokenizer, tokens: found.tokens, ids: found.ids,
    unknown: found.unknown, table: [encoder.embedding.rows, encoder.embedding.columns],
    embeddings: embed(encoder, found.ids).map(plain), states: states.map(plain), c: plain(c), start: null,
    attention: "none", layers: model.layers, answer: found.text, ngrams: [], parts: [0, 0], score: "",
    cell: model.cell, directions: model.directions, start_memory_cell: null, verse: {},
    attended: states.length === found.tokens.length ? found.tokens : found.tokens.slice(0, 1),
  };
  const isLabel = model.task === "classify";  // the steps also fill in what only their kind of walk has
  const steps = isLabel ? labelStep(model, found, walk) : writtenSteps(model, found, walk, candidates);
  return { ...walk, steps };
}

// The most likely of a distribution, best first.
function likeliest(p, count, names, allowed = () => true) {
  const best = [];
  p.forEach((value, id) => {
    if (best.length === count && value <= p[best[count - 1]]) return;
    const place = best.findIndex((other) => value > p[other]);
    best.splice(place < 0 ? best.length : place, 0, id);
    if (best.length > count) best.pop();
  });
  return best.map((id) => ({ id, token: names[id], probability: p[id], allowed: allowed(id), answer: null }));
}

function labelStep(model, found, walk) {
  const { network } = model, { logits, scores, weights } = found, { labels } = model.target;
  const label = argmax(logits), best = likeliest(softmax(logits), 10, labels);
  if (network.pooling) Object.assign(walk, { attention: "pooling", score: model.score });
  if (network.ngrams) {
    walk.parts = [found.deep[label], found.z[label]];
    walk.ngrams = contributions(network.ngrams, found.ids, label).map(({ start, length, value }) => [
      TOKENIZERS[model.source.tokenizer].join(model.source, found.tokens.slice(start, start + length)), value]);
  }
  return [{ token: labels[label], probability: best[0].probability, candidates: best, reads: "", state: null,
            scores: plain(scores), weights: plain(weights), memory_cell: null, gates: {}, context: null, readout: null,
            logit: logits[label], log_total: logSumExp(logits) }];
}

function writtenSteps(model, found, walk, candidates) {
  const { decoder } = model.network, first = found.steps[0].before;
  Object.assign(walk, { start: plain(topState(decoder, first)), start_memory_cell: plain(memoryCell(decoder, first)),
                        attention: decoder.placement, score: model.score });
  const steps = found.steps.map((step) => ({
    ...shownStep(model, step, candidates), state: plain(topState(decoder, step.state)),
    memory_cell: plain(memoryCell(decoder, step.state)), readout: plain(step.readout),
    context: step.weights && plain(step.context),
    gates: Object.fromEntries(Object.entries(step.gates).map(([name, gate]) => [name, plain(gate)])) }));
  if (found.constraints.verse) addVerse(model, found.text, walk, steps);
  return steps;
}

// A step without its vectors.
function shownStep(model, step, candidates) {
  const allowed = new Set(step.allowed), p = softmax(step.logits), { vocabulary } = model.target;
  return { token: vocabulary[step.id], probability: p[step.id], reads: vocabulary[step.reads], state: null,
           candidates: likeliest(p, candidates, vocabulary, (id) => allowed.has(id)), scores: plain(step.scores),
           weights: plain(step.weights), memory_cell: null, gates: {}, context: null, readout: null,
           logit: step.logits[step.id], log_total: logSumExp(step.logits) };
}

function addVerse(model, text, walk, steps) {
  const seen = [text, ...steps.flatMap((step) => step.candidates.map(({ token, answer }) => token + (answer || "")))];
  walk.verse = shownReadings(model.verse.prosody, seen.join(""));
}

// What if: the answer that goes on with each allowed candidate, the likeliest ones of each step first. It pauses after
// each answer, so that the page can stop it.
function* addAlternatives(model, found, walk) {
  if (!found.steps) return;
  const wanted = walk.steps.flatMap(({ candidates }, t) => candidates.map((one, rank) => ({ t, rank, one })))
    .filter(({ one }) => one.allowed).sort((a, b) => a.rank - b.rank || a.t - b.t);
  let computed = 0;
  try {
    for (const { t, one } of wanted) {
      const written = found.steps.slice(0, t).map(({ id }) => id);
      if (one.id === found.steps[t].id) one.answer = walk.answer;
      else if (one.id === EOS) one.answer = textOf(model.target, written);
      else if (computed++ < MOST_ANSWERS) {
        const from = { state: found.steps[t].before, written };
        const other = write(model.network, found.memory, found.constraints, { from, forced: [one.id] });
        one.answer = textOf(model.target, other.output);
        one.steps = other.steps.slice(1).map((step) => shownStep(model, step, walk.steps[t].candidates.length));
        yield;
      }
    }
  } finally {
    if (found.constraints.verse) addVerse(model, walk.answer, walk, walk.steps);
  }
}
