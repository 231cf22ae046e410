// The walk, frame by frame. The model's numbers all come from Python (Walk.to_json); what is computed here is drawing.

const walk = JSON.parse(document.getElementById("walk").textContent);
const $ = (id) => document.getElementById(id);
const S = walk.tokens.length;
const H = walk.steps[0]?.state?.length || walk.c.length;
const writes = walk.start !== null;  // has a decoder
const tagging = !writes && walk.steps.length > 1;  // a label for each position
const cellName = walk.cell.toUpperCase();
// What the state before step t is called: attention before the update asks with s_{t-1}, after it with s_t.
const asking = (t) => (walk.attention === "before" ? t : t + 1);

// The frames: one for each step of encoding, then one for each step of the output.
const FRAMES = ["tokens", "ids", "embeddings"].map((kind) => ({ kind }));
FRAMES.push({ kind: walk.directions ? (walk.directions > 1 ? "forward" : "states") : "lookup" });
if (walk.directions > 1) FRAMES.push({ kind: "backward" });
if (writes) FRAMES.push({ kind: "start" });
else if (walk.attention === "none" && !tagging) FRAMES.push({ kind: "c" });
walk.steps.forEach((step, t) => FRAMES.push({ kind: writes ? "step" : "labels", t }));

// All that can change. `frame` may come from the address (walk.html#7), to point someone at a step.
const now = {
  frame: Math.min(Math.max(Number(location.hash.slice(1)) - 1 || 0, 0), FRAMES.length - 1),
  language: (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en",
  playing: null,  // the timer
  unit: 0,  // the index that equations show of a vector
  token: null,  // the source token that equations show; null: the one with the largest weight
  whatIf: null,  // { t, k }: the candidate that is tried instead
};
let W = WORDS[now.language];
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const kind = () => FRAMES[now.frame].kind;
const step = () => walk.steps[FRAMES[now.frame].t];

// The number that is drawn in full colour: nearly the largest, so that a single large one does not fade all others.
function largest(rows) {
  const sizes = rows.flat().map(Math.abs).sort((a, b) => a - b);
  return sizes[Math.floor(0.98 * (sizes.length - 1))] || 1e-6;
}
const SCALE = { E: largest(walk.embeddings), h: largest(walk.states), c: largest([walk.c]) };
const square = (vector) => Math.ceil(Math.sqrt(vector.length));
const argmax = (values) => values.reduce((best, x, i) => (x > values[best] ? i : best), 0);
const chosenToken = () => now.token ?? (step()?.weights ? argmax(step().weights) : tagging && step() ? now.frame - firstStep : 0);
const firstStep = FRAMES.findIndex((frame) => frame.t === 0);
const shade = (alpha) => 0.85 * Math.sqrt(alpha);  // the root, so that the small weights of a long text are seen

// The source: a column for each token. Built once; the frames only show and hide its rows.

function buildColumns() {
  const half = walk.directions > 1 ? walk.c.length / 2 : walk.c.length;
  const rows = [["token", W.rowTokens], ["id", W.rowIds], ["E", W.rowE]];
  if (walk.directions > 1) rows.push(["fwd", "→h"], ["back", "←h"]);
  else rows.push(["fwd", "h"]);
  if (walk.attention !== "none") rows.push(["score", W.rowScore], ["alpha", W.rowAlpha]);
  const names = h("div", { class: "col names", "aria-hidden": "true" },
                  rows.map(([row, name]) => h("span", { class: `row ${row}` }, math(name))));
  const vector = (values, name, scale) => picture(values, {
    name, scale, columns: square(values), said: W.vector(name, values.length, values.slice(0, 3).map((x) => num(x)).join(" ")) });
  const columns = walk.tokens.map((token, i) => {
    const state = walk.states[i];  // of a lookup only the first column has one
    const content = {
      token: () => h("button", { type: "button", class: "token", "data-key": `token${i}`, title: token, lang: "zh",
                                 onclick: () => change({ token: i }) }, token.trim() ? token : "␣"),
      id: () => String(walk.ids[i]),
      E: () => vector(walk.embeddings[i], `E(${token})`, SCALE.E),
      fwd: () => state && vector(state.slice(0, half), walk.directions > 1 ? `→h${i + 1}` : `h${i + 1}`, SCALE.h),
      back: () => state && vector(state.slice(half), `←h${i + 1}`, SCALE.h),
      score: () => "", alpha: () => "",
    };
    return h("div", { class: "col", style: `--i:${i};--j:${S - 1 - i}` },
             rows.map(([row]) => h("span", { class: `row ${row}` }, content[row]())));
  });
  $("columns").replaceChildren(names, ...columns);
  // Each state arrives after the one before it, the last of a long text after three seconds.
  $("columns").style.setProperty("--pause", `${Math.min(220, 3000 / S)}ms`);
}

function showColumns() {
  const at = kind(), reached = (name) => FRAMES.findIndex((frame) => frame.kind === name) <= now.frame;
  const columns = $("columns"), shown = columns.classList;
  shown.toggle("no-id", !reached("ids"));
  shown.toggle("no-E", !reached("embeddings"));
  shown.toggle("no-fwd", !["forward", "states", "lookup"].some((name) => FRAMES.some((f) => f.kind === name) && reached(name)));
  shown.toggle("no-back", walk.directions < 2 || !reached("backward"));
  shown.toggle("no-step", !step());
  shown.toggle("arriving-fwd", at === "forward" || at === "states");
  shown.toggle("arriving-back", at === "backward");
  const weights = step()?.weights;
  [...columns.children].slice(1).forEach((column, i) => {
    const button = column.querySelector("button"), alpha = weights?.[i];
    column.style.setProperty("--alpha", alpha == null ? 0 : shade(alpha));
    column.classList.toggle("selected", i === chosenToken());
    button.tabIndex = i === chosenToken() ? 0 : -1;  // one stop for the Tab key, however long the text
    button.setAttribute("aria-pressed", String(now.token === i));
    button.setAttribute("aria-label", alpha == null ? walk.tokens[i] : `${walk.tokens[i]}, α ${num(alpha)}`);
    if (walk.attention === "none") return;
    column.querySelector(".score").textContent = step()?.scores?.[i] == null ? "" : num(step().scores[i], 2);
    column.querySelector(".alpha").textContent = alpha == null ? "" : num(alpha, 2);
  });
}

// Light from the source to the step: a beam for each token, as thick and as bright as its weight.

function drawBeams() {
  const box = $("beams"), width = box.clientWidth, height = box.clientHeight;
  const arrives = kind() === "start" || (step() && (writes || tagging || walk.attention === "pooling"));
  box.replaceChildren();
  box.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const columns = [...$("columns").children], left = columns[0].offsetWidth;
  if (!arrives) return;
  const gradient = svg("linearGradient", { id: "beam", gradientUnits: "userSpaceOnUse", x1: 0, x2: 0, y1: 0, y2: height });
  gradient.append(svg("stop", { offset: 0, "stop-color": "var(--beam)", "stop-opacity": 1 }),
                  svg("stop", { offset: 1, "stop-color": "var(--beam)", "stop-opacity": 0.35 }));
  box.append(gradient);
  // s_0, and without attention every step, reads c, which comes from the last state, and the first one of the other direction.
  const last = walk.directions ? S - 1 : 0;
  const sources = step()?.weights ? step().weights.map((alpha, i) => [i, alpha])
    : [...new Set(tagging ? [FRAMES[now.frame].t] : walk.directions > 1 ? [0, last] : [last])].map((i) => [i, null]);
  for (const [i, alpha] of sources.sort((a, b) => a[1] - b[1])) {
    const column = columns[i + 1], x = column.offsetLeft + column.offsetWidth / 2 - $("scroll").scrollLeft;
    if (x < left || x > width || (alpha !== null && alpha < 0.004)) continue;
    box.append(svg("path", {
      d: `M ${x} 0 C ${x} ${height * 0.55}, ${width / 2} ${height * 0.4}, ${width / 2} ${height}`,
      class: alpha === null ? "beam constant" : "beam",
      "stroke-width": alpha === null ? 3 : 1.5 + 15 * alpha,
      "stroke-opacity": alpha === null ? 0.7 : 0.2 + 0.8 * Math.sqrt(alpha),
    }));
  }
}

function showStrongest() {
  const box = $("scroll"), column = $("columns").children[chosenToken() + 1];
  if (box.scrollWidth <= box.clientWidth || (!step() && now.token === null)) return;
  box.scrollTo({ left: column.offsetLeft - box.clientWidth / 2, behavior: calm.matches ? "auto" : "smooth" });
}

// The output so far, with the tones of verse below; and the answer with another token.

const ending = (texts, k) => !(texts[k + 1] in walk.verse);  // a mark or nothing follows: a line ends here

function tones(texts, k) {
  if (!Object.keys(walk.verse).length) return null;
  const [tone, rhymes] = walk.verse[texts[k]] || ["", []];
  const rhyme = ending(texts, k) ? rhymes.slice(0, 2).join(" ") + (rhymes.length > 2 ? " …" : "") : "";
  return [h("small", { class: `tone ${tone === "平" ? "level" : ""}` }, tone || " "),
          h("small", { class: "rhyme", title: rhymes.join(" ") }, rhyme || " ")];
}

function showOutput() {
  const at = step() ? FRAMES[now.frame].t : -1, texts = walk.steps.map((one) => one.token);
  const chips = walk.steps.slice(0, tagging ? undefined : at + 1).map((one, k) => h("button", {
    type: "button", class: "chip", lang: "zh", "data-key": `chip${k}`, "aria-current": k === at ? "step" : null,
    onclick: () => change({ frame: firstStep + k }) }, one.token, tones(texts, k)));
  $("output").replaceChildren(h("span", { class: "label" }, W.output),
                              ...(at < 0 ? [h("span", { class: "soft" }, W.empty)] : chips));
  if (!writes) $("output").hidden = !tagging || at < 0;

  const tried = now.whatIf && walk.steps[now.whatIf.t].candidates[now.whatIf.k];
  if (!tried) return $("what-if").replaceChildren();
  // What both answers begin with is set back, so that one sees where they part.
  const pieces = Object.keys(walk.verse).length ? [...tried.answer] : [tried.answer];
  let same = 0;
  while (same < tried.answer.length && tried.answer[same] === walk.answer[same]) same++;
  const shown = pieces.length > 1
    ? pieces.map((text, k) => h("span", { class: `chip ${k < same ? "soft" : "new"}` }, text, tones(pieces, k)))
    : [h("span", { class: "free" }, h("span", { class: "soft" }, tried.answer.slice(0, same)),
         h("span", { class: "new" }, tried.answer.slice(same)))];
  $("what-if").replaceChildren(
    h("span", { class: "label" }, W.whatIf(now.whatIf.t + 1), " ", tok(tried.token)),
    h("span", { class: "chips", lang: "zh" }, shown),
    h("button", { type: "button", class: "plain", "data-key": "close", "aria-label": W.close,
                  onclick: () => change({ whatIf: null }) }, "✕"));
}

function showNode() {
  const one = step(), t = FRAMES[now.frame].t, parts = [];
  if (kind() === "start") parts.push(math("c → s_0"));
  else if (one && writes) {
    parts.push(`${W.reads} `, tok(one.reads), "  →  ", math(`s_{${t + 1}}`), `  →  ${W.writes} `, tok(one.token));
  } else if (one && walk.attention === "pooling") parts.push(math("Σ α_i h_i"), "  →  ", tok(one.token));
  else if (one && tagging) parts.push(math(`h_{${t + 1}}`), "  →  ", tok(one.token));
  $("node").replaceChildren(...parts);
}

// The cards: each operation with its equation, and with this step's numbers in it.

function card(title, ...content) {
  return h("section", { class: "panel card" }, h("h3", {}, math(title)), ...content);
}

function vectorLine(symbol, values, { scale, name = symbol, marked = true, note = "" } = {}) {
  const columns = Math.min(values.length, 32);
  return h("div", { class: "vector" }, h("span", { class: "symbol" }, math(symbol), note && h("small", {}, note)),
           picture(values, { name: name.replace(/[_{}]/g, ""), columns, scale: scale || largest([values]),
                             said: W.vector(name, values.length, values.slice(0, 3).map((x) => num(x)).join(" ")),
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
                      h("p", { class: "list", lang: "zh" }, walk.tokens.map((token) => tok(token))))],
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
    const look = walk.attention === "none" ? [] : [attentionCard(t), contextCard(t)];
    return [...(walk.attention === "before" ? [look, cellCard(t)] : [cellCard(t), look]), wordsCard(t)];
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

function attentionCard(t) {
  const { scores, weights } = walk.steps[t], pooling = walk.attention === "pooling";
  const i = Math.min(chosenToken(), weights.length - 1);  // a lookup has several tokens and one state
  const query = pooling ? "q" : walk.attention === "before" ? "s_{t-1}" : "s_t";
  const own = pooling ? "q" : `s_{${asking(t)}}`;
  const rule = walk.score === "dot" ? `(W_a ${query})^⊤ (U_a h_i) / √d` : `v_a^⊤ tanh(W_a ${query} + U_a h_i)`;
  const powers = sumOf(weights, (alpha, k) => [`exp(${num(scores[k], 2)})`]);
  return card(pooling ? W.pooling : W.attention,
              sentence(pooling ? W.poolingSaid : walk.attention === "before" ? W.beforeSaid : W.afterSaid),
              equation(`score(${query}, h_i) = ${rule}`),
              numbers(`score(${own}, h_{${i + 1}}) = ${num(scores[i])}   `, h("small", {}, W.selected, " ", tok(walk.attended[i]))),
              equation("α_i = softmax(score)_i = exp(score_i) / Σ_j exp(score_j)"),
              numbers(`α_{${i + 1}} = exp(${num(scores[i], 2)}) / (`, ...powers, `) = ${num(weights[i])}`));
}

function contextCard(t) {
  const { weights, context } = walk.steps[t], j = Math.min(now.unit, context.length - 1);
  return card(W.context, sentence(W.contextSaid), equation("context_t = Σ_i α_i h_i"),
              numbers(`context_{${t + 1}} = `, ...sumOf(weights, (alpha, i) => [`${num(alpha)} h(`, tok(walk.attended[i]), ")"])),
              vectorLine("context", context, { scale: SCALE.h }),
              numbers(`context_{${t + 1}}[${j + 1}] = `, ...sumOf(weights, (alpha, i) => [`${num(alpha)} · ${factor(walk.states[i][j])}`]),
                      ` = ${num(context[j])}`));
}

function cellCard(t) {
  const { state, gates, memory_cell: m, reads } = walk.steps[t], j = Math.min(now.unit, H - 1);
  const previous = t ? walk.steps[t - 1].state : walk.start;
  const m0 = t ? walk.steps[t - 1].memory_cell : walk.start_memory_cell;
  const scale = largest([previous, state]);  // one for both, to compare them
  const g = Object.fromEntries(Object.entries(gates).map(([name, values]) => [name, num(values[j])]));
  const [s1, s0, at] = [num(state[j]), factor(previous[j]), `_{${t + 1}}[${j + 1}]`];
  // The cell reads the context too, unless that joins the output.
  const read = walk.attention === "after" ? [] : ["; ", walk.attention === "none" ? "c" : `context_{${t + 1}}`];
  const open = read.length ? "[" : "", shut = read.length ? "]" : "";
  const x = walk.layers > 1 ? sentence(W.below) : numbers(`x_{${t + 1}} = ${open}E(`, tok(reads), ")", ...read, shut);
  const equations = "z" in gates && "n" in gates
    ? ["r = σ(W_{xr} x_t + W_{hr} s_{t-1} + b_r)", "z = σ(W_{xz} x_t + W_{hz} s_{t-1} + b_z)",
       "n = tanh(W_{xn} x_t + r ⊙ W_{hn} s_{t-1} + b_n)", "s_t = (1 − z) ⊙ n + z ⊙ s_{t-1}"]
    : m ? ["i, f, o = σ(W_x x_t + W_h s_{t-1} + b)", "g = tanh(W_{xg} x_t + W_{hg} s_{t-1} + b_g)",
           "m_t = f ⊙ m_{t-1} + i ⊙ g", "s_t = o ⊙ tanh(m_t)"]
      : walk.cell === "rnn" ? ["s_t = tanh(W_x x_t + W_h s_{t-1} + b)"] : [`s_t = ${cellName}(x_t, s_{t-1})`];
  const found = "z" in gates && "n" in gates
    ? [`s${at} = (1 − ${g.z}) · ${factor(gates.n[j])} + ${g.z} · ${s0} = ${s1}`]
    : m ? [`m${at} = ${g.f} · ${factor(m0[j])} + ${g.i} · ${factor(gates.g[j])} = ${num(m[j])}`,
           `s${at} = ${g.o} · tanh(${num(m[j])}) = ${s1}`]
      : [`s${at} = ${s1}`];
  return card(`${W.cell} (${cellName})`,
              walk.attention === "none" ? sentence(W.noContext) : null,
              x, equations.map((one) => equation(one)),
              Object.entries(gates).map(([name, values]) => vectorLine(name, values, { scale: 1, note: W.gates[name] || "" })),
              m && vectorLine("m_t", m, { note: W.gates.m }),
              vectorLine(`s_{${t}}`, previous, { scale, note: W.prev }), vectorLine(`s_{${t + 1}}`, state, { scale }),
              h("div", { class: "with-unit" }, unitInput(H), h("div", {}, found.map((one) => numbers(one)))));
}

function wordsCard(t) {
  const one = walk.steps[t], wide = walk.ngrams.length ? " + z" : "";
  const from = writes ? "ŝ_t" : walk.attention === "pooling" ? "pooled" : tagging ? "h_i" : "c";
  // The token that was written may not be among the most likely ones, if a constraint decided.
  const listed = one.candidates.map((candidate, k) => ({ ...candidate, k }));
  if (!listed.some((candidate) => candidate.token === one.token)) listed.push({ token: one.token, probability: one.probability, allowed: true, k: -1 });
  const most = Math.max(...listed.map((candidate) => candidate.probability));
  const bars = listed.map(({ token, probability, allowed, answer, k }) => {
    const written = token === one.token, tried = now.whatIf?.t === t && now.whatIf.k === k;
    const note = written ? W.chosen : !allowed ? W.ruledOut : writes && answer == null ? W.notComputed : "";
    const content = [h("span", { class: "name", lang: "zh" }, token), h("span", { class: "bar" }, h("span", {
      style: `width:${(100 * probability) / most}%` })), h("span", { class: "p" }, prob(probability))];
    const named = { class: `candidate ${written ? "written" : ""} ${allowed ? "" : "ruled-out"}`, title: note };
    return h("li", {}, writes && answer != null && !written
      ? h("button", { ...named, type: "button", "data-key": `candidate${k}`, "aria-pressed": String(tried),
                      onclick: () => change({ whatIf: tried ? null : { t, k } }) }, content,
          tried && h("span", { class: "answer", lang: "zh" }, `→ ${answer}`))
      : h("span", named, content, note && h("span", { class: "hidden" }, `(${note})`)));
  });
  return card(writes ? W.words : W.labels, writes && listed.some((one) => one.answer != null) ? sentence(W.wordsSaid) : null,
              writes ? equation("ŝ_t = tanh(W_r [s_t; context_t] + b_r)".replace("context_t", walk.attention === "none" ? "c" : "context_t")) : null,
              one.readout && vectorLine("ŝ_t", one.readout, { marked: false }),
              equation(`p = softmax(W_o ${from} + b_o${wide})`),
              one.logit == null ? null : equation("p(y) = exp(logit_y) / Σ_v exp(logit_v) = exp(logit_y − log Σ_v exp(logit_v))"),
              one.logit == null ? null : numbers("p(", tok(one.token), `) = exp(${num(one.logit)} − ${factor(one.log_total)}) = ${prob(one.probability)}`),
              h("ol", { class: "candidates" }, bars));
}

function textCard(t) {
  const { weights } = walk.steps[t];
  return card(W.text, h("p", { class: "shaded", lang: "zh" }, walk.tokens.map((token, i) => h("span", {
    style: `--alpha:${shade(weights[i])}`, title: `α ${num(weights[i])}` }, token))));
}

function ngramsCard() {
  const most = Math.max(...walk.ngrams.map(([, value]) => Math.abs(value)));
  const list = (found, name) => h("div", {}, h("h4", {}, name, " ", tok(walk.answer)), h("ul", { class: "candidates" },
    found.map(([text, value]) => h("li", {}, h("span", { class: "candidate" },
      h("span", { class: "name", lang: "zh" }, text), h("span", { class: `bar ${value < 0 ? "cold" : ""}` },
        h("span", { style: `width:${(100 * Math.abs(value)) / most}%` })), h("span", { class: "p" }, num(value)))))));
  return card(W.ngrams, h("div", { class: "two" },
                          list(walk.ngrams.filter(([, value]) => value > 0).slice(0, 8), W.for),
                          list(walk.ngrams.filter(([, value]) => value < 0).slice(-8).reverse(), W.against)),
              h("p", { class: "sentence" }, W.ngramsSaid(num(walk.parts[1]), num(walk.parts[0]))));
}

// The player, and what one is told of the frame.

const BUTTONS = [["first", "⏮", () => go(0)], ["back", "◀", () => go(now.frame - 1)], ["play", "▶", () => play(!now.playing)],
                 ["next", "▶", () => go(now.frame + 1)], ["last", "⏭", () => go(FRAMES.length - 1)]];
const ICONS = {  // drawn, since the characters look different on every system
  first: "M5 4v16M19 4 8 12l11 8z", back: "M17 4 6 12l11 8z", play: "M7 4v16l12-8z", pause: "M7 4h3v16H7zM14 4h3v16h-3z",
  next: "M7 4l11 8-11 8z", last: "M19 4v16M5 4l11 8-11 8z",
};

function buildPlayer() {
  const icon = (name) => {
    const drawing = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" });
    drawing.append(svg("path", { d: ICONS[name] }));
    return drawing;
  };
  const buttons = BUTTONS.map(([name, , act]) => {
    const shown = name === "play" && now.playing ? "pause" : name;
    return h("button", { type: "button", id: name, "data-key": name, "aria-label": W[shown], title: W[shown], class: name === "play" ? "main" : "", onclick: act }, icon(shown));
  });
  const slider = h("input", { type: "range", id: "slider", "data-key": "slider", min: 1, max: FRAMES.length, "aria-label": W.slider,
                              oninput: (event) => go(Number(event.target.value) - 1) });
  $("player").setAttribute("aria-label", W.player);
  $("player").replaceChildren(h("div", { class: "buttons" }, buttons), slider,
                              h("p", { id: "said", "aria-live": "polite" }));
}

function said() {
  const { t } = FRAMES[now.frame], one = step();
  if (!one) return W.frameSaid(now.frame + 1, FRAMES.length, W[kind()].replace("_", ""));
  const p = prob(one.probability);
  if (writes) return W.stepSaid(t + 1, walk.steps.length, one.reads, one.token, p);
  return tagging ? W.positionSaid(t + 1, walk.steps.length, one.token, p) : W.labelSaid(one.token, p);
}

function go(frame) {
  change({ frame: Math.min(Math.max(frame, 0), FRAMES.length - 1), token: null });
}

function play(on) {
  clearTimeout(now.playing);
  now.playing = null;
  if (on) {
    if (now.frame === FRAMES.length - 1) go(0);
    // Long enough to see all states arrive.
    const wait = () => (["forward", "backward", "states"].includes(kind()) && !calm.matches ? 1600 + Math.min(220 * S, 3000) : 1600);
    const advance = () => {
      go(now.frame + 1);
      now.playing = now.frame < FRAMES.length - 1 ? setTimeout(advance, wait()) : null;
      if (!now.playing) render();
    };
    now.playing = setTimeout(advance, wait());
  }
  render();
}

// Everything that depends on `now`. Elements are made anew, so the focus goes to the new one with the same key.

function change(some) {
  const moved = "frame" in some && some.frame !== now.frame, chose = "token" in some && some.token !== null;
  Object.assign(now, some);
  render();
  if (moved || chose) showStrongest();
}

function render() {
  const key = document.activeElement?.dataset?.key;
  $("subtitle").textContent = `${walk.text} → ${walk.answer}`;
  $("title").textContent = TASKS[now.language][walk.task] || walk.task;
  document.title = `n2m · ${walk.text} → ${walk.answer}`;
  $("language").textContent = W.other;
  $("language").setAttribute("aria-label", W.otherName);
  $("stage-title").textContent = W.source;
  $("legend").replaceChildren(W.legend, " ", h("span", { class: "swatch cold" }), ` ${W.negative} `,
                              h("span", { class: "swatch" }), ` ${W.positive} · ${W.hover}`,
                              ...(Object.keys(walk.verse).length ? [h("br", {}), W.verse] : []));
  $("keys").textContent = W.keys;
  showColumns();
  showNode();
  showOutput();
  drawBeams();
  const groups = CARDS[kind()]().map((cards) => [cards].flat()).filter((cards) => cards.length);
  $("cards").replaceChildren(...groups.map((cards) => h("div", { class: "group" }, cards)));
  buildPlayer();
  $("slider").value = now.frame + 1;
  $("slider").setAttribute("aria-valuetext", said());
  $("said").textContent = said();
  if (key) document.querySelector(`[data-key="${key}"]`)?.focus({ preventScroll: true });
}

function changeLanguage(language) {
  now.language = language;
  W = WORDS[language];
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  $("language").lang = language === "zh" ? "en" : "zh-Hans";
  $("scroll").setAttribute("aria-label", W.sourceRegion);
  $("scroll").setAttribute("role", "region");
  buildColumns();
  render();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.type === "number") return;
  const onToken = event.target.classList?.contains("token");
  const moves = { ArrowRight: () => go(now.frame + 1), ArrowLeft: () => go(now.frame - 1), Home: () => go(0),
                  End: () => go(FRAMES.length - 1), Escape: () => change({ whatIf: null }) };
  if (event.target.tagName !== "BUTTON") moves[" "] = () => play(!now.playing);  // a button takes Space for itself
  if (onToken) {
    const to = (by) => {
      const i = Math.min(Math.max(chosenToken() + by, 0), S - 1);
      change({ token: i });
      document.querySelector(`[data-key="token${i}"]`).focus({ preventScroll: true });
    };
    Object.assign(moves, { ArrowDown: () => to(1), ArrowUp: () => to(-1) });
  }
  if (!moves[event.key]) return;
  event.preventDefault();
  moves[event.key]();
});
$("language").addEventListener("click", () => changeLanguage(now.language === "zh" ? "en" : "zh"));
$("scroll").addEventListener("scroll", () => requestAnimationFrame(drawBeams), { passive: true });
addEventListener("resize", drawBeams);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => changeLanguage(now.language));  // draws anew
changeLanguage(now.language);
showStrongest();
