// What the tests measure in the cost page. Colors are [red, green, blue] of 255.

const isShown = (each) => each.getBoundingClientRect().width > 0;

function forScreenReadersAlone(each) {
  const around = each.closest("caption, thead, .announced");
  return around !== null && getComputedStyle(around).clipPath.startsWith("inset");
}

// Text and columns that do not show whole: beyond the page, wider than their box, or cut by a chart.
function clipped() {
  const page = document.documentElement;
  const found = page.scrollWidth > page.clientWidth ? [`the page is ${page.scrollWidth} wide`] : [];
  for (const each of document.querySelectorAll("body *:not(script, style)")) {
    if (!isShown(each) || forScreenReadersAlone(each)) continue;
    const box = each.getBoundingClientRect();
    const name = `${each.tagName} ${each.getAttribute("class")}: ${each.textContent.slice(0, 40)}`;
    if (box.right > page.clientWidth + 1 || box.left < -1) found.push(`outside: ${name}`);
    if (each instanceof SVGElement || getComputedStyle(each).display === "inline") continue;
    if (each.scrollWidth > each.clientWidth + 1) found.push(`${each.scrollWidth} > ${each.clientWidth}: ${name}`);
  }
  return [...found, ...cutByCharts()];
}

function cutByCharts() {
  return [...document.querySelectorAll(".chart svg")].flatMap((chart) => {
    const frame = chart.getBoundingClientRect();
    return [...chart.querySelectorAll("text")].filter((text) => {
      const box = text.getBoundingClientRect();
      const isDrawn = text.textContent && Number(getComputedStyle(text).opacity) > 0;
      return isDrawn && (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1);
    }).map((text) => `cut by a chart: ${text.textContent}`);
  });
}

function rgb(color) {
  const parts = color.match(/[\d.]+/g).map(Number);
  return parts[3] === 0 ? null : parts.slice(0, 3);
}

function behind(each) {
  for (let at = each; at; at = at.parentElement) {
    const color = rgb(getComputedStyle(at).backgroundColor);
    if (color) return color;
  }
  return [255, 255, 255];
}

// Text, its color, and that behind it.
function texts() {
  const hasText = (each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  return [...document.querySelectorAll("body *:not(script, style, svg *)")]
    .filter((each) => isShown(each) && hasText(each) && !each.disabled)
    .map((each) => [each.textContent.trim().slice(0, 40), rgb(getComputedStyle(each).color), behind(each)]);
}

// Name and color of each series of the chart of days, and the color behind it.
function series() {
  return [...document.getElementById("chart-days").previousElementSibling.children].map((each) => {
    const color = getComputedStyle(each.querySelector(".swatch")).backgroundColor;
    return [each.textContent.trim(), rgb(color), behind(each)];
  });
}

// Colors that the chart of days really has.
function drawnColors() {
  const marks = document.querySelectorAll("#chart-days .mark-rect path, #chart-days .mark-symbol path");
  return [...marks].map((each) => rgb(getComputedStyle(each).fill));
}
