// The beam search of the same text as a tree, from left to right: a column for each step. What it gave up is faded.

const NODES = walk.beam?.nodes || [];
const BEAM_END = Math.max(0, ...NODES.map((node) => node.step));  // its last step
const BOX = { wide: 92, gap: 26, high: 38, row: 46, columns: 40 };  // px; of a long output the last columns are drawn

// The row of each node: below those of the nodes before its parent, so that no two lines cross.
const ROWS = [];
const ORDER = [];  // the nodes by column and row
for (let s = 1; s <= BEAM_END; s++) {
  const column = [...NODES.keys()].filter((n) => NODES[n].step === s);
  const above = (n) => ROWS[NODES[n].parent] ?? 0;
  column.sort((a, b) => above(a) - above(b) || NODES[b].score - NODES[a].score);
  column.forEach((n, row) => { ROWS[n] = row; });
  ORDER.push(...column);
}

function pathTo(n) {
  const path = [];
  for (; n >= 0; n = NODES[n].parent) path.unshift(n);
  return path;
}

// The tree after this step of the walk; with its last step the whole tree, which may be longer.
const treeEnd = () => (now.frame === FRAMES.length - 1 ? BEAM_END : Math.min(FRAMES[now.frame].t + 1, BEAM_END));
const visible = () => ORDER.filter((n) => NODES[n].step <= treeEnd() && NODES[n].step > treeEnd() - BOX.columns);
const inBeam = ({ step: s, kept_until, finished }) => kept_until >= treeEnd() && (s === treeEnd() || finished);

// The hypotheses in the beam after the step that is shown, best first.
const hypotheses = () => ORDER.filter((n) => NODES[n].step <= treeEnd() && inBeam(NODES[n]))
  .sort((a, b) => NODES[b].score - NODES[a].score);

function nodeSaid(n) {
  const node = NODES[n], rank = hypotheses().indexOf(n) + 1;
  const fate = node.kept_until < node.step ? W.neverKept
    : node.kept_until < treeEnd() ? W.givenUp(node.kept_until + 1) : rank ? W.ranked(rank, node.finished) : W.goesOn;
  return W.nodeSaid(pathTo(n).map((one) => NODES[one].token).join(" "), prob(node.probability), num(node.log_p),
                    num(node.score), fate);
}

function showTree() {
  const box = $("tree"), old = box.querySelector(".scroll");
  box.hidden = !NODES.length || !step();
  if (box.hidden) return box.replaceChildren();
  const left = old?.scrollLeft || 0, shown = visible(), best = hypotheses()[0];
  if (!shown.includes(now.node)) now.node = null;
  const first = Math.max(1, treeEnd() - BOX.columns + 1);
  const scroll = h("div", { class: "scroll", role: "region", "aria-label": W.tree }, drawTree(shown, first, best));
  box.replaceChildren(
    h("h2", { id: "tree-title" }, W.tree),
    sentence(W.treeSaid(walk.beam.size, walk.beam.length_penalty),
             walk.beam.search === "varied" ? ` ${W.treeVaried}` : ""),
    first > 1 ? sentence(W.treeCut(first, treeEnd(), BEAM_END)) : "", scroll,
    h("p", { class: "said" }, now.node === null ? W.treeKeys : nodeSaid(now.node)),
    h("ol", { class: "hypotheses" }, hypotheses().map((n) => h("li", {},
      h("span", { class: "p" }, num(NODES[n].score)), " ",
      h("span", { lang: languageOf(NODES[n].token) }, pathTo(n).map((one) => NODES[one].token).join(" ")),
      NODES[n].finished ? "" : " …"))));
  scroll.scrollLeft = left;
}

function drawTree(shown, first, best) {
  const x = (n) => (n < 0 ? 0 : (NODES[n].step - first + (first === 1)) * (BOX.wide + BOX.gap));
  const y = (n) => (n < 0 ? 0 : ROWS[n] * BOX.row);
  const marked = new Set(pathTo(now.node ?? best)), rows = Math.max(...shown.map((n) => ROWS[n])) + 1;
  const width = Math.max(...shown.map(x)) + BOX.wide + 4, height = rows * BOX.row;
  const drawing = svg("svg", { width, height, viewBox: `-2 -2 ${width} ${height}` });
  const nodes = shown.map((n) => {
    const { parent, token, probability, kept_until: until, score, finished } = NODES[n];
    const fate = until < treeEnd() ? "gone" : marked.has(n) ? "marked" : "";
    if (parent >= 0 ? shown.includes(parent) : first === 1) {
      const from = x(parent) + BOX.wide, a = y(parent) + BOX.high / 2, b = y(n) + BOX.high / 2;
      drawing.append(svg("path", { d: `M ${from} ${a} C ${from + BOX.gap / 2} ${a}, ${x(n) - BOX.gap / 2} ${b}, ` +
        `${x(n)} ${b}`, class: `edge ${fate} ${marked.has(n) ? "marked" : ""}`,
                                   "stroke-width": 1 + 4 * probability }));
    }
    return nodeOf({ x: x(n), y: y(n), token, below: inBeam(NODES[n]) ? num(score) : `p ${prob(probability)}` }, {
      class: `node ${fate} ${inBeam(NODES[n]) ? "leaf" : ""} ${finished ? "finished" : ""} ` +
        `${now.node === n ? "chosen" : ""}`,
      tabindex: n === (now.node ?? best ?? shown[0]) ? 0 : -1, role: "img", "data-key": `node${n}`,
      "aria-label": nodeSaid(n) }, n);
  });
  if (first === 1) nodes.unshift(nodeOf({ x: 0, y: 0, token: walk.steps[0].reads, below: "" }, { class: "node" }));
  drawing.append(...nodes);
  return drawing;
}

function nodeOf({ x, y, token, below }, attributes, n = null) {
  const group = svg("g", { transform: `translate(${x} ${y})`, ...attributes });
  const upper = svg("text", { x: BOX.wide / 2, y: below ? 16 : 24 }), lower = svg("text", { x: BOX.wide / 2, y: 31 });
  const characters = [...(token.trim() ? token : "␣")];
  upper.textContent = characters.length > 9 ? `${characters.slice(0, 8).join("")}…` : characters.join("");
  if (languageOf(token)) upper.setAttribute("lang", languageOf(token));
  lower.textContent = below;
  lower.setAttribute("class", "below");
  group.append(svg("rect", { width: BOX.wide, height: BOX.high, rx: 8 }), upper, lower);
  if (n !== null) {
    group.addEventListener("focus", () => now.node !== n && change({ node: n }));
    group.addEventListener("click", () => change({ node: n }));
    group.addEventListener("pointermove", (event) => showTip(nodeSaid(n), event.clientX, event.clientY));
    group.addEventListener("pointerleave", hideTip);
  }
  return group;
}

// The focus goes to the next node, column by column.
function toNode(by) {
  const shown = visible(), at = shown.indexOf(Number(document.activeElement.dataset.key.slice(4)));
  const n = shown[Math.min(Math.max(at + by, 0), shown.length - 1)];
  change({ node: n });
  document.querySelector(`[data-key="node${n}"]`).focus();
}
