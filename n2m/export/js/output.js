// The output layer, as in core/output.py: logits = W_o ŝ + b_o for every token of the vocabulary. Most of the time of a
// step is spent here.

// With K > 0 the softmax has two levels: the tokens below K compete with one more column, w_r·ŝ + b_r, which stands for
// all others, and these share what it gets. One softmax over the logits that come out gives the same probabilities:
//   logit_y for y < K, and logit_y + (w_r·ŝ + b_r − log Σ_{v≥K} exp(logit_v)) for the others.
function logitsOf(output, readout) {
  const logits = linear(output.W_o, output.b_o, readout), { K, rare } = output;
  if (!rare) return logits;
  const others = logits.subarray(K), shift = linear(rare.W, rare.b, readout)[0] - logSumExp(others);
  others.forEach((x, i) => { others[i] = x + shift; });
  return logits;
}
