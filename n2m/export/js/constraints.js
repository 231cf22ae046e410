// What an output may be, as in core/constraints.py: { tokens, length, steps, no_repeat, rules }. tokens: all ids but
// the special ones; length: the exact number of tokens, or null, where the model ends with <eos>.

// The ids that may come next.
function allowedIds(constraints, written) {
  const { tokens, length, no_repeat: n, rules } = constraints, t = written.length;
  const ids = length !== null || t === 0 ? tokens : [EOS].concat(tokens);  // no output is empty
  let possible = ids;
  if (n && t >= n) {  // no n-gram twice, unless no other id is left
    const tail = written.slice(t - n + 1).join(), repeats = new Set();
    for (let i = 0; i + n <= t; i++) if (written.slice(i, i + n - 1).join() === tail) repeats.add(written[i + n - 1]);
    possible = ids.filter((id) => !repeats.has(id));
  }
  return applyRules(rules, possible.length ? possible : ids, written);
}

function finished(constraints, written) {
  return written.at(-1) === EOS || written.length >= constraints.steps;
}

// The most likely of the allowed ids or, with a temperature, one of them by chance: p ∝ p^(1 / temperature).
function choose(logits, allowed, temperature = 0) {
  if (!temperature) return allowed.reduce((best, id) => (logits[id] > logits[best] ? id : best), allowed[0]);
  const p = softmax(allowed.map((id) => logits[id] / temperature));
  let left = Math.random();
  const k = p.findIndex((value) => (left -= value) < 0);
  return allowed[k < 0 ? allowed.length - 1 : k];
}
