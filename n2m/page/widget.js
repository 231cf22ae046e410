// The player, and what one is told of the frame.

const BUTTONS = { first: () => go(0), back: () => go(now.frame - 1), play: () => play(!now.playing),
                  next: () => go(now.frame + 1), last: () => go(FRAMES.length - 1) };
const ICONS = {  // drawn, since such characters look different on every system
  first: "M6 5v14M18 5l-7 7 7 7", back: "M15 5l-7 7 7 7", play: "M8 5v14l11-7z", pause: "M9 5v14M16 5v14",
  next: "M9 5l7 7-7 7", last: "M18 5v14M6 5l7 7-7 7",
};

// Built once for a language: a screen reader announces the text of `said` only if its element stays.
function buildPlayer() {
  const buttons = Object.entries(BUTTONS).map(([name, act]) => h("button", {
    type: "button", id: name, "data-key": name, onclick: act, "aria-label": W[name], title: W[name] }));
  for (const button of buttons) {
    const drawing = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" });
    drawing.append(svg("path", { d: ICONS[button.id] }));
    button.append(drawing);
  }
  $("player").setAttribute("aria-label", W.player);
  $("player").replaceChildren(
    h("div", { class: "buttons" }, buttons),
    h("input", { type: "range", id: "slider", "data-key": "slider", min: 1, "aria-label": W.slider,
                 oninput: (event) => go(Number(event.target.value) - 1) }),
    h("p", { id: "said", "aria-live": "polite" }));
}

function showPlayer() {
  const name = now.playing ? "pause" : "play";
  $("play").setAttribute("aria-label", W[name]);
  $("play").title = W[name];
  $("play").querySelector("path").setAttribute("d", ICONS[name]);
  $("slider").max = FRAMES.length;
  $("slider").value = now.frame + 1;
  $("slider").setAttribute("aria-valuetext", said());
  $("said").textContent = said();
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
    const arriving = () => ["forward", "backward", "states"].includes(kind()) && !calm.matches;
    const wait = () => 1600 + (arriving() ? Math.min(220 * S, 3000) : 0);
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
  if ("whatIf" in some) {
    follow(now.whatIf);
    now.frame = Math.min(now.frame, FRAMES.length - 1);
    buildAlignment();
  }
  render();
  if (moved || chose) showStrongest();
  if (moved) showNewest();
}

function render() {
  const key = document.activeElement?.dataset?.key;
  hideTip();  // what it points at may be gone
  $("subtitle").textContent = `${walk.text} → ${walk.answer}`;
  $("title").textContent = TASKS[now.language][walk.task] || walk.task;
  document.title = `n2m · ${walk.text} → ${walk.answer}`;
  $("language").textContent = W.other;
  $("language").setAttribute("aria-label", W.otherName);
  $("stage-title").textContent = W.source;
  $("legend").replaceChildren(W.legend, " ", h("span", { class: "swatch cold" }), ` ${W.negative} `,
                              h("span", { class: "swatch" }), ` ${W.positive} · ${W.hover}`,
                              ...(verse.size ? [h("br", {}), W.verse] : []));
  $("keys").textContent = W.keys;
  showColumns();
  showNode();
  showOutput();
  drawBeams();
  const groups = CARDS[kind()]().map((cards) => [cards].flat()).filter((cards) => cards.length);
  $("cards").replaceChildren(...groups.map((cards) => h("div", { class: "group" }, cards)));
  showAlignment();
  showTree();
  showPlayer();
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
  buildAlignment();
  buildPlayer();
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
  if (event.target.closest?.("#tree g")) {
    Object.assign(moves, { ArrowDown: () => toNode(1), ArrowUp: () => toNode(-1) });
  }
  if (!moves[event.key]) return;
  event.preventDefault();
  moves[event.key]();
});
$("language").addEventListener("click", () => changeLanguage(now.language === "zh" ? "en" : "zh"));
$("scroll").addEventListener("scroll", () => requestAnimationFrame(drawBeams), { passive: true });
addEventListener("resize", drawBeams);
// The pictures have the colours of the page in them: drawn anew for another scheme.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => changeLanguage(now.language));
changeLanguage(now.language);
showStrongest();
showNewest();
