// SPDX-License-Identifier: BSD-2-Clause
// A table that is sorted by its headings and walked through by arrow keys. Cells are only ever text.
"use strict";

function classOf(column) {
	return ["number", "word", "less"].filter((name) => column[name]).join(" ");
}

class SortedTable {
	// columns: {title, value(row), text(row), number, word, less, bad(row)}; onPick(row) when one is chosen.
	constructor(table, columns, {sort, empty, onPick}) {
		this.body = table.tBodies[0];
		this.columns = columns;
		this.sort = {column: sort, descending: true};
		this.empty = empty;
		this.onPick = onPick;
		this.rows = [];
		this.byKey = new Map();
		this.current = null;
		const head = table.tHead.insertRow();
		this.heads = columns.map((column, i) => {
			const cell = document.createElement("th"), button = document.createElement("button");
			cell.scope = "col";
			cell.className = classOf(column);
			button.type = "button";
			button.textContent = column.title;
			button.addEventListener("click", () => this.sortBy(i));
			cell.append(button);
			head.append(cell);
			return cell;
		});
		this.body.addEventListener("keydown", (event) => this.onKey(event));
	}

	sortBy(i) {
		const same = this.sort.column === i;
		this.sort = {column: i, descending: same ? !this.sort.descending : Boolean(this.columns[i].number)};
		this.draw(this.rows);
	}

	compare(a, b) {
		const {value} = this.columns[this.sort.column];
		const [x, y] = [value(a), value(b)];
		const order = x < y ? -1 : x > y ? 1 : 0;
		return (this.sort.descending ? -order : order) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
	}

	draw(rows) {
		this.rows = rows;
		this.heads.forEach((cell, i) => {
			if (i === this.sort.column) {
				cell.setAttribute("aria-sort", this.sort.descending ? "descending" : "ascending");
			} else {
				cell.removeAttribute("aria-sort");
			}
		});
		const sorted = [...rows].sort((a, b) => this.compare(a, b));
		const kept = new Map(sorted.map((row) => [row.key, this.byKey.get(row.key) ?? this.makeRow(row)]));
		const elements = sorted.map((row) => this.fill(kept.get(row.key), row));
		this.byKey = kept;
		if (!kept.has(this.current)) {
			this.current = sorted[0]?.key ?? null;
		}
		this.place(elements);
		kept.forEach((element, key) => element.setAttribute("tabindex", key === this.current ? "0" : "-1"));
	}

	// Only what is elsewhere is moved: a row that is moved would lose the focus.
	place(elements) {
		const focused = document.activeElement;
		const wanted = elements.length ? elements : [this.emptyRow()];
		wanted.forEach((element, i) => {
			if (this.body.rows[i] !== element) {
				this.body.insertBefore(element, this.body.rows[i] ?? null);
			}
		});
		while (this.body.rows.length > wanted.length) {
			this.body.deleteRow(-1);
		}
		if (focused !== document.activeElement && this.body.contains(focused)) {
			focused.focus({preventScroll: true});
		}
	}

	emptyRow() {
		const row = document.createElement("tr"), cell = row.insertCell();
		cell.colSpan = this.columns.length;
		cell.className = "none";
		cell.textContent = this.empty;
		return row;
	}

	makeRow(row) {
		const element = document.createElement("tr");
		element.weirKey = row.key;
		this.columns.forEach((column) => {
			element.insertCell().className = classOf(column);
		});
		element.addEventListener("click", () => this.choose(element));
		return element;
	}

	fill(element, row) {
		this.columns.forEach((column, i) => {
			const cell = element.cells[i], shown = column.text ? column.text(row) : String(column.value(row));
			text(cell, shown);
			if (!column.number) {
				cell.title = shown;
			}
			cell.classList.toggle("bad", Boolean(column.bad?.(row)));
		});
		return element;
	}

	choose(element) {
		this.goTo(element);
		this.onPick?.(this.rows.find((row) => row.key === element.weirKey));
	}

	mark(isMarked) {
		this.rows.forEach((row) => this.byKey.get(row.key)?.setAttribute("aria-selected", String(isMarked(row))));
	}

	goTo(element) {
		if (element?.weirKey === undefined) {
			return;
		}
		this.byKey.get(this.current)?.setAttribute("tabindex", "-1");
		this.current = element.weirKey;
		element.setAttribute("tabindex", "0");
		element.focus();
	}

	onKey(event) {
		const rows = this.body.rows, at = [...rows].indexOf(event.target.closest("tr"));
		const to = {ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1,
			PageDown: Math.min(at + 10, rows.length - 1), PageUp: Math.max(at - 10, 0)}[event.key];
		if (event.key === "Enter" || event.key === " ") {
			this.choose(rows[at]);
		} else if (to !== undefined) {
			this.goTo(rows[to]);
		} else {
			return;
		}
		event.preventDefault();
	}
}
