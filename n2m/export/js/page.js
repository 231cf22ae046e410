// The page: a text field that answers as one types, and below it the walk of the answer in a frame of its own.

const $ = (id) => document.getElementById(id);
const PAUSE = 300;  // ms without a key until the walk is computed
const SLICE = 30, MOST_MS = 1500;  // ms of its computation without a break, and in all
let language = (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en";
let model = null, shown = null, waiting = null;  // the answer that is shown; the timer of its walk
let words = PAGE_WORDS[language];

function element(tag, attributes, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

function show(name, text) {
  $(name).textContent = text;
}

// All texts in the language of the reader.
function showWords() {
  words = PAGE_WORDS[language];
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  show("language", words.other);
  $("language").setAttribute("aria-label", words.otherName);
  $("language").lang = language === "zh" ? "en" : "zh-Hans";
  show("walk-title", words.walk);
  $("walk").title = words.walkFrame;
  if (!model) return show("note", words.loading);
  document.title = `n2m · ${words.titles[model.task]}`;
  show("title", words.titles[model.task]);
  show("subtitle", words.subtitle(model.sizes, model.corpus));
  show("text-label", words.fields[model.task]);
  show("about", words.about((2 * model.numbers / 1e6).toFixed(1)));
  showChoices();
  if (shown) showAnswer();
  followLanguage();
}

// Temperature, another sample and, of a poem, the next line.
function showChoices() {
  if (model.task === "classify") return;
  const before = Number($("temperature")?.value || 0);
  const slider = element("input", { type: "range", id: "temperature", min: 0, max: 1.5, step: 0.1, value: before,
                                    title: words.greedy, oninput: answer });
  const choices = [element("label", {}, words.temperature, slider, element("output", { id: "degree" })),
                   element("button", { type: "button", id: "again", textContent: words.again, onclick: answer })];
  if (model.task === "poem") {
    choices.push(element("button", { type: "button", id: "onward", textContent: words.onward, onclick: onward }));
  }
  $("choices").replaceChildren(...choices);
  showDegree();
}

function showDegree() {
  const degree = Number($("temperature").value);
  show("degree", degree.toFixed(1));
  $("again").hidden = !degree;
}

function onward() {
  if (!shown || shown.error) return;
  $("text").value = `${$("text").value.trim()}\n${shown.text}`;
  answer();
}

// The answer to the text in the field, at once; its walk after a pause.
function answer() {
  const began = performance.now();
  shown = answerTo(model, $("text").value, Number($("temperature")?.value || 0));
  shown.ms = performance.now() - began;
  if ($("temperature")) showDegree();
  showAnswer();
  $("walk").classList.add("old");  // it is of the text before
  clearTimeout(waiting);
  waiting = setTimeout(showWalk, PAUSE);
}

function showAnswer() {
  const { error } = shown, box = $("answer");
  box.className = error ? "error" : "";
  show("note", "");
  if (error) {
    const text = words[error.key];
    return show("answer", typeof text === "function" ? text(error) : text);
  }
  box.lang = HAS_CHINESE.test(shown.text) ? "zh-Hans" : "";
  if (model.task === "classify") {
    const best = likeliest(softmax(shown.logits), 5, model.target.labels);
    show("answer", best.map(({ token, probability }) => `${token} ${(100 * probability).toFixed(1)}%`).join(" · "));
  } else show("answer", shown.text);
  const unknown = [...new Set(shown.unknown)].join(" ");
  const speed = shown.steps ? words.speed(shown.steps.length, shown.ms) : words.labelSpeed(shown.ms);
  const notes = [shown.cut && words.cut(model.max_length), unknown && words.unknownTokens(unknown), speed];
  show("note", notes.filter(Boolean).join(" · "));
}

// The widget is a page of its own (n2m/page) with the walk in the place of WALK; in a frame its keys, its style and its
// timers are apart from this page's. Inside <script> a text could end the element: < is written \u003c. Answers with
// another token take longer than the walk itself: they are computed some at a time, so that one can go on typing.
async function showWalk() {
  const current = shown;
  $("walk").hidden = $("walk-title").hidden = Boolean(current.error);
  if (current.error) return;
  const walk = walkOf(model, current), until = performance.now() + MOST_MS;
  let pause = performance.now() + SLICE;
  for (const _ of addAlternatives(model, current, walk)) {
    if (performance.now() > until) break;
    if (performance.now() < pause) continue;
    await new Promise((resolve) => setTimeout(resolve));  // for keys
    if (shown !== current) return;
    pause = performance.now() + SLICE;
  }
  const escaped = (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const json = JSON.stringify(walk).replace(/[<>&\u2028\u2029]/g, escaped);
  $("walk").classList.remove("old");
  $("walk").srcdoc = widget.before + json + widget.after;
}

// The frame speaks the language of this page.
function followLanguage() {
  const page = $("walk").contentDocument;
  if (page?.getElementById("said") && page.documentElement.lang !== document.documentElement.lang) {
    page.getElementById("language").click();
  }
}

const widget = JSON.parse($("widget").textContent);
$("walk").addEventListener("load", followLanguage);
$("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  showWords();
});
$("text").addEventListener("input", answer);
showWords();
const opened = openModel($("model").textContent, $("weights").textContent).then((found) => {
  model = found;
  $("weights").remove();  // it is large, and no longer needed
  $("text").value = model.sample;
  showWords();
  if (model.sample) answer();
}, (error) => {
  show("answer", words.failed);
  throw error;
});
