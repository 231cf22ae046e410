// The cards: each operation with its equation, and with this step's numbers in it.

function card(title, ...content) {
  return h("section", { class: "panel card" }, h("h3", {}, math(title)), ...content);
}

// A vector in a row of a card. With `marked` the unit that the equations show is marked, and a click chooses another.
function vectorLine(symbol, values, { scale, name = symbol, marked = true, note = "" } = {}) {
  const columns = Math.min(values.length, 32);
  return h("div", { class: "vector" }, h("span", { class: "symbol" }, math(symbol), note && h("small", {}, note)),
           picture(values, { name: name.replace(/[_{}]/g, ""), columns, scale: scale || largest([values]),
                             said: saidOf(symbol, values),
                             unit: marked ? now.unit : null, onUnit: marked ? (unit) => change({ unit }) : null }));
}

function unitInput(size) {
  return h("label", { class: "unit" }, `${W.unit} `, h("input", {
    type: "number", min: 1, max: size, value: now.unit + 1, "data-key": "unit",
    onchange: (event) => change({ unit: Math.min(Math.max(Math.round(event.target.value) - 1 || 0, 0), size - 1) }) }));
}

// "0.595 h_1 + 0.162 h_2 + …": the largest terms.
function sumOf(weights, term, most = 3) {
  const order = weights.map((alpha, i) => [alpha, i]).sort((a, b) => b[0] - a[0]).slice(0, most);
  const parts = order.flatMap(([alpha, i], k) => [k ? " + " : "", ...term(alpha, i)]);
  return [...parts, weights.length > most ? " + …" : ""];
}

const brief = (values) => `[${values.slice(0, 4).map((x) => num(x, 2)).join("  ")}${values.length > 4 ? " …" : ""}]`;

// For each kind of frame its cards, from left to right; those of a list stand one below the other.
const CARDS = {
  tokens: () => [card(W.tokens, sentence(W.tokensSaid(S, walk.tokenizer)),
                      h("p", { class: "list" }, walk.tokens.map((token) => tok(token))))],
  ids: () => {
    const i = chosenToken();
    return [card(W.ids, sentence(W.idsSaid(walk.table[0].toLocaleString("en"))),
                 numbers("id(", tok(walk.tokens[i]), `) = ${walk.ids[i]}`),
                 walk.unknown.length ? h("p", { class: "sentence" }, W.unknownSaid(walk.unknown.join(" "))) : null)];
  },
  embeddings: () => {
    const i = chosenToken(), E = walk.embeddings[i];
    return [card(W.embeddings, sentence(W.embeddingsSaid(walk.table[0].toLocaleString("en"), walk.table[1])),
                 vectorLine("E", E, { scale: SCALE.E, name: `E(${walk.tokens[i]})`, marked: false }),
                 numbers("E(", tok(walk.tokens[i]), `) = E_{${walk.ids[i]}} = ${brief(E)}`))];
  },
  states: () => stateCards("", 0),
  forward: () => stateCards("→", 0),
  backward: () => stateCards("←", 1),
  lookup: () => [card(W.lookup, sentence(W.lookupSaid), equation("h_1 = c = Σ_i E(x_i)"),
                      vectorLine("c", walk.c, { scale: SCALE.c, marked: false }), numbers(`c = ${brief(walk.c)}`))],
  c: () => [cCard()],
  start: () => [cCard(), card("s_0", sentence(W.startSaid, walk.layers > 1 ? ` ${W.topLayer}` : ""),
                              equation("s_0 = tanh(W c + b)"), vectorLine("s_0", walk.start, { marked: false }),
                              numbers(`s_0 = ${brief(walk.start)}`),
                              walk.start_memory_cell && vectorLine("m_0", walk.start_memory_cell, { marked: false }))],
  step: () => {
    const t = FRAMES[now.frame].t;
    const look = walk.attention === "none" ? [] : [attentionCard(t), step().context && contextCard(t)];
    const cell = step().state ? cellCard(t) : card(`${W.cell} (${cellName})`, sentence(W.noVectors));
    return [...(walk.attention === "before" ? [look, cell] : [cell, look]), wordsCard(t)];
  },
  labels: () => {
    const t = FRAMES[now.frame].t;
    return [walk.attention === "pooling" ? [attentionCard(t), textCard(t)] : [],
            walk.ngrams.length ? ngramsCard() : [], wordsCard(t)];
  },
};

function stateCards(arrow, part) {
  const half = walk.c.length / Math.max(walk.directions, 1), i = chosenToken();
  const values = walk.states[i].slice(part * half, (part + 1) * half);
  const before = part ? "i+1" : "i-1", name = `${arrow}h_{${i + 1}}`;
  const below = walk.layers > 1 ? [`h_i^{(${walk.layers - 1})}`, `h_{${i + 1}}^{(${walk.layers - 1})}`] : ["E(x_i)"];
  return [card(part ? W.backward : arrow ? W.forward : W.states,
               sentence(part ? W.backwardSaid : W.statesSaid(W.layers(walk.layers, cellName), half),
                        walk.layers > 1 ? ` ${W.topLayer}` : ""),
               equation(`${arrow}h_i = ${cellName}(${below[0]}, ${arrow}h_{${before}})`),
               vectorLine(name, values, { scale: SCALE.h, marked: false }),
               numbers(`${name} = ${cellName}(`, ...(below[1] ? [below[1]] : ["E(", tok(walk.tokens[i]), ")"]),
                       `, ${arrow}h_{${part ? i + 2 : i}}) = ${brief(values)}`))];
}

