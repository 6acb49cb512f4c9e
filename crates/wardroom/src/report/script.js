"use strict";
(() => {
  const root = document.documentElement;
  const scheme = document.getElementById("scheme");
  scheme.hidden = false;
  scheme.addEventListener("click", () => {
    const prefersDark = matchMedia("(prefers-color-scheme: dark)").matches;
    const isDark = root.dataset.scheme ? root.dataset.scheme === "dark" : prefersDark;
    root.dataset.scheme = isDark ? "light" : "dark";
  });

  const reveal = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") {
      target.open = true;
      target.querySelector("summary").focus();
    }
  };
  addEventListener("hashchange", reveal);
  reveal();

  const rules = [...document.querySelectorAll("details.rule")];
  const texts = rules.map((rule) => rule.textContent.toLowerCase());
  const shown = document.getElementById("shown");
  document.getElementById("search").hidden = false;
  document.getElementById("filter").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    let count = 0;
    rules.forEach((rule, index) => {
      rule.hidden = wanted !== "" && !texts[index].includes(wanted);
      count += rule.hidden ? 0 : 1;
    });
    shown.textContent = wanted === "" ? "" : `${count} of ${rules.length} rules`;
  });
})();
