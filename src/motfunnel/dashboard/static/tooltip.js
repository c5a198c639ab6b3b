// What a mark of a figure says, for a mouse, a finger and a keyboard alike; and where the list of
// pages is wider than a phone, the page that is shown is in sight. Changes nothing else.
"use strict";
(() => {
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.hidden = true;
  tip.setAttribute("role", "status");
  document.addEventListener("DOMContentLoaded", () => {
    document.body.append(tip);
    const here = document.querySelector("nav [aria-current]");
    if (here) here.parentNode.scrollLeft = here.offsetLeft - 40;
  });
  const hide = () => { tip.hidden = true; };
  const show = (mark) => {
    const title = mark && mark.querySelector(":scope > title");
    const said = (mark && mark.dataset.said) || (title && title.textContent);
    if (!said) return hide();
    if (title) { mark.dataset.said = said; title.remove(); }
    tip.textContent = said;
    tip.hidden = false;
    const at = mark.getBoundingClientRect(), own = tip.getBoundingClientRect();
    const left = Math.min(innerWidth - own.width - 4, Math.max(4, at.left + (at.width - own.width) / 2));
    tip.style.left = left + "px";
    tip.style.top = (at.top > own.height + 8 ? at.top - own.height - 6 : at.bottom + 6) + "px";
  };
  const of = (target) => target.closest && target.closest(".mf rect, .mf circle, .mf path");
  document.addEventListener("pointerover", (event) => show(of(event.target)));
  document.addEventListener("pointerdown", (event) => show(of(event.target)));
  document.addEventListener("keydown", (event) => {
    const figure = event.target.closest && event.target.closest("figure");
    if (event.key === "Escape") return hide();
    if (!figure || !/^Arrow(Left|Right)$/.test(event.key)) return;
    const svg = [...figure.querySelectorAll(".mf")].find((one) => one.checkVisibility());
    const marks = [...svg.querySelectorAll("[data-said], :has(> title)")];
    if (!marks.length) return;
    const step = event.key === "ArrowRight" ? 1 : -1;
    const next = (+(figure.dataset.at ?? -1) + step + marks.length) % marks.length;
    figure.dataset.at = next;
    event.preventDefault();
    show(marks[next]);
  });
  addEventListener("scroll", hide, { passive: true });
  document.addEventListener("focusout", hide);
})();
