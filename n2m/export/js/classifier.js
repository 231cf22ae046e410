// N→1, as core.models.Classifier: p(label) = softmax(W_o pooled + b_o + z), where pooled = Σ α_i h_i with one learned
// query, or c without attention, and z are the scores of a linear classifier over n-grams, see ngrams.js.

function classify(network, ids) {
  const memory = encode(network.encoder, ids), { pooling } = network;
  const found = pooling
    ? attend(pooling.attention, pooling.query, keysOf(pooling.attention, memory.states), memory.states)
    : { scores: null, weights: null, context: memory.c };
  const deep = linear(network.W_o, network.b_o, found.context);
  const z = network.ngrams ? ngramScores(network.ngrams, ids) : null;
  return { memory, ...found, deep, z, logits: z ? add(deep, z) : deep };
}
