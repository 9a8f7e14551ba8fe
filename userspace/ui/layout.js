// SPDX-License-Identifier: BSD-2-Clause
// Where services stand: namespaces are boxes, in columns by who calls whom, and services are in columns within.
"use strict";

const NODE_WIDTH = 150, NODE_HEIGHT = 30, GAP_X = 70, GAP_Y = 14, PAD = 14, TITLE = 22, BOX_GAP_X = 110, BOX_GAP_Y = 22;
const ROUNDS = 8, CROWD = 120; // services that are more than that stand in plain order

// "shop/backend" is backend of shop; what has no namespace stands for itself.
function splitName(name) {
	const slash = name.indexOf("/");
	return slash < 0 ? ["", name] : [name.slice(0, slash), name.slice(slash + 1)];
}

// Columns by the longest way from where calls begin. An arrow that would close a circle is left out.
function columnsOf(names, arrows) {
	const next = new Map(names.map((name) => [name, []]));
	for (const [from, to] of arrows) {
		if (from !== to && next.has(from) && next.has(to)) {
			next.get(from).push(to);
		}
	}
	const column = new Map(), open = new Set(), done = [];
	const visit = (first) => { // depth first, without recursion: names may be many
		const stack = [[first, 0]];
		open.add(first);
		while (stack.length) {
			const top = stack[stack.length - 1];
			const to = next.get(top[0])[top[1]++];
			if (to === undefined) {
				open.delete(top[0]);
				column.set(top[0], 0);
				done.push(top[0]);
				stack.pop();
			} else if (open.has(to)) {
				next.get(top[0]).splice(--top[1], 1);
			} else if (!column.has(to)) {
				open.add(to);
				stack.push([to, 0]);
			}
		}
	};
	// The world is where calls begin, then whoever is called by nobody.
	const called = new Set(arrows.filter(([from, to]) => from !== to).map(([, to]) => to));
	const rank = (name) => (name === "world" ? 0 : called.has(name) ? 2 : 1);
	[...names].sort((a, b) => rank(a) - rank(b)).forEach((name) => column.has(name) || visit(name));
	for (const name of done.reverse()) {
		for (const to of next.get(name)) {
			column.set(to, Math.max(column.get(to), column.get(name) + 1));
		}
	}
	return column;
}

// Each column's members, near the middle of whom they are tied to, so that few lines cross.
function order(columns, arrows) {
	const tied = new Map();
	for (const [from, to] of arrows) {
		for (const [a, b] of [[from, to], [to, from]]) {
			tied.has(a) || tied.set(a, []);
			tied.get(a).push(b);
		}
	}
	const place = new Map();
	columns.forEach((column) => column.forEach((name, at) => place.set(name, at - column.length / 2)));
	for (let round = 0; round < ROUNDS; round++) {
		for (const column of columns) {
			const middle = new Map(column.map((name) => {
				const others = (tied.get(name) ?? []).filter((other) => place.has(other));
				const sum = others.reduce((all, other) => all + place.get(other), 0);
				return [name, others.length ? sum / others.length : place.get(name)];
			}));
			column.sort((a, b) => middle.get(a) - middle.get(b) || (a < b ? -1 : 1));
			column.forEach((name, at) => place.set(name, at - column.length / 2));
		}
	}
}

function folded(column, most) {
	const parts = Math.ceil(column.length / most), size = Math.ceil(column.length / parts);
	return Array.from({length: parts}, (_, part) => column.slice(part * size, (part + 1) * size));
}

// As many columns as make a picture about twice as wide as it is high. shape: of one cell, width by height.
function intoSquare(names, shape) {
	return folded(names, Math.ceil(Math.sqrt(names.length * shape / 2)));
}

function intoColumns(names, arrows, most) {
	const at = columnsOf(names, arrows), columns = [];
	for (const name of names) {
		(columns[at.get(name)] ??= []).push(name);
	}
	const filled = columns.filter(Boolean);
	order(filled, arrows);
	return filled.flatMap((column) => folded(column, most));
}

function placeBox(namespace, names, arrows, isCrowded) {
	const members = new Set(names);
	const columns = isCrowded ? intoSquare(names, (NODE_WIDTH + GAP_X) / (NODE_HEIGHT + GAP_Y))
		: intoColumns(names, arrows.filter(([from, to]) => members.has(from) && members.has(to)), 14);
	const rows = Math.max(...columns.map((column) => column.length));
	const box = {namespace, nodes: [], title: namespace ? TITLE : 0};
	box.width = columns.length * (NODE_WIDTH + GAP_X) - GAP_X + 2 * PAD;
	box.height = rows * (NODE_HEIGHT + GAP_Y) - GAP_Y + 2 * PAD + box.title;
	columns.forEach((column, x) => column.forEach((name, y) => box.nodes.push({
		name,
		x: PAD + x * (NODE_WIDTH + GAP_X),
		y: box.title + PAD + (y + (rows - column.length) / 2) * (NODE_HEIGHT + GAP_Y),
	})));
	return box;
}

// {boxes: [{namespace, x, y, width, height}], nodes: Map(name -> {x, y}), width, height, isCrowded}
function layOut(pairs) {
	const names = [...new Set(pairs.flatMap((pair) => [pair.source, pair.destination]))].sort();
	const arrows = pairs.map((pair) => [pair.source, pair.destination]);
	const groups = new Map();
	for (const name of names) {
		const [namespace] = splitName(name);
		const group = namespace || name; // an end without namespace is a group of its own
		groups.has(group) || groups.set(group, []);
		groups.get(group).push(name);
	}
	const groupOf = new Map([...groups].flatMap(([group, members]) => members.map((name) => [name, group])));
	const isCrowded = names.length > CROWD;
	const boxes = new Map([...groups].map(([group, members]) =>
		[group, placeBox(splitName(members[0])[0], members, arrows, isCrowded)]));
	const columns = isCrowded ? intoSquare([...groups.keys()], 2) : intoColumns([...groups.keys()],
		arrows.map(([from, to]) => [groupOf.get(from), groupOf.get(to)]), 6);
	const heightOf = (column) => column.reduce((sum, group) => sum + boxes.get(group).height + BOX_GAP_Y, -BOX_GAP_Y);
	const height = Math.max(...columns.map(heightOf), 0), nodes = new Map();
	let x = 0;
	for (const column of columns) {
		const width = Math.max(...column.map((group) => boxes.get(group).width));
		let y = (height - heightOf(column)) / 2;
		for (const group of column) {
			const box = boxes.get(group);
			box.x = x + (width - box.width) / 2;
			box.y = y;
			y += box.height + BOX_GAP_Y;
			box.nodes.forEach((node) => nodes.set(node.name, {x: box.x + node.x, y: box.y + node.y}));
		}
		x += width + BOX_GAP_X;
	}
	return {boxes: [...boxes.values()], nodes, isCrowded, width: Math.max(0, x - BOX_GAP_X), height};
}
