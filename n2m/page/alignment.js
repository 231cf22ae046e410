// The alignment: the attention weights of all steps at once, a row for each; and a second model's, side by side.

const BESIDE = walk.beside || null;
const MAPS = BESIDE ? [walk, BESIDE.walk] : [walk];
const aligned = (one) => one.steps.filter((other) => other.weights).length;

function buildAlignment() {
  const box = $("alignment");
  if (!BESIDE && aligned(walk) < 2) return box.replaceChildren();
  // One scale for both models, so that equal colours are equal weights.
  const scale = Math.max(...MAPS.flatMap((one) => one.steps.flatMap((other) => other.weights || [])), 1e-6);
  const maps = MAPS.map((one, m) => h("div", { class: "map" }, BESIDE ? about(one, m) : [],
                                      aligned(one) ? heat(one, m, scale) : []));
  box.replaceChildren(h("h2", { id: "alignment-title" }, BESIDE ? W.beside : W.alignment),
                      MAPS.some(aligned) ? sentence(W.alignmentSaid(num(scale, 2))) : "",
                      h("div", { class: "maps" }, maps), BESIDE ? differing() : "");
}

// What a model of two is: its name, its answer, how it attends.
function about(one, m) {
  const cell = one.cell.toUpperCase(), has = one.attention !== "none";
  return [h("h3", {}, BESIDE.names[m]), h("p", {}, W.answers, " ", tok(one.answer)),
          h("p", { class: "sentence" }, W.attends(one.score, one.attention, cell)),
          has ? equation(scoreRule(queryOf(one.attention), one.score)) : null];
}

function differing() {
  const rows = Object.entries(BESIDE.differing);
  if (!rows.length) return sentence(W.sameSettings);
  const cells = (values, tag) => values.map((value) => h(tag, tag === "th" ? { scope: "col" } : {}, String(value)));
  return h("div", { class: "scroll" }, h("table", {}, h("caption", {}, W.differing),
    h("tr", {}, cells([W.setting, ...BESIDE.names], "th")),
    rows.map(([name, values]) => h("tr", {}, h("th", { scope: "row" }, name), cells(values, "td")))));
}

function heat(one, m, scale) {
  const tokens = one.attended, wide = tokens.length > 60 ? 18 : 28;
  const name = (token) => h("span", { lang: languageOf(token), title: token,
                                      class: token.length > 2 ? "long" : "" }, token.trim() ? token : "␣");
  const rows = one.steps.flatMap(({ token, weights }, t) => {
    if (!weights) return [];
    const to = (i) => change({ frame: Math.min(firstStep + t, FRAMES.length - 1), token: m ? null : i });
    return [h("button", { type: "button", class: "step", lang: languageOf(token), title: token,
                          "data-map": m, "data-t": t,
                          "data-key": `map${m}-${t}`, onclick: () => to(null) }, token),
            picture(weights, { scale, columns: weights.length, onUnit: to, said: W.rowOf(token, ...strongest(one, t)),
                               nameOf: (i) => `α(${tokens[i]} → ${token})` })];
  });
  return h("div", { class: "heat scroll", role: "region", "aria-label": BESIDE ? BESIDE.names[m] : W.alignment,
                    style: `--tokens:${tokens.length};--wide:${wide}px` },
           h("span", { class: "corner" }), h("div", { class: "heads" }, tokens.map(name)), rows);
}

function strongest(one, t) {
  const i = argmax(one.steps[t].weights);
  return [one.attended[i], num(one.steps[t].weights[i], 2)];
}

function showAlignment() {
  const box = $("alignment"), t = step() ? FRAMES[now.frame].t : -1;
  box.hidden = !box.childElementCount || (!BESIDE && t < 0);
  for (const row of box.querySelectorAll(".step")) {
    const here = Number(row.dataset.t) === t;
    row.tabIndex = here || (t < 0 && row.dataset.t === "0") ? 0 : -1;  // one stop for the Tab key in each map
    if (here) row.setAttribute("aria-current", "step");
    else row.removeAttribute("aria-current");
  }
}

// What has come last, in view within its own box: the row of this step with its largest weight, and its column of the
// tree.
function showNewest() {
  for (const row of document.querySelectorAll("#alignment [aria-current]")) {
    const box = row.closest(".heat"), cells = row.nextElementSibling;
    const at = argmax(MAPS[row.dataset.map].steps[row.dataset.t].weights) / MAPS[row.dataset.map].attended.length;
    box.scrollTop = row.offsetTop - box.clientHeight / 2;
    box.scrollLeft = cells.offsetLeft + at * cells.offsetWidth - box.clientWidth / 2;
  }
  const tree = document.querySelector("#tree .scroll");
  if (tree) tree.scrollLeft = tree.scrollWidth;
}
