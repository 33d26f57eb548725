// Looks at each page named on standard input ("address name" a line) with axe and
// with pa11y's own rules: on a desktop and on a phone, light and dark, everything
// that folds unfolded; then at each dialog and menu opened, once for all pages
// that have the same one. A page is loaded once and everything else is switched
// in it. Prints "page<TAB>fault" for what is named and plain lines to wait by.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import puppeteer from "puppeteer";

const { resolve } = createRequire(import.meta.url), read = (path) => readFileSync(path, "utf8");
const axe = read(resolve("axe-core/axe.min.js"));
const runner = createRequire(import.meta.url)("pa11y/lib/runners/htmlcs.js");
// pa11y as it puts itself into a page, once a page and not for each look. What it only
// notices is left out before it is described: that takes longer than finding it.
const pa11y = [read(resolve("pa11y/lib/runner.js")), ...runner.scripts.map(read), `{
	const htmlcs = ${runner.run};
	window.__pa11y.runners.htmlcs = async (...asked) => (await htmlcs(...asked)).filter((issue) => issue.type === "error");
}`].join("\n;\n");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
// Of pa11y's rules one is not asked: it does not know a button that belongs to its
// form by the form attribute. html-validate asks the same and knows it.
const ignore = ["WCAG2AA.Principle3.Guideline3_2.3_2_2.H32.2"];
const [executablePath, windows = "2"] = process.argv.slice(2);

const browser = await puppeteer.launch({
	executablePath,
	args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const lines = readFileSync(0, "utf8").trim().split("\n");
const seen = new Set(); // dialogs and menus
let next = 0, done = 0;

/** What axe and pa11y name in the page, or in a part of it, as it now stands. */
async function ask(page, theme, part) {
	const named = await page.evaluate(async (part, runOnly) => {
		const r = await axe.run(part ?? document, { runOnly, resultTypes: ["violations"], preload: false }); // no rule asked for needs files read again
		return r.violations.flatMap((v) => v.nodes.slice(0, 3).map((n) => `axe ${v.id}: ${n.target.join(" ")} ${n.html.slice(0, 160)}`));
	}, part, theme === "dark" ? { type: "rule", values: ["color-contrast"] } : tags); // nothing else differs in the dark
	const issues = await page.evaluate((rootElement, ignore) => window.__pa11y.run({ pa11yVersion: "", rootElement, ignore: ["warning", "notice", ...ignore.map((code) => code.toLowerCase())], runners: ["htmlcs"], rules: [], standard: "WCAG2AA", wait: 0 }).then((r) => r.issues), part, ignore);
	return named.concat(issues.map((i) => `pa11y ${i.code}: ${i.message} ${i.selector} ${i.context}`)).map((s) => s.replace(/\s+/g, " "));
}

/** Asks in light and, unless the page is a paper, in dark. */
async function inBothThemes(page, name, part) {
	const paper = await page.evaluate(() => (window.paper ??= document.documentElement.dataset.theme === "light"));
	for (const theme of paper ? ["light"] : ["light", "dark"]) {
		await page.evaluate((theme) => {
			document.documentElement.dataset.theme = theme;
			void document.body.offsetWidth;
			for (const a of document.getAnimations()) a.effect.getComputedTiming().endTime < Infinity && a.finish(); // colours that are still changing are neither
		}, theme);
		for (const fault of await ask(page, theme, part)) console.log(`${name} ${page.viewport().width} px ${theme}${part ? " " + part : ""}\t${theme} ${fault}`);
	}
}

/** The dialogs and menus of a page, each opened alone. */
async function opened(page, name, phone) {
	const found = await page.evaluate(() => [...document.querySelectorAll("dialog:not([open]), details[data-menu], .nav")].map((e, i) => {
		e.id ||= `opened-${i}`;
		return { id: e.id, kind: e.tagName, markup: document.documentElement.lang + e.innerHTML };
	}));
	for (const { id, kind, markup } of found) {
		const once = phone + markup;
		if (seen.has(once) || (kind === "NAV" && !phone)) continue; // on a desktop it always stands open
		seen.add(once);
		const turn = (open) => page.evaluate((id, open) => {
			const e = document.getElementById(id);
			if (e.tagName === "NAV") location.hash = open ? id : "";
			else if (e.tagName === "DETAILS") e.open = open;
			else if (open) e.showModal();
			else e.close();
		}, id, open);
		await turn(true);
		await inBothThemes(page, name, "#" + id);
		await turn(false);
	}
}

/** One window: takes the next page until there is none. */
async function look() {
	const page = await browser.newPage();
	await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]);
	for (let i = next++; i < lines.length; i = next++) {
		const [url, name] = lines[i].split(" ");
		await page.setViewport({ width: 1366, height: 900 });
		await page.goto(url, { waitUntil: "load" });
		await page.evaluate(axe);
		await page.evaluate(pa11y);
		for (const width of [1366, 360]) {
			await page.setViewport({ width, height: 900 });
			await page.evaluate(() => document.querySelectorAll("main details:not([open], [data-menu])").forEach((e) => { e.open = true }));
			await inBothThemes(page, name, undefined);
			await opened(page, name, width === 360);
		}
		if (++done % 20 === 0 || done === lines.length) console.log(`looked at ${done} of ${lines.length} pages`);
	}
	await page.close();
}

try {
	await Promise.all(Array.from({ length: Number(windows) }, look));
} finally {
	await browser.close();
}
