// Embedding and encoder: from ids to the memory { states: h_1 … h_S, c }, as in core/embedding.py and core/encoder.py.

const embed = (encoder, ids) => ids.map((i) => row(encoder.embedding, i));  // E(y) is row y of the table

function encode(encoder, ids) {
  return encoder.layers ? recurrent(encoder, ids) : lookup(encoder, ids);
}

// h_i = f(E(x_i), h_{i-1}). With two directions h_i = [→h_i; ←h_i] and c = [→h_S; ←h_1].
function recurrent(encoder, ids) {
  let states = embed(encoder, ids), c = null;
  for (const { forward, backward } of encoder.layers) {
    const right = runCell(encoder.cell, forward, states);
    if (backward) {
      const left = runCell(encoder.cell, backward, [...states].reverse()).reverse();
      c = concat(right[right.length - 1], left[0]);
      states = right.map((h, i) => concat(h, left[i]));
    } else {
      c = right[right.length - 1];
      states = right;
    }
  }
  return { states, c };
}

// 1→N: a word is the sum of its own embedding and those of its characters; what is unknown adds nothing. h_1 = c = Σ E.
function lookup(encoder, ids) {
  const known = ids.filter((i) => i !== PAD && i !== UNK);
  const c = embed(encoder, known).reduce(add, zeros(encoder.embedding.columns));
  return { states: [c], c };
}
