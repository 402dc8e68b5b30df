// "/" goes to the query, j and k move through the results. The page is complete without this.
"use strict";
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const query = document.querySelector("input[type=search]");
  const links = [...document.querySelectorAll(".hits h3 a")];
  const at = links.indexOf(document.activeElement);
  const next = { j: at + 1, k: at < 0 ? links.length - 1 : at - 1 }[event.key];
  if (event.key === "/") query.select();
  else if (next !== undefined && links[next]) links[next].focus();
  else return;
  event.preventDefault();
});
