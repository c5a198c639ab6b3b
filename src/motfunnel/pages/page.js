"use strict";
for (const figure of document.querySelectorAll("figure[data-picture]")) {
  const place = figure.querySelector("[role=img]");
  if (typeof Plotly === "undefined") {
    place.textContent = "This figure needs plotly.min.js beside the page. Its numbers are in the table.";
    place.className = "unseen";
    continue;
  }
  const drawn = JSON.parse(document.getElementById(figure.dataset.picture).textContent);
  const bare = { displaylogo: false, displayModeBar: false, responsive: false };
  try {
    Plotly.newPlot(place, drawn.data, drawn.layout, bare);
  } catch (error) {
    console.error(error); // and the other figures are drawn
  }
}