function cCard() {
  const from = walk.directions > 1 ? `[→h_{${S}}; ←h_1]` : walk.directions ? `h_{${S}}` : "h_1";
  return card(W.c, sentence(W.cSaid[walk.directions]), equation(`c = ${from}`),
              vectorLine("c", walk.c, { scale: SCALE.c, marked: false }), numbers(`c = ${brief(walk.c)}`));
}

const scoreRule = (query, kind) => `score(${query}, h_i) = ${
  kind === "dot" ? `(W_a ${query})^⊤ (U_a h_i) / √d` : `v_a^⊤ tanh(W_a ${query} + U_a h_i)`}`;
const queryOf = (attention) => ({ pooling: "q", before: "s_{t-1}" }[attention] || "s_t");

function attentionCard(t) {
  const { scores, weights } = walk.steps[t], pooling = walk.attention === "pooling";
  const i = Math.min(chosenToken(), weights.length - 1);  // a lookup has several tokens and one state
  const own = pooling ? "q" : `s_{${asking(t)}}`;
  const powers = sumOf(weights, (alpha, k) => [`exp(${num(scores[k], 2)})`]);
  return card(pooling ? W.pooling : W.attention,
              sentence(pooling ? W.poolingSaid : walk.attention === "before" ? W.beforeSaid : W.afterSaid),
              equation(scoreRule(queryOf(walk.attention), walk.score)),
              numbers(`score(${own}, h_{${i + 1}}) = ${num(scores[i])}   `,
                      h("small", {}, W.selected, " ", tok(walk.attended[i]))),
              equation("α_i = softmax(score)_i = exp(score_i) / Σ_j exp(score_j)"),
              numbers(`α_{${i + 1}} = exp(${num(scores[i], 2)}) / (`, ...powers, `) = ${num(weights[i])}`));
}

function contextCard(t) {
  const { weights, context } = walk.steps[t], j = Math.min(now.unit, context.length - 1);
  return card(W.context, sentence(W.contextSaid), equation("context_t = Σ_i α_i h_i"),
              numbers(`context_{${t + 1}} = `,
                      ...sumOf(weights, (alpha, i) => [`${num(alpha)} h(`, tok(walk.attended[i]), ")"])),
              vectorLine("context", context, { scale: SCALE.h }),
              numbers(`context_{${t + 1}}[${j + 1}] = `,
                      ...sumOf(weights, (alpha, i) => [`${num(alpha)} · ${factor(walk.states[i][j])}`]),
                      ` = ${num(context[j])}`));
}

// The cells as in core/cells.py: their equations, and the last of them with the numbers of one unit. `at` is the step
// and the unit, as in s_3[7]; v holds the values of that unit, where s0 and m0 are those before the step.
const CELLS = {
  rnn: { equations: ["s_t = tanh(W_x x_t + W_h s_{t-1} + b)"], worked: (at, v) => [`s${at} = ${num(v.s)}`] },
  gru: {
    equations: ["r = σ(W_{xr} x_t + W_{hr} s_{t-1} + b_r)", "z = σ(W_{xz} x_t + W_{hz} s_{t-1} + b_z)",
                "n = tanh(W_{xn} x_t + b_{xn} + r ⊙ (W_{hn} s_{t-1} + b_{hn}))", "s_t = (1 − z) ⊙ n + z ⊙ s_{t-1}"],
    worked: (at, v) => [`s${at} = (1 − ${num(v.z)}) · ${factor(v.n)} + ${num(v.z)} · ${factor(v.s0)} = ${num(v.s)}`],
  },
  lstm: {
    equations: ["i, f, o = σ(W_x x_t + W_h s_{t-1} + b)", "g = tanh(W_{xg} x_t + W_{hg} s_{t-1} + b_g)",
                "m_t = f ⊙ m_{t-1} + i ⊙ g", "s_t = o ⊙ tanh(m_t)"],
    worked: (at, v) => [`m${at} = ${num(v.f)} · ${factor(v.m0)} + ${num(v.i)} · ${factor(v.g)} = ${num(v.m)}`,
                        `s${at} = ${num(v.o)} · tanh(${num(v.m)}) = ${num(v.s)}`],
  },
};

