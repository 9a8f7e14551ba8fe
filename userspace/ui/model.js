// SPDX-License-Identifier: BSD-2-Clause
// What the agent said of pairs and limits, and the rates from one answer to the next. Draws nothing.
"use strict";

const PAIRS_MAX = 500;
const KINDS = ["allowed", "audited", "limited", "denied"];
const OTHERS = "(others)";

// Growth a second, by the agent's own clock; no total that went back gives a negative rate.
function growth(before, after, seconds) {
	return before === undefined || seconds <= 0 ? 0 : Math.max(0, (after - before) / seconds);
}

function number(value) {
	return Number.isFinite(value) ? value : 0;
}

// "0.4", "999", "1.2k", "12k": at most four characters and a unit, in decimal steps.
function short(rate) {
	const units = ["", "k", "M", "G", "T", "P"];
	let unit = 0;
	while (rate >= 999.5 && unit + 1 < units.length) {
		rate /= 1000;
		unit++;
	}
	const digits = rate > 0.05 && rate < 9.95 && (unit || rate < 0.95) ? 1 : 0;
	return rate.toFixed(digits) + units[unit];
}

class Model {
	constructor() {
		this.pairs = [];
		this.limits = [];
		this.left = 0; // pairs that are not among those kept
		this.sum = {packets: 0, bytes: 0, connections: 0, drops: 0};
		this.totals = new Map();
		this.limitTotals = new Map();
		this.uptime = -1;
	}

	takePairs(answer) {
		const seconds = this.uptime >= 0 ? number(answer.uptimeSeconds) - this.uptime : 0;
		const totals = new Map();
		const items = Array.isArray(answer.items) ? answer.items : [];
		const pairs = items.map((item) => this.readPair(item, seconds, totals));
		this.uptime = number(answer.uptimeSeconds);
		this.totals = totals;
		for (const what of Object.keys(this.sum)) {
			this.sum[what] = pairs.reduce((sum, pair) => sum + pair.rates[what], 0);
		}
		pairs.sort((a, b) => b.weight - a.weight || (a.key < b.key ? -1 : 1));
		this.pairs = pairs.slice(0, PAIRS_MAX);
		this.left = pairs.length - this.pairs.length;
	}

	readPair(item, seconds, totals) {
		const pair = {
			source: String(item.source ?? OTHERS), destination: String(item.destination ?? OTHERS),
			packets: {}, seen: {}, rates: {packets: 0, bytes: 0, connections: 0, drops: 0},
		};
		pair.key = JSON.stringify([pair.source, pair.destination]);
		const before = this.totals.get(pair.key) ?? {}, now = {};
		let seen = 0;
		for (const kind of KINDS) {
			const counts = item[kind] ?? {};
			const passes = kind === "allowed" || kind === "audited";
			for (const unit of ["packets", "bytes", "connections"]) {
				now[kind + unit] = number(counts[unit]);
			}
			const rate = (unit) => growth(before[kind + unit], now[kind + unit], seconds);
			pair.packets[kind] = rate("packets");
			pair.seen[kind] = now[kind + "packets"] > 0;
			seen += now[kind + "packets"];
			pair.rates[passes ? "packets" : "drops"] += rate("packets");
			pair.rates.bytes += passes ? rate("bytes") : 0;
			pair.rates.connections += rate("connections");
		}
		pair.weight = pair.rates.packets + pair.rates.drops + Math.min(seen, 1e15) / 1e16;
		pair.verdict = KINDS.filter((kind) => pair.seen[kind]).join(", ");
		totals.set(pair.key, now);
		return pair;
	}

	takeLimits(answer, time) {
		const totals = new Map();
		const items = Array.isArray(answer.items) ? answer.items : [];
		this.limits = items.slice(0, PAIRS_MAX).map((item) => this.readLimit(item, time, totals));
		this.limitTotals = totals;
	}

	readLimit(item, time, totals) {
		const unit = String(item.unit ?? "");
		const size = unit.startsWith("bytes") ? "Bytes" : "Packets";
		const name = [item.kind, item.namespace, item.policy, item.rule, item.direction, item.limit, unit, item.mode];
		const key = JSON.stringify(name);
		const now = {time, passed: number(item["passed" + size]), dropped: number(item["dropped" + size])};
		const before = this.limitTotals.get(key) ?? {};
		const seconds = before.time === undefined ? 0 : (time - before.time) / 1000;
		totals.set(key, now);
		return {
			key,
			policy: item.namespace ? `${item.namespace}/${item.policy}` : String(item.policy ?? ""),
			rule: String(item.rule ?? ""),
			asked: `${short(number(item.rate))} ${unit.replace("PerSecond", "/s").replace("max", "open ").toLowerCase()}`,
			rate: number(item.rate),
			passed: growth(before.passed, now.passed, seconds),
			dropped: growth(before.dropped, now.dropped, seconds),
			per: String(item.per ?? ""),
		};
	}
}
