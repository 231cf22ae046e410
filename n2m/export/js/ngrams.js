// The linear classifier over n-grams, as in core/ngrams.py: z = W f + b, f_g = (1 + log tf_g) · idf_g / ‖·‖. An n-gram
// is known by a hash of its ids; buckets that no training text used have no row of weights in the page.

// The hash needs whole numbers of 47 bits, more than a double multiplies exactly: BigInt has as many as it takes.
const MASK = 0x7fffffffffffn;
function bucket(h, buckets) {
  const mixed = ((h ^ (h >> 17n)) * 0x5bd1e995n) & MASK;
  return Number((mixed ^ (mixed >> 15n)) % BigInt(buckets));
}

// Every n-gram of the text as { start, length, g }, the short ones first.
function gramsOf(ngrams, ids) {
  const found = [], hashes = ids.map(() => 0n);
  for (let k = 0; k < ngrams.longest; k++) {
    for (let start = 0; start + k < ids.length; start++) {
      hashes[start] = (hashes[start] * 1000003n + BigInt(ids[start + k] + k + 1)) & MASK;
      found.push({ start, length: k + 1, g: bucket(hashes[start], ngrams.buckets) });
    }
  }
  return found;
}

// Bucket → f_g.
function featuresOf(ngrams, grams) {
  const counts = new Map();
  for (const { g } of grams) counts.set(g, (counts.get(g) || 0) + 1);
  const idf = (g) => (ngrams.row.has(g) ? ngrams.idf[ngrams.row.get(g)] : ngrams.idf_unseen);
  const features = [...counts].map(([g, tf]) => [g, (1 + Math.log(tf)) * idf(g)]);
  const norm = Math.max(Math.hypot(...features.map(([, f]) => f)), 1e-12);
  return new Map(features.map(([g, f]) => [g, f / norm]));
}

const weightOf = (ngrams, g, label) => (ngrams.row.has(g)
  ? ngrams.W.data[ngrams.row.get(g) * ngrams.W.columns + label] * (ngrams.scale ? ngrams.scale[label] : 1) : 0);

function ngramScores(ngrams, ids) {
  const z = Float32Array.from(ngrams.b);
  for (const [g, f] of featuresOf(ngrams, gramsOf(ngrams, ids))) {
    for (let label = 0; label < z.length; label++) z[label] += f * weightOf(ngrams, g, label);
  }
  return z;
}

// What each n-gram adds to a label's score: [{ start, length, value }], largest first.
function contributions(ngrams, ids, label) {
  const grams = gramsOf(ngrams, ids), features = featuresOf(ngrams, grams), found = new Map();
  for (const { start, length, g } of grams) {
    const value = features.get(g) * weightOf(ngrams, g, label);
    if (value && !found.has(g)) found.set(g, { start, length, value });
  }
  return [...found.values()].sort((a, b) => b.value - a.value);
}
