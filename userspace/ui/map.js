// SPDX-License-Identifier: BSD-2-Clause
// The map: services and lines between them as SVG. Names are only ever text.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const NAME_MAX = 20, MARGIN = 24, APART = 8, HEAD = 8, CLEAR = 3, ZOOM = 1.25, SHRINK_MAX = 1.7, LINES_MAX = 150;
const BOWS = [0, -40, 40, -70, 70, -110, 110, -160, 160];
const PLACES = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74]; // of a line, for its mark and number

function svg(name, attributes, parent) {
	const element = document.createElementNS(SVG, name);
	for (const [key, value] of Object.entries(attributes)) {
		element.setAttribute(key, value);
	}
	parent?.append(element);
	return element;
}

function text(element, value) {
	if (element.textContent !== value) {
		element.textContent = value;
	}
	return element;
}

function clipped(name) {
	const letters = [...name];
	return letters.length <= NAME_MAX ? name
		: letters.slice(0, NAME_MAX / 2 - 1).join("") + "…" + letters.slice(-NAME_MAX / 2).join("");
}

// Four points of a curve from one service to another. aside keeps the lines of one pair apart, bow bends it away.
function curve(from, to, aside, bow) {
	const middle = NODE_HEIGHT / 2, right = NODE_WIDTH;
	if (from === to) { // a loop above
		return [[from.x + right - 30, from.y], [from.x + right - 30, from.y - 34 - aside],
			[from.x + right - 80, from.y - 34 - aside], [from.x + right - 80, from.y - HEAD]];
	}
	if (to.x === from.x) { // around the right side
		const out = from.x + right + 40 + Math.abs(bow) + Math.min(40, Math.abs(to.y - from.y) / 8);
		return [[from.x + right, from.y + middle + aside], [out, from.y + middle + aside],
			[out, to.y + middle + aside], [to.x + right + HEAD, to.y + middle + aside]];
	}
	const back = to.x < from.x;
	const a = [from.x + (back ? 0 : right), from.y + middle + aside];
	const b = [to.x + (back ? right + HEAD : -HEAD), to.y + middle + aside];
	const bend = Math.max(30, Math.abs(b[0] - a[0]) / 2) * (back ? -1 : 1);
	return [a, [a[0] + bend, a[1] + bow], [b[0] - bend, b[1] + bow], b];
}

function pointOn([a, b, c, d], t) {
	const u = 1 - t;
	return [0, 1].map((i) => u * u * u * a[i] + 3 * u * u * t * b[i] + 3 * u * t * t * c[i] + t * t * t * d[i]);
}

function isOnService([x, y], nodes, except) {
	return nodes.some((node) => !except.includes(node) && x > node.x - CLEAR && x < node.x + NODE_WIDTH + CLEAR &&
		y > node.y - CLEAR && y < node.y + NODE_HEIGHT + CLEAR);
}

// The least bent of some curves that cross the fewest services; with very many lines, just the straightest.
function route(from, to, aside, nodes, isCrowded) {
	let best, least = Infinity;
	for (const bow of isCrowded ? [0] : BOWS) {
		const points = curve(from, to, aside, bow);
		let crossed = 0;
		for (let t = 0.04; t < 1; t += 0.04) {
			crossed += isOnService(pointOn(points, t), nodes, [from, to]);
		}
		if (crossed < least) {
			[best, least] = [points, crossed];
		}
		if (!crossed) {
			break;
		}
	}
	return best;
}

