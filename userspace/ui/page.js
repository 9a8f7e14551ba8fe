// SPDX-License-Identifier: BSD-2-Clause
// Asks the agent again and again, and shows what it says.
"use strict";

const PERIOD_MS = 2000, SLOW_EVERY = 3; // limits and status change less
const byId = (id) => document.getElementById(id);

const model = new Model();
const rate = (what) => (pair) => pair.rates[what];
const rateColumn = (title, what, more) => ({title, number: true, value: rate(what),
	text: (pair) => short(pair.rates[what]), ...more});

const map = new ServiceMap(byId("map"), (name) => showPick(name));
const pairsTable = new SortedTable(byId("pairs"), [
	{title: "Source", value: (pair) => pair.source},
	{title: "Destination", value: (pair) => pair.destination},
	rateColumn("Pkt/s", "packets"),
	rateColumn("Byte/s", "bytes", {less: true}),
	rateColumn("Conn/s", "connections", {less: true}),
	rateColumn("Drop/s", "drops", {bad: (pair) => pair.rates.drops > 0}),
	{title: "So far", value: (pair) => pair.verdict, word: true, less: true},
], {sort: 2, empty: "no pair", onPick: (pair) => {
	map.pick(map.picked === pair.source ? null : pair.source);
	showPick(map.picked);
}});
const limitsTable = new SortedTable(byId("limits"), [
	{title: "Policy", value: (limit) => limit.policy},
	{title: "Rule", value: (limit) => limit.rule, less: true},
	{title: "Limit", number: true, value: (limit) => limit.rate, text: (limit) => limit.asked},
	{title: "Within/s", number: true, value: (limit) => limit.passed, text: (limit) => short(limit.passed)},
	{title: "Over/s", number: true, value: (limit) => limit.dropped, text: (limit) => short(limit.dropped),
		bad: (limit) => limit.dropped > 0},
], {sort: 4, empty: "no limit in the policy in force"});

function showPick(name) {
	text(byId("about"), name === null ? "" : map.describe(name));
	pairsTable.mark((pair) => name !== null && (pair.source === name || pair.destination === name));
}

function filtered() {
	const wanted = byId("filter").value.trim().toLowerCase();
	return model.pairs.filter((pair) => pair.source.toLowerCase().includes(wanted) ||
		pair.destination.toLowerCase().includes(wanted));
}

function showFacts() {
	const facts = [["packets", "packets/s"], ["bytes", "bytes/s"], ["connections", "connections/s"], ["drops", "drops/s"]];
	byId("facts").replaceChildren(...facts.map(([what, unit]) => {
		const item = document.createElement("li"), value = document.createElement("b");
		value.textContent = short(model.sum[what]);
		item.append(value, ` ${unit}`);
		return item;
	}));
}

function showPairs() {
	const pairs = filtered();
	map.draw(pairs);
	pairsTable.draw(pairs);
	showFacts();
	showPick(map.picked);
	text(byId("count"), `${pairs.length} of ${model.pairs.length + model.left}`);
	byId("nothing").hidden = pairs.length > 0;
	byId("map").classList.toggle("empty", pairs.length === 0);
}

function showStatus(status) {
	const degraded = Array.isArray(status.degraded) ? status.degraded : [];
	const words = !status.enforcing ? "not enforcing" : degraded.length ? "degraded" : "enforcing";
	const shields = status.shields ? `, flood shield up for ${status.shields}` : "";
	text(byId("node"), String(status.node ?? ""));
	text(byId("state"), `${words}, revision ${status.revision}${shields}`);
	byId("state").className = words === "enforcing" ? "good" : "bad";
	return degraded.length ? String(degraded[0]) : "";
}

function showTrouble(words) {
	text(byId("trouble"), words);
	byId("trouble").hidden = !words;
}

async function ask(path) {
	const answer = await fetch(path, {cache: "no-store", signal: AbortSignal.timeout(5 * PERIOD_MS)});
	if (!answer.ok) {
		throw new Error(`${path}: ${answer.status}`);
	}
	return answer.json();
}

let turn = 0, degraded = "";

async function refresh() {
	try {
		if (turn++ % SLOW_EVERY === 0) {
			degraded = showStatus(await ask("/v1/status"));
			model.takeLimits(await ask("/v1/limits"), performance.now());
			limitsTable.draw(model.limits);
		}
		model.takePairs(await ask("/v1/pairs"));
		showPairs();
		showTrouble(degraded && `degraded: ${degraded}`);
	} catch (error) {
		turn = 0;
		text(byId("state"), "no answer");
		byId("state").className = "bad";
		showTrouble(`The agent does not answer (${error.message}); what is shown is as of the last answer.`);
	}
}

// Nobody looks at a hidden page.
async function watch() {
	if (!document.hidden) {
		await refresh();
	}
	setTimeout(watch, PERIOD_MS);
}

byId("filter").addEventListener("input", showPairs);
byId("closer").addEventListener("click", () => map.zoom(1 / ZOOM));
byId("farther").addEventListener("click", () => map.zoom(ZOOM));
byId("fit").addEventListener("click", () => map.fit());
document.addEventListener("visibilitychange", () => document.hidden || refresh());
limitsTable.draw([]);
pairsTable.draw([]);
watch();
