// Attention, as in core/attention.py: context = Σ_i α_i h_i with α = softmax(score(query, h_i)).

// The keys U_a h_i, once per source.
const keysOf = (attention, states) => states.map((h) => linear(attention.U_a, null, h));

// additive: score(s, h_i) = v_aᵀ tanh(W_a s + U_a h_i) (Bahdanau et al. 2015)
// dot:      score(s, h_i) = (W_a s)ᵀ (U_a h_i) / √d_k  (Vaswani et al. 2017)
function scoresOf(attention, query, keys) {
  const q = linear(attention.W_a, null, query), { v_a } = attention;
  if (!v_a) return Float32Array.from(keys, (key) => dot(q, key) / Math.sqrt(key.length));
  return Float32Array.from(keys, (key) => v_a.reduce((sum, v, j) => sum + v * Math.tanh(q[j] + key[j]), 0));
}

function attend(attention, query, keys, states) {
  const scores = scoresOf(attention, query, keys), weights = softmax(scores);
  const context = zeros(states[0].length);
  states.forEach((h, i) => h.forEach((x, j) => { context[j] += weights[i] * x; }));
  return { scores, weights, context };
}
