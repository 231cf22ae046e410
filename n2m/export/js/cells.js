// Recurrent cells, as in core/cells.py. Each has two parts: the values of its gates, and the new state from them.
//   x      W_x x_t + b_x of all gates, h the same W_h s_{t-1} + b_h, one gate after another
//   state  [s_{t-1}], of an LSTM [s_{t-1}, m_{t-1}]

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const gate = (x, k, H) => x.subarray(k * H, (k + 1) * H);
const summed = (x, h, k, H, f) => gate(x, k, H).map((value, j) => f(value + h[k * H + j]));

const CELLS_OF = {
  // Elman 1990: s_t = tanh(W_x x_t + b_x + W_h s_{t-1} + b_h)
  rnn: {
    tensors: 1,
    gates: () => ({}),
    state: (gates, state, x, h) => [x.map((value, j) => Math.tanh(value + h[j]))],
  },
  // Cho et al. 2014: r and z = σ(W_x x_t + W_h s_{t-1} + b), n = tanh(W_xn x_t + b_xn + r ⊙ (W_hn s_{t-1} + b_hn)),
  // s_t = (1 − z) ⊙ n + z ⊙ s_{t-1}
  gru: {
    tensors: 1,
    gates: (x, h, H) => {
      const r = summed(x, h, 0, H, sigmoid), z = summed(x, h, 1, H, sigmoid);
      return { r, z, n: gate(x, 2, H).map((value, j) => Math.tanh(value + r[j] * h[2 * H + j])) };
    },
    state: ({ z, n }, [s]) => [n.map((value, j) => (1 - z[j]) * value + z[j] * s[j])],
  },
  // Hochreiter and Schmidhuber 1997: i, f, o = σ(…), g = tanh(…), m_t = f ⊙ m_{t-1} + i ⊙ g, s_t = o ⊙ tanh(m_t)
  lstm: {
    tensors: 2,
    gates: (x, h, H) => ({ i: summed(x, h, 0, H, sigmoid), f: summed(x, h, 1, H, sigmoid),
                           o: summed(x, h, 3, H, sigmoid), g: summed(x, h, 2, H, Math.tanh) }),
    state: ({ i, f, o, g }, [, m]) => {
      const next = m.map((value, j) => f[j] * value + i[j] * g[j]);
      return [next.map((value, j) => o[j] * Math.tanh(value)), next];
    },
  },
};

// One position: the new state from the input x_t and the state before, with the gates.
function stepCell(kind, cell, x, state) {
  const { gates, state: next } = CELLS_OF[kind];
  const ofInput = layerNorm(cell.norm_x, linear(cell.W_x, cell.b_x, x));
  const ofState = layerNorm(cell.norm_h, linear(cell.W_h, cell.b_h, state[0]));
  const values = gates(ofInput, ofState, cell.W_h.columns);
  return { state: next(values, state, ofInput, ofState), gates: values };
}

// All positions from a state of zeros: x_1 … x_S → s_1 … s_S.
function runCell(kind, cell, inputs) {
  let state = Array.from({ length: CELLS_OF[kind].tensors }, () => zeros(cell.W_h.columns));
  return inputs.map((x) => {
    ({ state } = stepCell(kind, cell, x, state));
    return state[0];
  });
}