class ServiceMap {
	constructor(root, onPick) {
		this.root = root;
		this.onPick = onPick;
		this.shape = "";
		this.services = new Map();
		this.lines = new Map();
		this.picked = null;
		const markers = svg("defs", {}, root);
		for (const kind of ["allowed", "audited"]) {
			const marker = svg("marker", {id: `head-${kind}`, viewBox: "0 0 9 8", refX: 1, refY: 4, markerWidth: 9,
				markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto"}, markers);
			svg("path", {class: `head ${kind}`, d: "M0 0l9 4-9 4z"}, marker);
		}
		this.layers = ["boxes", "edges", "nodes"].map((name) => svg("g", {class: name}, root));
		root.addEventListener("keydown", (event) => this.onKey(event));
		root.addEventListener("wheel", (event) => this.onWheel(event), {passive: false});
		root.addEventListener("pointerdown", (event) => this.onGrab(event));
		this.view = {x: 0, y: 0, width: 1, height: 1};
		new ResizeObserver(() => this.fitted && this.fit()).observe(root);
	}

	// What stands where changes only with the pairs; else only widths, marks and numbers do.
	draw(pairs) {
		const shape = pairs.map((pair) => pair.key + pair.verdict).sort().join("\n");
		if (shape !== this.shape) {
			this.shape = shape;
			this.build(pairs);
		}
		pairs.forEach((pair) => this.update(pair));
		this.pick(this.picked);
	}

	build(pairs) {
		const focused = document.activeElement?.closest?.("#map .service")?.weirName;
		this.layout = layOut(pairs);
		this.layers.forEach((layer) => layer.replaceChildren());
		this.services.clear();
		this.lines.clear();
		this.layout.boxes.forEach((box) => this.addBox(box));
		this.layout.nodes.forEach((at, name) => this.addService(name, at));
		this.marks = [];
		this.isCrowded = this.layout.isCrowded || pairs.length > LINES_MAX;
		this.root.classList.toggle("crowded", this.isCrowded);
		pairs.forEach((pair) => this.addLines(pair));
		if (!this.services.has(this.picked)) {
			this.picked = null;
		}
		const first = this.services.get(focused) ?? this.services.values().next().value;
		first?.setAttribute("tabindex", "0");
		if (this.services.has(focused)) {
			first.focus();
		}
		this.fit();
	}

	addBox(box) {
		if (!box.namespace) {
			return;
		}
		const group = svg("g", {class: "namespace"}, this.layers[0]);
		svg("rect", {x: box.x, y: box.y, width: box.width, height: box.height, rx: 10}, group);
		text(svg("text", {x: box.x + PAD, y: box.y + 20}, group), clipped(box.namespace));
		text(svg("title", {}, group), `namespace ${box.namespace}`);
	}

	addService(name, at) {
		const [namespace, own] = splitName(name);
		const group = svg("g", {class: namespace ? "service" : "service outside", role: "button", tabindex: "-1",
			"aria-pressed": "false", transform: `translate(${at.x} ${at.y})`}, this.layers[2]);
		svg("rect", {width: NODE_WIDTH, height: NODE_HEIGHT, rx: 6}, group);
		text(svg("text", {x: 10, y: NODE_HEIGHT / 2}, group), clipped(own));
		text(svg("title", {}, group), name);
		group.weirName = name;
		group.addEventListener("click", () => this.toggle(name));
		this.services.set(name, group);
	}

	// What goes both ways goes apart.
	asideOf(pair) {
		const other = JSON.stringify([pair.destination, pair.source]);
		return other !== pair.key && KINDS.some((kind) => this.lines.has(other + kind)) ? 1.5 * APART : 0;
	}

	// Where a line's mark and number stand: on no service, and clear of the others'.
	markPlace(points, nodes) {
		const all = PLACES.map((t) => pointOn(points, t)), seen = all.filter((at) => !isOnService(at, nodes, []));
		const isClear = ([x, y]) => this.marks.every((at) => Math.abs(at[0] - x) > 44 || Math.abs(at[1] - y) > 20);
		const place = (this.isCrowded ? seen[0] : seen.find(isClear)) ?? seen[0] ?? all[0];
		this.marks.push(place);
		return place;
	}

	addLines(pair) {
		const from = this.layout.nodes.get(pair.source), to = this.layout.nodes.get(pair.destination);
		const nodes = [...this.layout.nodes.values()];
		const kinds = KINDS.filter((kind) => pair.seen[kind]);
		const aside = this.asideOf(pair);
		kinds.forEach((kind, i) => {
			const points = route(from, to, aside + (i - (kinds.length - 1) / 2) * APART, nodes, this.isCrowded);
			const at = this.markPlace(points, nodes);
			const line = svg("g", {class: "line", "aria-hidden": "true"}, this.layers[1]);
			const [a, ...others] = points;
			line.path = svg("path", {class: `edge ${kind}`, d: `M${a}C${others.join(" ")}`}, line);
			if (kind === "allowed" || kind === "audited") {
				line.path.setAttribute("marker-end", `url(#head-${kind})`);
			} else { // a cross where nothing gets through, two bars where not all does
				const mark = kind === "denied" ? "M-5 -5l10 10M5 -5l-10 10" : "M-3 -6v12M3 -6v12";
				svg("path", {class: `mark ${kind}`, d: mark, transform: `translate(${at})`}, line);
			}
			text(svg("title", {}, line), `${pair.source} to ${pair.destination}: ${kind}`);
			line.label = svg("text", {x: at[0], y: at[1] + (i > 0 || aside ? 17 : -8)}, line);
			line.pair = pair;
			line.kind = kind;
			this.lines.set(pair.key + kind, line);
		});
	}

	update(pair) {
		for (const kind of KINDS) {
			const line = this.lines.get(pair.key + kind);
			if (!line) {
				continue;
			}
			const rate = pair.packets[kind];
			line.pair = pair;
			line.path.setAttribute("stroke-width", (1.4 + 1.3 * Math.log10(1 + rate)).toFixed(2));
			line.classList.toggle("idle", rate === 0);
			text(line.label, rate > 0 ? `${short(rate)}/s` : "");
		}
	}

	toggle(name) {
		this.pick(name === this.picked ? null : name);
		this.onPick(this.picked);
	}

	// Lines that have nothing to do with the service step back.
	pick(name) {
		this.picked = name;
		this.root.classList.toggle("picked", name !== null);
		this.services.forEach((group, other) => {
			group.setAttribute("aria-pressed", String(other === name));
			group.setAttribute("aria-label", this.describe(other));
		});
		this.lines.forEach((line) => line.classList.toggle("aside", name !== null && line.pair.source !== name &&
			line.pair.destination !== name));
	}

	describe(name) {
		const parts = [];
		this.lines.forEach((line) => {
			const {source, destination} = line.pair;
			if (source === name || destination === name) {
				const rate = `${line.kind} ${short(line.pair.packets[line.kind])} packets/s`;
				parts.push(source === name ? `to ${destination} ${rate}` : `from ${source} ${rate}`);
			}
		});
		return `${name}: ${parts.join("; ") || "nothing yet"}`;
	}

	onKey(event) {
		const steps = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
		const here = event.target.weirName;
		if (here === undefined) {
			return;
		}
		if (event.key === "Enter" || event.key === " ") {
			this.toggle(here);
		} else if (event.key === "Escape") {
			this.pick(null);
			this.onPick(null);
		} else if (steps[event.key]) {
			this.step(here, ...steps[event.key]);
		} else {
			return;
		}
		event.preventDefault();
	}

	// To the nearest service in a direction.
	step(here, dx, dy) {
		const from = this.layout.nodes.get(here);
		let best = null, least = Infinity;
		this.layout.nodes.forEach((at, name) => {
			const along = (at.x - from.x) * dx + (at.y - from.y) * dy;
			const across = Math.abs((at.x - from.x) * dy) + Math.abs((at.y - from.y) * dx);
			const far = along + 3 * across;
			if (along > 1 && far < least) {
				[best, least] = [name, far];
			}
		});
		if (best !== null) {
			this.services.get(here).setAttribute("tabindex", "-1");
			this.services.get(best).setAttribute("tabindex", "0");
			this.services.get(best).focus();
		}
	}

	fit() {
		const {width, height} = this.layout ?? {width: 1, height: 1};
		const shown = this.root.getBoundingClientRect();
		// Neither larger than life nor too small to read: the rest is reached by dragging.
		const needed = Math.max((width + 2 * MARGIN) / (shown.width || 1), (height + 2 * MARGIN) / (shown.height || 1));
		const scale = Math.min(Math.max(needed, 0.8), this.isCrowded ? Infinity : SHRINK_MAX);
		this.view = {width: shown.width * scale, height: shown.height * scale};
		this.view.x = (width - this.view.width) / 2;
		this.view.y = (height - this.view.height) / 2;
		this.fitted = true;
		this.show();
	}

	show() {
		const {x, y, width, height} = this.view;
		this.root.setAttribute("viewBox", `${x} ${y} ${width || 1} ${height || 1}`);
	}

	zoom(factor, x = this.view.x + this.view.width / 2, y = this.view.y + this.view.height / 2) {
		const view = this.view;
		this.view = {x: x - (x - view.x) * factor, y: y - (y - view.y) * factor, width: view.width * factor,
			height: view.height * factor};
		this.fitted = false;
		this.show();
	}

	pointAt(event) {
		const shown = this.root.getBoundingClientRect();
		return [this.view.x + (event.clientX - shown.x) / shown.width * this.view.width,
			this.view.y + (event.clientY - shown.y) / shown.height * this.view.height];
	}

	// The page scrolls by the wheel; with Ctrl (or a pinch) the map comes closer.
	onWheel(event) {
		if (event.ctrlKey) {
			event.preventDefault();
			this.zoom(event.deltaY > 0 ? ZOOM : 1 / ZOOM, ...this.pointAt(event));
		}
	}

	onGrab(event) {
		const [x, y] = this.pointAt(event);
		const move = (moved) => {
			const [nx, ny] = this.pointAt(moved);
			this.view.x += x - nx;
			this.view.y += y - ny;
			this.fitted = false;
			this.show();
		};
		const stop = () => {
			this.root.removeEventListener("pointermove", move);
			window.removeEventListener("pointerup", stop);
		};
		this.root.addEventListener("pointermove", move);
		window.addEventListener("pointerup", stop);
	}
}
