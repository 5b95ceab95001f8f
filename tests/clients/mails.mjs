// Opens e-mails in Chromium as mail programs would show them: narrow and wide, light and dark.
//   node mails.mjs <folder of HTML files> <folder for pictures>
// Prints a line of JSON for each file: its name, what a person reads in it, and what is wrong with it.
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [mails, pictures] = process.argv.slice(2);
const views = [640, 375].flatMap((width) => ["light", "dark"].map((colorScheme) => ({ width, colorScheme })));

// In the page: what leaves it at the side, and what cannot be read on its background (WCAG 2.2, 1.4.3).
function faults() {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push(`is ${document.documentElement.scrollWidth} px wide`);
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) => {
    const linear = (value) => (value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [red, green, blue, alpha = 1] = channels(getComputedStyle(at).backgroundColor);
      if (alpha === 1) return [red, green, blue];
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const said = texts.currentNode.data.trim();
    const element = texts.currentNode.parentElement;
    if (!said || !element.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    if (range.getBoundingClientRect().right > innerWidth) found.push(`leaves the page: ${said}`);
    const [one, two] = [channels(getComputedStyle(element).color), background(element)].map(luminance);
    const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (contrast < 4.5) found.push(`has a contrast of ${contrast.toFixed(1)}: ${said}`);
  }
  return found;
}

const read = (page) => page.evaluate(() => document.body.innerText.replace(/[ \t]+$/gm, "").trim());

mkdirSync(pictures, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const opened = await Promise.all(
  views.map(async ({ width, colorScheme }) => {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, serviceWorkers: "block" });
    const asked = [];
    await context.route(/.*/, (route) => {
      asked.push(route.request().url());
      return route.abort();
    });
    return { name: `${width}.${colorScheme}`, page: await context.newPage(), asked };
  }),
);
for (const file of readdirSync(mails).sort()) {
  const html = readFileSync(join(mails, file), "utf8");
  const wrong = [];
  let text;
  for (const { name, page, asked } of opened) {
    await page.setContent(html);
    const seen = await read(page);
    text ??= seen;
    if (seen !== text) wrong.push(`${name}: says something else`);
    wrong.push(...(await page.evaluate(faults)).map((fault) => `${name}: ${fault}`));
    wrong.push(...asked.splice(0).map((url) => `${name}: asks for ${url}`));
    await page.screenshot({ path: join(pictures, `${file.replace(/\.html$/, "")}.${name}.png`), fullPage: true });
  }
  console.log(JSON.stringify({ file, text, wrong }));
}
await browser.close();
