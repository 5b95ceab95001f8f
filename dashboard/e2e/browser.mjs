// The browser of the tests: Debian's Chromium, with axe and screenshots.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = new URL('../../target/screenshots/', import.meta.url).pathname;
const LOOKS = [
  { look: 'light', colorScheme: 'light', width: 1280, height: 860 },
  { look: 'dark', colorScheme: 'dark', width: 1440, height: 900 },
  { look: 'narrow', colorScheme: 'light', width: 375, height: 760 },
];

export const startBrowser = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

/** A page of the dashboard whose own failures fail the test. */
export async function openPage(browser, service) {
  const context = await browser.newContext({
    baseURL: service.base_url,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    viewport: { width: 1280, height: 860 },
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  page.failures = [];
  page.on('pageerror', (error) => page.failures.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
      page.failures.push(message.text());
  });
  return page;
}

/** Logs in through the page. */
export async function logIn(page, { email, password }) {
  await page.goto('/admin/login');
  await page.getByLabel('E-mail', { exact: true }).fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
}

/** Waits until nothing on the page is awaited any more. */
export async function settled(page) {
  await page.locator('h1').first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[aria-label="Loading"], [aria-busy="true"]'));
}

/** What axe finds that is serious or critical, in a line each. */
async function seriousFindings(page) {
  // Through the debugger, which the page's policy does not bind.
  await page.evaluate(AXE);
  const results = await page.evaluate(
    async () => (await window.axe.run({ resultTypes: ['violations'] })).violations,
  );
  return results
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`),
    );
}

/** Takes the screen in light, in dark and at 375 px, and throws when axe finds anything serious or it scrolls sideways. */
export async function inspect(page, name) {
  mkdirSync(SHOTS, { recursive: true });
  const findings = [];
  for (const { look, colorScheme, width, height } of LOOKS) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await settled(page);
    await page.screenshot({ path: `${SHOTS}${name}-${look}.png` });
    findings.push(...(await seriousFindings(page)).map((finding) => `${name}, ${look}: ${finding}`));
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (overflow > 0) findings.push(`${name}, ${look}: scrolls sideways by ${overflow} px`);
  }
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.emulateMedia({ colorScheme: 'light' });
  if (findings.length > 0) throw new Error(findings.join('\n'));
}