function cellCard(t) {
  const one = walk.steps[t], j = Math.min(now.unit, H - 1);
  const before = t ? walk.steps[t - 1] : { state: walk.start, memory_cell: walk.start_memory_cell };
  const cell = CELLS[walk.cell] || { equations: [`s_t = ${cellName}(x_t, s_{t-1})`], worked: CELLS.rnn.worked };
  const vectors = { ...one.gates, s: one.state, s0: before.state, m: one.memory_cell, m0: before.memory_cell };
  const values = Object.fromEntries(Object.entries(vectors).map(([name, vector]) => [name, vector?.[j]]));
  // The cell reads the context too, unless that joins the output.
  const context = walk.attention === "none" ? "c" : `context_{${t + 1}}`;
  const input = walk.attention === "after" ? ["E(", tok(one.reads), ")"] : ["[E(", tok(one.reads), `); ${context}]`];
  const scale = largest([before.state, one.state]);  // one for both, to compare them
  return card(`${W.cell} (${cellName})`,
              walk.attention === "none" && sentence(W.noContext),
              walk.layers > 1 ? sentence(W.below) : numbers(`x_{${t + 1}} = `, ...input),
              cell.equations.map((text) => equation(text)),
              Object.entries(one.gates).map(([name, gate]) => vectorLine(name, gate, {
                scale: 1, note: W.gates[name] || "" })),
              one.memory_cell && vectorLine("m_t", one.memory_cell, { note: W.gates.m }),
              vectorLine(`s_{${t}}`, before.state, { scale, note: W.prev }),
              vectorLine(`s_{${t + 1}}`, one.state, { scale }),
              h("div", { class: "with-unit" }, unitInput(H), h("div", {}, cell.worked(
                `_{${t + 1}}[${j + 1}]`, values).map((text) => numbers(text)))));
}

const barOf = (name, fraction, number, cold = false) => [
  h("span", { class: "name", lang: languageOf(name) }, name),
  h("span", { class: `bar ${cold ? "cold" : ""}` }, h("span", { style: `width:${100 * fraction}%` })),
  h("span", { class: "p" }, number)];

function wordsCard(t) {
  const one = walk.steps[t], wide = walk.ngrams.length ? " + z" : "";
  const from = writes ? "ŝ_t" : walk.attention === "pooling" ? "pooled" : tagging ? "h_i" : "c";
  // The token that was written may not be among the most likely ones, if a constraint decided.
  const listed = one.candidates.map((candidate, k) => ({ ...candidate, k }));
  if (!listed.some((candidate) => candidate.token === one.token)) listed.push({ ...one, allowed: true, k: -1 });
  const most = Math.max(...listed.map((candidate) => candidate.probability));
  const bars = listed.map(({ token, probability, allowed, answer, k }) => {
    const written = token === one.token, tried = now.whatIf?.t === t && now.whatIf.k === k;
    const note = written ? W.chosen : !allowed ? W.ruledOut : writes && answer == null ? W.notComputed : "";
    const content = barOf(token, probability / most, prob(probability));
    const named = { class: `candidate ${written ? "written" : ""} ${allowed ? "" : "ruled-out"}`, title: note };
    return h("li", {}, writes && answer != null && (tried || !written)
      ? h("button", { ...named, type: "button", "data-key": `candidate${k}`, "aria-pressed": String(tried),
                      onclick: () => change({ whatIf: tried || token === GREEDY.steps[t].token ? null : { t, k } }) },
          content,
          tried && h("span", { class: "answer", lang: languageOf(answer) }, `→ ${answer}`))
      : h("span", named, content, note && h("span", { class: "hidden" }, `(${note})`)));
  });
  const context = walk.attention === "none" ? "c" : "context_t";
  return card(writes ? W.words : W.labels,
              listed.some(({ token, answer }) => answer != null && token !== one.token) && sentence(W.wordsSaid),
              writes && equation(`ŝ_t = tanh(W_r [s_t; ${context}] + b_r)`),
              one.readout && vectorLine("ŝ_t", one.readout, { marked: false }),
              equation(`p = softmax(W_o ${from} + b_o${wide})`),
              one.logit !== null && [
                equation("p(y) = exp(logit_y) / Σ_v exp(logit_v) = exp(logit_y − log Σ_v exp(logit_v))"),
                numbers("p(", tok(one.token), `) = exp(${num(one.logit)} − ${factor(one.log_total)}) `,
                        `= ${prob(one.probability)}`)],
              h("ol", { class: "candidates" }, bars),
              listed.some(({ allowed }) => !allowed) && sentence(W.ruledOutSaid));
}

function textCard(t) {
  const { weights } = walk.steps[t];
  return card(W.text, h("p", { class: "shaded", lang: languageOf(walk.text) }, walk.tokens.map((token, i) => h("span", {
    style: `--alpha:${shade(weights[i])}`, title: `α ${num(weights[i])}` }, token))));
}

function ngramsCard() {
  const most = Math.max(...walk.ngrams.map(([, value]) => Math.abs(value)));
  const list = (found, name) => h("div", {}, h("h4", {}, name, " ", tok(walk.answer)), h("ul", { class: "candidates" },
    found.map(([text, value]) => h("li", {}, h("span", { class: "candidate" },
      barOf(text, Math.abs(value) / most, num(value), value < 0))))));
  return card(W.ngrams, h("div", { class: "two" },
                          list(walk.ngrams.filter(([, value]) => value > 0).slice(0, 8), W.for),
                          list(walk.ngrams.filter(([, value]) => value < 0).slice(-8).reverse(), W.against)),
              h("p", { class: "sentence" }, W.ngramsSaid(num(walk.parts[1]), num(walk.parts[0]))));
}
