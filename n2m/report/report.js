"use strict";
// The reader's language, the names of what is pointed at, and pictures as files.

const root = document.documentElement, tip = document.getElementById("tip");

root.lang = (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en";
document.getElementById("language").onclick = () => { root.lang = root.lang === "zh" ? "en" : "zh"; };

// A point is small: the nearest one within a finger's width is meant.
function nearest(event) {
  const own = event.target.closest?.("[data-tip]");
  if (own) return own;
  let best = null, least = 14;
  for (const element of event.target.closest?.("svg")?.querySelectorAll("[data-tip]") || []) {
    const box = element.getBoundingClientRect();
    const far = Math.hypot(event.clientX - (box.left + box.right) / 2, event.clientY - (box.top + box.bottom) / 2);
    if (far < least) [best, least] = [element, far];
  }
  return best;
}

function show(event) {
  const found = nearest(event);
  tip.hidden = !found;
  if (!found) return;
  tip.textContent = found.dataset.tip;
  const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  tip.style.left = `${Math.max(left, 4)}px`;
  tip.style.top = `${event.clientY > 60 ? event.clientY - 40 : event.clientY + 20}px`;
}

document.addEventListener("pointermove", show);
document.addEventListener("pointerdown", show);
document.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });

// A copy that stands alone: the colours of the page become plain ones.
function standalone(svg) {
  const style = getComputedStyle(root), copy = svg.cloneNode(true);
  const [, , width, height] = svg.getAttribute("viewBox").split(" ");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const text = new XMLSerializer().serializeToString(copy);
  return text.replace(/var\((--[\w-]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
}

for (const figure of document.querySelectorAll("figure")) {
  if (!figure.querySelector("svg")) continue;
  const button = document.createElement("button");
  button.className = "save";
  button.textContent = "↓ SVG";
  button.onclick = () => {
    const svg = [...figure.querySelectorAll("svg")].find((one) => one.getBoundingClientRect().width > 0);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([standalone(svg)], { type: "image/svg+xml" }));
    link.download = `${svg.getAttribute("aria-label")}.svg`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  figure.append(button);
}
