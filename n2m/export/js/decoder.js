// The decoder, as in core/decoder.py: one step reads y_{t-1} and s_{t-1} and gives s_t, the context and ŝ_t.
//   before  context_t = attend(s_{t-1});  s_t = f([E(y_{t-1}); context_t], s_{t-1})
//   after   s_t = f(E(y_{t-1}), s_{t-1});  context_t = attend(s_t)
//   none    context_t = c;  s_t = f([E(y_{t-1}); c], s_{t-1})
// then ŝ_t = tanh(W_r [s_t; context_t] + b_r). A state holds that of each layer in turn.

// s_0 = tanh(W c + b), with W and b of each layer's own (and of an LSTM's m_0).
const startState = (decoder, c) => decoder.bridge.map(({ W, b }) => linear(W, b, c).map(Math.tanh));

const perLayer = (decoder) => CELLS_OF[decoder.cell].tensors;
const topState = (decoder, state) => state[state.length - perLayer(decoder)];
const memoryCell = (decoder, state) => (perLayer(decoder) > 1 ? state[state.length - 1] : null);

// All layers: layer k reads the new state of layer k − 1. The gates are those of the top one.
function stepStack(decoder, x, before) {
  const n = perLayer(decoder), after = [];
  let gates = {};
  decoder.layers.forEach((cell, k) => {
    const done = stepCell(decoder.cell, cell, k ? after[(k - 1) * n] : x, before.slice(k * n, (k + 1) * n));
    after.push(...done.state);
    gates = done.gates;
  });
  return { state: after, gates };
}

// memory: { states, c, keys }, see encoder.js and attention.js.
function stepDecoder(decoder, y, before, memory) {
  const look = (state) => (decoder.attention
    ? attend(decoder.attention, topState(decoder, state), memory.keys, memory.states)
    : { scores: null, weights: null, context: memory.c });
  const x = row(decoder.embedding, y);
  let found = decoder.placement === "after" ? null : look(before);
  const { state, gates } = stepStack(decoder, found ? concat(x, found.context) : x, before);
  found = found || look(state);
  const readout = linear(decoder.W_r, decoder.b_r, concat(topState(decoder, state), found.context)).map(Math.tanh);
  return { ...found, state, gates, readout, logits: logitsOf(decoder.output, readout) };
}
