"use strict";
// Numbers: weights of half precision, and the few operations on vectors that everything else is made of. A vector is a
// Float32Array; a matrix is { data, rows, columns }, row after row.

// The 65,536 numbers of half precision (IEEE 754): a sign, five bits of exponent, ten of fraction.
const HALF = Float32Array.from({ length: 65536 }, (_, bits) => {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
});

// The weights in a page: base64 of compressed bytes, first the low byte of every number, then the high bytes. Those
// hold sign and exponent, which are much alike, so that apart from the others they compress well.
async function unpackWeights(text) {
  const characters = atob(text), packed = new Uint8Array(characters.length);
  for (let i = 0; i < packed.length; i++) packed[i] = characters.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const n = bytes.length / 2, weights = new Float32Array(n);
  for (let i = 0; i < n; i++) weights[i] = HALF[bytes[i] | (bytes[n + i] << 8)];
  return weights;
}

// In the model's JSON a tensor is { "tensor": [start, ...shape] }: its place among the weights.
function readModel(json, weights) {
  return JSON.parse(json, (_, value) => {
    if (!Array.isArray(value?.tensor)) return value;
    const [start, rows, columns] = value.tensor;
    const data = weights.subarray(start, start + rows * (columns ?? 1));
    return columns === undefined ? data : { data, rows, columns };
  });
}

// W x + b; without b, W x. Four rows at a time: a processor adds their sums side by side.
function linear(W, b, x) {
  const { data, rows, columns } = W, y = new Float32Array(rows);
  let i = 0;
  for (; i + 3 < rows; i += 4) {
    const at0 = i * columns, at1 = at0 + columns, at2 = at1 + columns, at3 = at2 + columns;
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (let j = 0; j < columns; j++) {
      const v = x[j];
      s0 += data[at0 + j] * v;
      s1 += data[at1 + j] * v;
      s2 += data[at2 + j] * v;
      s3 += data[at3 + j] * v;
    }
    y[i] = s0;
    y[i + 1] = s1;
    y[i + 2] = s2;
    y[i + 3] = s3;
  }
  for (; i < rows; i++) y[i] = dot(row(W, i), x);
  return b ? add(y, b) : y;
}

const row = (W, i) => W.data.subarray(i * W.columns, (i + 1) * W.columns);
const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const add = (a, b) => a.map((x, i) => x + b[i]);
const zeros = (size) => new Float32Array(size);

// [a; b; …]
function concat(...parts) {
  const all = new Float32Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const argmax = (x) => x.reduce((best, value, i) => (value > x[best] ? i : best), 0);

// log Σ exp(x_i), from the largest x on, so that no exponential overflows.
function logSumExp(x) {
  const most = x.reduce((a, b) => Math.max(a, b), -Infinity);
  return most + Math.log(x.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

// softmax(x)_i = exp(x_i) / Σ_j exp(x_j)
function softmax(x) {
  const total = logSumExp(x);
  return x.map((value) => Math.exp(value - total));
}

// (x − mean) / √(variance + ε) ⊙ w + b (Ba et al. 2016); without weights, x as it is.
function layerNorm(norm, x) {
  if (!norm) return x;
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  return x.map((value, i) => ((value - mean) / Math.sqrt(variance + norm.epsilon)) * norm.weight[i] + norm.bias[i]);
}
