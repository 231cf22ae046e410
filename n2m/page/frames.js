// The walk as a row of frames, and which of them is shown. All numbers of the model come from Python (Walk.to_json):
// here they are only drawn.

const walk = JSON.parse(document.getElementById("walk").textContent);
const $ = (id) => document.getElementById(id);
const S = walk.tokens.length;
const H = walk.steps[0]?.state?.length || walk.c.length;
const writes = walk.start !== null;  // has a decoder
const tagging = !writes && walk.steps.length > 1;  // a label for each position
const verse = new Map(Object.entries(walk.verse));  // character → tone and rhymes; empty if it is no verse
const cellName = walk.cell.toUpperCase();
// What the state before step t is called: attention before the update asks with s_{t-1}, after it with s_t.
const asking = (t) => (walk.attention === "before" ? t : t + 1);

// The frames: one for each step of encoding, then one for each step of the output.
const FRAMES = ["tokens", "ids", "embeddings"].map((kind) => ({ kind }));
FRAMES.push({ kind: walk.directions ? (walk.directions > 1 ? "forward" : "states") : "lookup" });
if (walk.directions > 1) FRAMES.push({ kind: "backward" });
if (writes) FRAMES.push({ kind: "start" });
else if (walk.attention === "none" && !tagging) FRAMES.push({ kind: "c" });
const firstStep = FRAMES.length;
const GREEDY = { steps: walk.steps, answer: walk.answer };
follow(null);

// With another token, { t, k }, the walk goes on as that one's answer does, if its steps are in the page.
function follow(whatIf) {
  Object.assign(walk, GREEDY);
  const other = triedOf(whatIf);
  if (other?.steps) {
    const here = GREEDY.steps[whatIf.t], { token, probability } = other;
    const instead = { ...here, token, probability, logit: Math.log(probability) + here.log_total };
    walk.steps = [...GREEDY.steps.slice(0, whatIf.t), instead, ...other.steps];
    walk.answer = other.answer;
  }
  FRAMES.splice(firstStep, FRAMES.length, ...walk.steps.map((_, t) => ({ kind: writes ? "step" : "labels", t })));
}

function triedOf(whatIf) {
  return whatIf && GREEDY.steps[whatIf.t].candidates[whatIf.k];
}

// All that can change. `frame` may come from the address (walk.html#7), to point someone at a step.
const now = {
  frame: Math.min(Math.max(Number(location.hash.slice(1)) - 1 || 0, 0), FRAMES.length - 1),
  language: (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en",
  playing: null,  // the timer
  unit: 0,  // the index that equations show of a vector
  token: null,  // the source token that equations show; null: the one with the largest weight
  whatIf: null,  // { t, k }: the candidate that is tried instead
  node: null,  // the chosen node of the beam's tree
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
function chosenToken() {
  if (now.token !== null) return now.token;
  if (step()?.weights) return argmax(step().weights);
  return tagging && step() ? now.frame - firstStep : 0;
}
const shade = (alpha) => 0.85 * Math.sqrt(alpha);  // the root, so that the small weights of a long text are seen

// What a screen reader says of a picture.
const saidOf = (name, values) => W.vector(name.replace(/[_{}]/g, ""), values.length,
                                          values.slice(0, 3).map((x) => num(x)).join(" "));
