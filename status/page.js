"use strict";
/* The page is whole without this: it adds sorting, finding, and whether what
 * is shown is old. */
(function () {
	var stale = document.getElementById("stale");
	var made = Number(stale.dataset.made), fresh = Number(stale.dataset.fresh);

	function age() {
		var old = Date.now() / 1000 - made;

		document.getElementById("open").hidden = true;
		stale.hidden = old <= fresh;
		document.getElementById("age").textContent =
			old < 7200 ? Math.round(old / 60) + " minutes" :
			old < 172800 ? Math.round(old / 3600) + " hours" :
			Math.round(old / 86400) + " days";
	}
	age();
	setInterval(age, 30000);

	function value(row, i) {
		var cell = row.cells[i], v = cell.dataset.v;

		return v === undefined ? cell.textContent.toLowerCase() : Number(v);
	}
	function sort(table, th, i) {
		var down = th.getAttribute("aria-sort") === "ascending";
		var rows = Array.from(table.tBodies[0].rows);

		rows.sort(function (a, b) {
			var x = value(a, i), y = value(b, i);

			return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
		});
		table.querySelectorAll("th[aria-sort]").forEach(function (t) {
			t.removeAttribute("aria-sort");
		});
		th.setAttribute("aria-sort", down ? "descending" : "ascending");
		table.tBodies[0].append.apply(table.tBodies[0], rows);
	}
	document.querySelectorAll("table.sort").forEach(function (table) {
		Array.from(table.tHead.rows[0].cells).forEach(function (th, i) {
			var b = document.createElement("button");

			b.type = "button";
			b.textContent = th.textContent;
			th.textContent = "";
			th.append(b);
			b.addEventListener("click", function () {
				sort(table, th, i);
			});
		});
	});

	var find = document.getElementById("find");
	var text = document.getElementById("text");
	var state = document.getElementById("state");
	var body = document.getElementById("names").tBodies[0];
	var found = document.getElementById("found");

	function filter() {
		var want = text.value.trim().toLowerCase(), n = 0;

		Array.from(body.rows).forEach(function (row) {
			var hit = (want === "" ||
				   row.textContent.toLowerCase().includes(want)) &&
				(state.value === "" ||
				 row.cells[1].textContent === state.value);

			row.hidden = !hit;
			n += hit ? 1 : 0;
		});
		found.textContent = n + " of " + body.rows.length + " rows";
	}
	Array.from(new Set(Array.from(body.rows, function (row) {
		return row.cells[1].textContent;
	}))).sort().forEach(function (word) {
		state.append(new Option(word, word));
	});
	text.addEventListener("input", filter);
	state.addEventListener("change", filter);
	find.hidden = false;
	filter();
}());
