"use strict";
/* The page works without this: it adds sorting, filtering, blinking and saving.  All names are data: they go into textContent only. */
(function () {
  const byId = (id) => document.getElementById(id);
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const data = JSON.parse(byId("data").textContent);
  const KINDS = ["duplicate", "again", "design"];
  const ROWS_AT_ONCE = 200;
  const BLINK_ms = 450;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  /* Characters that would hide or reorder their neighbours. */
  const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb]/g;
  const shown = (text) => text.replace(HIDDEN, "\ufffd");

  /* For the table, as mdup_words_short_name does it: what all names share goes first, then the middle. */
  function shorten(name) {
    const MOST = 26, TAIL = 15, isLong = (text) => Array.from(text).length > MOST;
    let rest = name.slice(name.lastIndexOf("/") + 1);
    const without = name.slice(data.beginning.length);
    if (isLong(rest) && without.length > 0 && without.length < rest.length) rest = without;
    if (isLong(rest) && rest.length > data.ending.length) rest = rest.slice(0, rest.length - data.ending.length);
    const characters = Array.from(shown(rest));
    return isLong(rest) ? characters.slice(0, MOST - TAIL - 1).join("") + "\u2026" + characters.slice(-TAIL).join("") : characters.join("");
  }

  const micrographs = data.micrographs.map(([order, name, hole, shot, set, removed, bytes]) =>
    ({ order, name, hole, shot, set, removed: !!removed, bytes }));
  const COLUMNS = ["number", "a", "b", "kind", "label", "overlap", "shiftX", "shiftY", "ccc", "score", "evalue", "evalueText", "apart",
    "apartText", "set", "copy", "sd", "pictured"];
  const pairs = data.pairs.map((row) => {
    const p = Object.fromEntries(COLUMNS.map((column, i) => [column, row[i]]));
    p.a = micrographs[p.a];
    p.b = micrographs[p.b];
    p.kind = KINDS[p.kind];
    p.label = data.labels[p.label];
    p.refused = false;
    p.text = [p.a.name, p.b.name, p.a.hole, p.b.hole].join("\n").toLowerCase();
    return p;
  });
  const byNumber = new Map(pairs.map((pair) => [pair.number, pair]));

  /* ---- what is shown, as it stands in the address ---- */

  const state = { q: "", kind: "", least: "", sort: "", pair: 0, refused: "" };
  const list = { pairs: pairs.slice(), rows: ROWS_AT_ONCE };

  /* "#pair=3&kind=again", "#pair-3"; all else is a place on the page. */
  const isState = (hash) => hash.includes("=") || /^#pair-\d+$/.test(hash);

  function readAddress() {
    const given = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
    for (const key of ["q", "kind", "least", "sort"]) state[key] = given.get(key) || "";
    state.pair = Number(given.get("pair")) || Number((/^#pair-(\d+)$/.exec(location.hash) || [])[1]) || state.pair;
    const refused = new Set((given.get("refused") || "").split(".").map(Number));
    for (const pair of pairs) pair.refused = refused.has(pair.number);
  }

  function writeAddress() {
    const parts = new URLSearchParams();
    for (const key of ["q", "kind", "least", "sort"]) if (state[key]) parts.set(key, state[key]);
    if (state.pair) parts.set("pair", state.pair);
    const refused = pairs.filter((pair) => pair.refused).map((pair) => pair.number);
    if (refused.length) parts.set("refused", refused.join("."));
    history.replaceState(null, "", "#" + parts);
  }

  /* ---- table ---- */

  const SORTS = {
    number: (p) => p.number, kind: (p) => KINDS.indexOf(p.kind), a: (p) => p.a.order,
    overlap: (p) => p.overlap, evalue: (p) => p.evalue, apart: (p) => p.apart, set: (p) => p.set || Infinity,
  };

  function filter() {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const least = Number(state.least) / 100;
    list.pairs = pairs.filter((p) =>
      (!state.kind || (state.kind === "refused" ? p.refused : p.kind === state.kind)) &&
      !(p.overlap < least) && words.every((word) => (word.startsWith("set:") ? "set:" + p.set === word : p.text.includes(word))));
    const [key, direction] = state.sort.split("-");
    if (SORTS[key]) {
      const sign = direction === "down" ? -1 : 1, value = SORTS[key];
      list.pairs.sort((p, q) => (value(p) < value(q) ? -sign : value(p) > value(q) ? sign : p.number - q.number));
    }
    const inList = new Set(list.pairs);
    for (const card of all(".pair[data-pair]")) card.classList.toggle("out", !inList.has(byNumber.get(Number(card.dataset.pair))));
  }

  function element(tag, text, className) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function namesCell(p) {
    const cell = element("td", undefined, "names");
    cell.title = shown(p.a.name) + "\n" + shown(p.b.name);
    cell.append(element("bdi", shorten(p.a.name)), " ", element("bdi", shorten(p.b.name)));
    return cell;
  }

  function makeRow(p) {
    const row = element("tr"), first = element("td"), kind = element("td"), link = element("a", p.number);
    row.dataset.pair = p.number;
    row.classList.toggle("refused", p.refused);
    row.classList.toggle("current", p.number === state.pair);
    link.href = "#pair-" + p.number;
    first.append(link);
    kind.append(element("span", p.label, "tag " + p.kind));
    row.append(first, kind, namesCell(p));
    for (const text of [percent(p.overlap), p.evalueText, p.apartText.replace(/ apart$/, ""), p.set || ""]) row.append(element("td", text, "number"));
    return row;
  }

  /* As mdup_words_percent has it: two figures. */
  function percent(share) {
    if (share >= 0.9995) return "100 %";
    return (share >= 0.0995 ? (100 * share).toFixed(0) : String(Number((100 * share).toPrecision(2)))) + " %";
  }

  function drawTable() {
    const rows = list.pairs.slice(0, list.rows).map(makeRow);
    all("#table tbody")[0].replaceChildren(...rows);
    byId("more").parentElement.hidden = list.pairs.length <= list.rows;
    byId("more").textContent = "Show " + Math.min(ROWS_AT_ONCE, list.pairs.length - list.rows) + " more of " + list.pairs.length.toLocaleString("en");
    byId("count").textContent = list.pairs.length === pairs.length
      ? pairs.length.toLocaleString("en") + (pairs.length === 1 ? " pair" : " pairs")
      : list.pairs.length.toLocaleString("en") + " of " + pairs.length.toLocaleString("en") + " pairs";
    byId("copy-names").disabled = byId("save-table").disabled = list.pairs.length === 0;
    for (const th of all("#table th")) {
      const [key, direction] = state.sort.split("-");
      if (key === th.dataset.key) th.setAttribute("aria-sort", direction === "down" ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    }
  }

  function refresh() {
    filter();
    drawTable();
    writeAddress();
  }

  /* ---- one pair ---- */

  let blinking = 0;

  function stopBlinking() {
    clearInterval(blinking);
    blinking = 0;
    for (const button of all(".do-blink")) button.setAttribute("aria-pressed", "false");
  }

  function switchLayers(card) {
    const later = card.classList.toggle("switched");
    for (const name of all(".layer-name", card)) name.textContent = later ? "later" : "earlier";
  }

  function blink(card) {
    if (calm.matches) return switchLayers(card);
    const start = !blinking;
    stopBlinking();
    if (!start) return;
    all(".do-blink", card)[0].setAttribute("aria-pressed", "true");
    blinking = setInterval(() => switchLayers(card), BLINK_ms);
  }

  /* A pair without pictures has a card of numbers. */
  function fillPlainCard(p) {
    const card = byId("no-picture"), numbers = all(".numbers", card)[0];
    all("h3", card)[0].replaceChildren("Pair " + p.number + " ", element("span", p.label, "tag " + p.kind));
    const rows = [["Earlier", shown(p.a.name)], ["Later", shown(p.b.name)], ["Shared area", percent(p.overlap)],
      ["Shift", p.shiftX.toFixed(1) + ", " + p.shiftY.toFixed(1) + " px"], ["E-value", p.evalueText],
      ["Score", p.copy ? "" : p.score.toFixed(1)], ["CCC", p.ccc.toFixed(2)], ["Apart", p.apartText]];
    numbers.replaceChildren(...rows.filter((row) => row[1] !== "").map(([what, value]) => {
      const row = element("div");
      row.append(element("dt", what), element("dd", value));
      return row;
    }));
    return card;
  }

  function cardOf(p) {
    return p.pictured ? byId("pair-" + p.number) : fillPlainCard(p);
  }

  function currentCard() {
    return all(".pair.current")[0];
  }

  function show(number, focus) {
    const p = byNumber.get(number);
    if (!p) return;
    stopBlinking();
    for (const card of all(".pair.current")) {
      card.classList.remove("current");
      if (card.id === "no-picture") card.hidden = true;
    }
    const card = cardOf(p);
    card.hidden = false;
    card.classList.add("current");
    state.pair = number;
    const place = list.pairs.indexOf(p);
    if (place >= list.rows) {
      list.rows = Math.ceil((place + 1) / ROWS_AT_ONCE) * ROWS_AT_ONCE;
      drawTable();
    }
    for (const row of all("#table tbody tr")) {
      const is = Number(row.dataset.pair) === number;
      row.classList.toggle("current", is);
      if (is) row.querySelector("a").setAttribute("aria-current", "true");
      else row.querySelector("a").removeAttribute("aria-current");
      if (is && focus !== "quiet") row.scrollIntoView({ block: "nearest" });
    }
    byId("viewer").scrollTop = 0;
    if (focus === true) byId("viewer").scrollIntoView({ block: "nearest" });
    if (focus === "quiet") return;
    writeAddress();
    say("Pair " + number + ", " + p.label + ", " + percent(p.overlap) + " shared");
  }

  function step(by) {
    const place = list.pairs.indexOf(byNumber.get(state.pair));
    const next = list.pairs[Math.max(0, Math.min(list.pairs.length - 1, place + by))];
    if (!next) return;
    const inList = document.activeElement && document.activeElement.closest("#table");
    show(next.number);
    const link = all("#table tr.current a")[0];
    if (inList && link) link.focus({ preventScroll: true });
  }

  function refuse(p) {
    if (!p) return;
    p.refused = !p.refused;
    markRefused();
    say("Pair " + p.number + (p.refused ? " refused" : " accepted again"));
    for (const row of all('#table tr[data-pair="' + p.number + '"]')) row.classList.toggle("refused", p.refused);
    writeAddress();
  }

  function markRefused() {
    const n = pairs.filter((pair) => pair.refused).length;
    byId("save-refused").disabled = n === 0;
    byId("save-refused").textContent = n ? "Save " + n + (n === 1 ? " refusal" : " refusals") : "Save refusals";
    for (const card of all(".pair[data-pair]")) {
      const p = byNumber.get(Number(card.dataset.pair));
      card.classList.toggle("refused", p.refused);
      for (const button of all(".do-refuse", card)) {
        button.setAttribute("aria-pressed", String(p.refused));
        button.textContent = p.refused ? "Refused" : "Refuse this pair";
      }
    }
  }

  /* ---- out of the page ---- */

  function say(text) {
    byId("said").textContent = text;
  }

  function copy(text, what) {
    const done = () => say(what + " copied"), by_hand = () => {
      const box = element("textarea", text, "unseen");
      document.body.append(box);
      box.select();
      document.execCommand("copy");
      box.remove();
      done();
    };
    if (navigator.clipboard && window.isSecureContext) navigator.clipboard.writeText(text).then(done, by_hand);
    else by_hand();
  }

  function save(parts, name) {
    const link = element("a"), url = URL.createObjectURL(new Blob(parts, { type: "text/csv" }));
    link.href = url;
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
    say(name + " saved");
  }

  const encoder = new TextEncoder();

  /* A name's own bytes, which may be no UTF-8, quoted as pairs.csv quotes them. */
  function nameField(micrograph) {
    const bytes = micrograph.bytes ? Uint8Array.from(micrograph.bytes.match(/../g), (hex) => parseInt(hex, 16)) : encoder.encode(micrograph.name);
    if (!bytes.some((byte) => [10, 13, 34, 44].includes(byte))) return [bytes];
    const quoted = [];
    for (const byte of bytes) quoted.push(...(byte === 34 ? [34, 34] : [byte]));
    return ['"', Uint8Array.from(quoted), '"'];
  }

  function saveRefused() {
    const parts = ["micrograph_a,micrograph_b\n"];
    for (const p of pairs) if (p.refused) parts.push(...nameField(p.a), ",", ...nameField(p.b), "\n");
    save(parts, "refused.csv");
  }

  /* For a spreadsheet: it takes a text that begins with one of these for a formula. */
  function cell(value) {
    if (typeof value === "number") return String(value);
    const text = /^[=+\-@\t\r]/.test(value) ? "'" + value : value;
    return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }

  function saveTable() {
    const fate = (micrograph) => (micrograph.removed ? "remove" : "keep");
    const columns = {
      pair: (p) => p.number, kind: (p) => p.copy || p.label, micrograph_a: (p) => p.a.name, micrograph_b: (p) => p.b.name,
      overlap: (p) => p.overlap, shift_x_px: (p) => p.shiftX, shift_y_px: (p) => p.shiftY, shift_sd_px: (p) => p.sd,
      ccc: (p) => p.ccc, score: (p) => p.score, log10_evalue: (p) => p.evalue, apart: (p) => p.apartText, set: (p) => p.set || "",
      decision_a: (p) => fate(p.a), decision_b: (p) => fate(p.b), refused: (p) => (p.refused ? "yes" : ""),
    };
    const lines = [Object.keys(columns), ...list.pairs.map((p) => Object.values(columns).map((value) => value(p)))];
    save([lines.map((line) => line.map(cell).join(",") + "\n").join("")], "pairs_shown.csv");
  }

  function copyNames() {
    const names = new Set();
    for (const p of list.pairs) for (const m of [p.a, p.b]) if (m.removed) names.add(m.name);
    copy(Array.from(names).join("\n") + "\n", names.size + " removed names");
  }

  /* ---- sets ---- */

  function raise(set, number) {
    const member = set.querySelector('.member[data-member="' + number + '"]');
    if (member) member.parentElement.insertBefore(member, member.parentElement.querySelector(".scale"));
  }

  function onSets(event) {
    const set = event.target.closest(".set"), button = event.target.closest("button"), member = event.target.closest(".member");
    if (!set) return;
    if (button && button.classList.contains("do-raise")) raise(set, button.dataset.member);
    if (button && button.classList.contains("do-enlarge")) button.setAttribute("aria-pressed", String(set.classList.toggle("large")));
    /* The frame below comes up: a click goes through the pile. */
    if (member) member.parentElement.insertBefore(member, member.parentElement.querySelector(".member"));
  }

  /* ---- wiring ---- */

  function onCard(event) {
    const card = event.target.closest(".pair"), button = event.target.closest("button");
    if (!card) return;
    if (event.target.closest(".blink svg")) return switchLayers(card);
    if (!button) return;
    const does = { "do-blink": () => blink(card), "do-switch": () => { stopBlinking(); switchLayers(card); },
      "do-refuse": () => refuse(byNumber.get(state.pair)), "do-previous": () => step(-1), "do-next": () => step(1) };
    for (const name of Object.keys(does)) if (button.classList.contains(name)) does[name]();
  }

  /* Only while the focus is among the pairs, so that no key means something else to whoever uses the page by voice or keyboard. */
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const card = currentCard(), keys = {
      j: () => step(1), k: () => step(-1), b: () => card && blink(card), s: () => { stopBlinking(); if (card) switchLayers(card); },
      x: () => refuse(byNumber.get(state.pair)), "/": () => byId("find").focus(),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  function makeSortable(th) {
    const button = element("button", th.textContent);
    button.type = "button";
    button.addEventListener("click", () => {
      const key = th.dataset.key;
      state.sort = state.sort === key + "-up" ? key + "-down" : state.sort === key + "-down" ? "" : key + "-up";
      refresh();
    });
    th.replaceChildren(button);
  }

  /* A table that stands in the page whole: its rows change places. */
  function makePlainSortable(table) {
    all("th", table).forEach((th, column) => {
      const button = element("button", th.textContent);
      button.type = "button";
      button.addEventListener("click", () => {
        const down = th.getAttribute("aria-sort") === "ascending", body = table.tBodies[0], text = (row) => row.cells[column].textContent;
        all("th", table).forEach((other) => other.removeAttribute("aria-sort"));
        th.setAttribute("aria-sort", down ? "descending" : "ascending");
        body.append(...Array.from(body.rows).sort((p, q) => text(p).localeCompare(text(q), "en", { numeric: true }) * (down ? -1 : 1)));
      });
      th.replaceChildren(button);
    });
  }

  function wireControls() {
    const controls = { find: "q", kind: "kind", least: "least" };
    for (const id of Object.keys(controls)) {
      byId(id).value = state[controls[id]];
      byId(id).addEventListener("input", () => {
        state[controls[id]] = byId(id).value;
        list.rows = ROWS_AT_ONCE;
        refresh();
        if (list.pairs.length && !list.pairs.includes(byNumber.get(state.pair))) show(list.pairs[0].number, "quiet");
      });
    }
    byId("more").addEventListener("click", () => { list.rows += ROWS_AT_ONCE; drawTable(); });
    byId("copy-names").addEventListener("click", copyNames);
    byId("save-table").addEventListener("click", saveTable);
    byId("save-refused").addEventListener("click", saveRefused);
    all(".controls")[0].addEventListener("submit", (event) => event.preventDefault());
    all("#table th").forEach(makeSortable);
    byId("table").addEventListener("click", (event) => {
      const row = event.target.closest("tbody tr");
      if (!row) return;
      event.preventDefault();
      show(Number(row.dataset.pair), true);
    });
    byId("viewer").addEventListener("click", onCard);
    byId("pairs").addEventListener("keydown", onKey);
  }

  function followLink(event) {
    const link = event.target.closest('a[href^="#pair-"]'), mark = event.target.closest(".mark[data-pair]");
    const copied = event.target.closest(".do-copy");
    if (copied) return copy(copied.dataset.copy, "Command");
    if (!link && !mark) return;
    event.preventDefault();
    show(link ? Number(link.hash.slice(6)) : Number(mark.dataset.pair), true);
    byId("viewer").scrollIntoView({ block: "start" });
  }

  for (const hidden of all(".needs-script")) if (hidden.id !== "no-picture") hidden.hidden = false;
  document.addEventListener("click", followLink);
  all("table.bad").forEach(makePlainSortable);
  if (byId("sets")) byId("sets").addEventListener("click", onSets);
  readAddress();
  if (byId("table")) {
    const asked = state.pair;
    wireControls();
    filter();
    drawTable();
    markRefused();
    const first = list.pairs[0];
    if (byNumber.has(asked)) show(asked, "quiet");
    else if (first) show(first.number, "quiet");
    window.addEventListener("hashchange", () => {
      if (!isState(location.hash)) return;
      readAddress();
      for (const [id, key] of [["find", "q"], ["kind", "kind"], ["least", "least"]]) byId(id).value = state[key];
      filter();
      drawTable();
      markRefused();
      show(state.pair, "quiet");
    });
  }
})();
