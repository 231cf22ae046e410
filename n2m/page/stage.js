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
    name, scale, columns: square(values), said: saidOf(name, values) });
  const columns = walk.tokens.map((token, i) => {
    const state = walk.states[i];  // of a lookup only the first column has one
    const content = {
      token: () => h("button", { type: "button", class: "token", "data-key": `token${i}`, title: token,
                                 lang: languageOf(token), onclick: () => change({ token: i }) },
                     token.trim() ? token : "␣"),
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
  const at = kind();
  const reached = (name) => FRAMES.slice(0, now.frame + 1).some((frame) => frame.kind === name);
  const columns = $("columns"), shown = columns.classList;
  shown.toggle("no-id", !reached("ids"));
  shown.toggle("no-E", !reached("embeddings"));
  shown.toggle("no-fwd", !["forward", "states", "lookup"].some(reached));
  shown.toggle("no-back", !reached("backward"));
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
  const gradient = svg("linearGradient", { id: "beam", gradientUnits: "userSpaceOnUse", x2: 0, y2: height });
  gradient.append(svg("stop", { offset: 0, "stop-color": "var(--beam)", "stop-opacity": 1 }),
                  svg("stop", { offset: 1, "stop-color": "var(--beam)", "stop-opacity": 0.35 }));
  box.append(gradient);
  // s_0, and without attention every step, reads c: the last state, and the first one of the other direction.
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

const ending = (texts, k) => !verse.has(texts[k + 1]);  // a mark or nothing follows: a line ends here

function tones(texts, k) {
  if (!verse.size) return null;
  const [tone, rhymes] = verse.get(texts[k]) || ["", []];
  const rhyme = ending(texts, k) ? rhymes.slice(0, 2).join(" ") + (rhymes.length > 2 ? " …" : "") : "";
  return [h("small", { class: `tone ${tone === "平" ? "level" : ""}` }, tone || " "),
          h("small", { class: "rhyme", title: rhymes.join(" ") }, rhyme || " ")];
}

function showOutput() {
  const at = step() ? FRAMES[now.frame].t : -1, texts = walk.steps.map((one) => one.token);
  const tried = triedOf(now.whatIf), followed = tried?.steps != null;
  const chips = walk.steps.slice(0, tagging ? undefined : at + 1).map((one, k) => h("button", {
    type: "button", class: `chip ${followed && k >= now.whatIf.t ? "new" : ""}`, lang: languageOf(one.token),
    "data-key": `chip${k}`, "aria-current": k === at ? "step" : null,
    onclick: () => change({ frame: firstStep + k }) }, one.token, tones(texts, k)));
  $("output").replaceChildren(h("span", { class: "label" }, W.output),
                              ...(at < 0 ? [h("span", { class: "soft" }, W.empty)] : chips));
  if (!writes) $("output").hidden = !tagging || at < 0;

  if (!tried) return $("what-if").replaceChildren();
  // What both answers begin with is set back, so that one sees where they part.
  const pieces = verse.size ? [...tried.answer] : [tried.answer];
  let same = 0;
  while (same < tried.answer.length && tried.answer[same] === GREEDY.answer[same]) same++;
  const shown = pieces.length > 1
    ? pieces.map((text, k) => h("span", { class: `chip ${k < same ? "soft" : "new"}` }, text, tones(pieces, k)))
    : [h("span", { class: "free" }, h("span", { class: "soft" }, tried.answer.slice(0, same)),
         h("span", { class: "new" }, tried.answer.slice(same)))];
  $("what-if").replaceChildren(
    h("span", { class: "label" }, W.whatIf(now.whatIf.t + 1), " ", tok(tried.token)),
    h("span", { class: "chips", lang: languageOf(tried.answer) }, shown),
    h("button", { type: "button", "data-key": "close", onclick: () => change({ whatIf: null }) }, W.close),
    h("span", { class: "soft" }, followed ? W.followed(now.whatIf.t + 1) : W.notFollowed));
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
