"use strict";
for (const [name, spec] of Object.entries(JSON.parse(document.getElementById("specs").textContent))) {
  const place = document.getElementById(name);
  window.vegaEmbed(place, spec, { actions: false, ast: true, renderer: "svg" }).then(
    () => { place.dataset.drawn = "yes"; },
    (error) => { place.textContent = "This chart cannot be drawn; the table below has its figures."; console.error(error); },
  );
}
window.addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details")) { one.open = true; }
});
