// Small pieces that know nothing of the walk: elements, equations, vectors as pictures, the tooltip.

// An element with attributes, handlers ("onclick") and children. Texts become text nodes, never HTML: so no token of
// the user's can become a part of the page.
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

function svg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const cssColor = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Numbers: three decimals, a real minus sign; brackets where a product would begin with it.
const num = (x, digits = 3) => (x == null ? "–" : x.toFixed(digits).replace("-", "−"));
const factor = (x) => (x < 0 ? `(${num(x)})` : num(x));
const prob = (p) => (p < 0.001 ? "<0.001" : num(p));

// An equation from a text such as "s_{t-1} = tanh(W c + b)": _ and ^ lower and raise, single letters are variables and
// slanted, longer words are functions. A part that is a node (a token) stays as it is.
function math(...parts) {
  const nodes = parts.flatMap((part) => (typeof part === "string" ? mathText(part) : [part]));
  return h("span", { class: "math" }, nodes);
}

function mathText(text) {
  const nodes = [];
  for (const found of text.matchAll(/([_^])(?:\{([^}]*)\}|(.))|\p{L}+|[^_^\p{L}]+/gu)) {
    const [all, shift, group, single] = found;
    if (shift) nodes.push(h(shift === "_" ? "sub" : "sup", {}, mathText(group ?? single)));
    else nodes.push(/^[A-Za-zŝ\u0370-\u03ff]$/.test(all) ? h("i", {}, all) : all);
  }
  return nodes;
}

// So that Chinese is spoken and drawn as Chinese in either language of the page.
const languageOf = (text) => (/\p{Script=Han}/u.test(text) ? "zh-Hans" : null);
const tok = (text) => h("span", { class: "tok", lang: languageOf(text) }, text);
const equation = (...parts) => h("p", { class: "equation" }, math(...parts));
const numbers = (...parts) => h("p", { class: "equation numbers" }, math(...parts));
const sentence = (...parts) => h("p", { class: "sentence" }, math(...parts));

// A vector as a picture: one pixel a number, enlarged by the style sheet. The colour gives the sign and the opacity the
// size, so that it suits a light and a dark page.
//   name     how it is called in the tooltip; or nameOf, how the number j is
//   scale    the number that is drawn in full colour
//   columns  squares in a row
//   unit     the index that is marked, with onUnit(index) for a click
function picture(vector, { name, scale, columns, unit = null, onUnit = null, said = null,
                           nameOf = (j) => `${name}[${j + 1}]` }) {
  const rows = Math.ceil(vector.length / columns);
  const canvas = h("canvas", { width: columns, height: rows, role: "img",
                               "aria-label": said || name });
  const image = canvas.getContext("2d").createImageData(columns, rows);
  const warm = cssColor("--warm").split(",").map(Number), cold = cssColor("--cold").split(",").map(Number);
  vector.forEach((x, j) => {
    image.data.set([...(x < 0 ? cold : warm), 255 * Math.min(1, Math.abs(x) / scale)], 4 * j);
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
  const frame = h("span", { class: "picture", style: `--columns:${columns};--rows:${rows}` }, canvas);
  if (unit != null && unit < vector.length) {
    frame.append(h("span", { class: "mark", style: `left:${(100 * (unit % columns)) / columns}%;` +
                             `top:${(100 * Math.floor(unit / columns)) / rows}%` }));
  }
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * columns);
    const y = Math.floor(((event.clientY - box.top) / box.height) * rows);
    return Math.min(Math.max(y, 0), rows - 1) * columns + Math.min(Math.max(x, 0), columns - 1);
  };
  const point = (event) => {
    const j = at(event);
    if (j < vector.length) showTip(`${nameOf(j)} = ${num(vector[j], 4)}`, event.clientX, event.clientY);
  };
  canvas.addEventListener("pointermove", point);
  canvas.addEventListener("pointerdown", point);
  canvas.addEventListener("pointerleave", hideTip);
  if (onUnit) canvas.addEventListener("click", (event) => at(event) < vector.length && onUnit(at(event)));
  return frame;
}

function showTip(text, x, y) {
  const tip = document.getElementById("tip");
  tip.textContent = text;
  tip.hidden = false;
  const width = tip.offsetWidth;  // kept inside the window
  tip.style.left = `${Math.max(4, Math.min(x - width / 2, innerWidth - width - 4))}px`;
  tip.style.top = `${y > 48 ? y - 38 : y + 22}px`;
}

function hideTip() {
  document.getElementById("tip").hidden = true;
}
