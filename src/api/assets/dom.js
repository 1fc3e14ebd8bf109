// Building the page. Words from outside become text, never markup: there is no other way to make nodes here.

export const byId = (id) => document.getElementById(id);

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined).map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

// A row of a table; a cell that is [text] is a number.
export function row(...cells) {
  return element("tr", {}, ...cells.map((cell) => (Array.isArray(cell) ? element("td", { class: "n" }, cell[0] ?? "") : element("td", {}, cell ?? ""))));
}

export function fill(id, nodes, empty, columns) {
  const into = byId(id);
  if (nodes.length === 0) {
    nodes = [columns ? element("tr", {}, element("td", { colspan: columns, class: "faint" }, empty)) : element("li", { class: "faint" }, empty)];
  }
  into.replaceChildren(...nodes);
}

// Money is exact text; it is shortened to cents for people by its digits, never as a number.
export function usd(decimal, digits = 2) {
  if (decimal === null || decimal === undefined) return "–";
  const negative = decimal.startsWith("-");
  const [whole, part = ""] = decimal.replace("-", "").split(".");
  const scaled = BigInt(whole + part.padEnd(digits + 1, "0").slice(0, digits + 1));
  const rounded = String((scaled + 5n) / 10n).padStart(digits + 1, "0");
  const head = rounded.slice(0, -digits).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${negative ? "-" : ""}${head}.${rounded.slice(-digits)}`;
}

export function when(text) {
  const time = element("time", { datetime: text }, text.replace("T", " ").replace("Z", ""));
  time.title = "UTC";
  return time;
}
