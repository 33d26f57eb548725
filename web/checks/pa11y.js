// Looks at each page named on standard input ("address width name" a line) with
// pa11y's own rules and prints "name<TAB>fault" for what it finds. One browser
// serves all pages. axe is run by itself.
import { readFileSync } from "node:fs";
import pa11y from "pa11y";
import puppeteer from "puppeteer";

const browser = await puppeteer.launch({
	executablePath: process.argv[2],
	args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const lines = readFileSync(0, "utf8").trim().split("\n");
try {
	const page = await browser.newPage();
	for (const line of lines) {
		const [url, width, name] = line.split(" ");
		// A button that belongs to its form by the form attribute is unknown to this rule; html-validate asks the same and knows it.
		const { issues } = await pa11y(url, { browser, page, runners: ["htmlcs"], ignore: ["WCAG2AA.Principle3.Guideline3_2.3_2_2.H32.2"], standard: "WCAG2AA", viewport: { width: Number(width), height: 768 }, timeout: 60000 });
		for (const i of issues) console.log(`${name} ${width}\t${i.code}: ${i.message} ${i.selector} ${i.context}`.replace(/[\r\n]+/g, " "));
	}
} finally {
	await browser.close();
}
console.log(`\nlooked at ${lines.length} pages`);
