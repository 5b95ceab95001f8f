// The reports: their figures, what they are asked by, and their files.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { inspect, logIn, openPage, settled, startBrowser } from './browser.mjs';
import { buy, startService } from './service.mjs';

let service;
let browser;
let page;

before(async () => {
  service = await startService();
  browser = await startBrowser();
  page = await openPage(browser, service);
  await buy(service, { name: 'Ada Lovelace', lines: 2 });
  await logIn(page, service.staff);
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

/** Opens a report by its tab. */
async function open(report) {
  await page.getByRole('navigation', { name: 'Reports' }).getByRole('link', { name: report }).click();
  await page.locator('[aria-current="page"]', { hasText: report }).waitFor();
  await settled(page);
}

/** Chooses one of the options of a field of the toolbar. */
async function choose(field, option) {
  await page.getByRole('combobox', { name: field }).click();
  await page.getByRole('option', { name: option }).click();
}

test('home leads to the report of the same days', async () => {
  await page.getByText('7 days').click();
  await page.getByRole('link', { name: 'Revenue report' }).click();
  await page.getByRole('heading', { level: 1, name: 'Analytics' }).waitFor();
  assert.match(page.url(), /analytics\?.*range=week/);
});

test('revenue has figures, a chart and the same as a table', async () => {
  await settled(page);
  await page.getByText('Gross sales').first().waitFor();
  await page.locator('.recharts-surface').first().waitFor();
  const table = page.getByRole('table', { name: 'All figures' });
  assert.equal(await table.locator('tbody tr').count(), 7);
  assert.match(await table.locator('tfoot').textContent(), /€/);
  await inspect(page, 'analytics-revenue');
});

test('bucket, comparison, currency and figure are chosen, and kept in the address', async () => {
  const table = page.getByRole('table', { name: 'All figures' });
  await choose('Cut into', 'By hour');
  await page.waitForURL(/bucket=hour/);
  await settled(page);
  assert.ok((await table.locator('tbody tr').count()) > 7);
  await choose('Compared with', 'A year ago');
  await page.waitForURL(/compare=previous_year/);
  await choose('Compared with', 'No comparison');
  await page.waitForURL(/compare=none/);
  await page.getByText('Below each').waitFor({ state: 'detached' });
  await choose('Currency', 'EUR only');
  await page.getByText('Orders in EUR only').waitFor();
  await choose("The chart's figure", 'Orders');
  await page.waitForURL(/metric=orders/);
});

test('any days can be chosen, by name or by date', async () => {
  const days = page.getByRole('dialog');
  await page.getByRole('button', { name: '7 days' }).click();
  await days.getByRole('button', { name: 'Last month' }).click();
  await page.waitForURL(/range=last_month/);
  await days.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Last month' }).click();
  await days.getByLabel('From').fill('2026-03-10');
  await days.getByLabel('To', { exact: true }).fill('2026-03-01');
  await days.getByText('Must not be before the first day.').waitFor();
  await days.getByLabel('To', { exact: true }).fill('2026-03-31');
  await days.getByRole('button', { name: 'Show these days' }).click();
  await page.waitForURL(/from=2026-03-10&to=2026-03-31/);
});

test('days, comparison and currency go along to the other reports', async () => {
  await open('Orders');
  assert.match(page.url(), /analytics\/orders\?.*from=2026-03-10.*currency=EUR/);
  assert.doesNotMatch(page.url(), /metric/);
});

test('hours are not offered for more days than the API takes', async () => {
  await page.goto('/admin/analytics?range=year&bucket=hour');
  await settled(page);
  await page.getByRole('combobox', { name: 'Cut into' }).click();
  const hour = page.getByRole('option', { name: 'By hour' });
  assert.equal(await hour.getAttribute('data-combobox-disabled'), 'true');
  await page.keyboard.press('Escape');
});

test('a report is downloaded as a file with the same parameters', async () => {
  await page.goto('/admin/analytics/orders?range=month&bucket=week&compare=previous_year');
  await settled(page);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download CSV' }).click(),
  ]);
  const rows = (await readFile(await download.path(), 'utf8')).trim().split('\n');
  assert.match(rows[0], /^series,start,currency,orders/);
  assert.ok(rows.some((row) => row.startsWith('comparison,')));
  assert.ok(rows.length <= 1 + 2 * 6, 'the file is cut into weeks');
});

for (const [report, figure] of [
  ['Orders', 'Average order'],
  ['Customers', 'Repeat rate'],
  ['Discounts', 'Share of orders'],
  ['Refunds', 'Refund rate'],
  ['Funnel', 'Checkouts begun'],
  ['Products', 'Sell-through'],
  ['Inventory', 'Days left'],
]) {
  test(`${report} has figures, and can be used by all`, async () => {
    await open(report);
    await page.getByText(figure, { exact: true }).first().waitFor();
    await inspect(page, `analytics-${report.toLowerCase()}`);
  });
}

test('what a figure means is told by keyboard', async () => {
  await open('Refunds');
  await page.getByRole('button', { name: 'What “Refunded” means' }).focus();
  await page.keyboard.press('Tab');
  await page.getByRole('tooltip').filter({ hasText: 'Refunds ÷ total of the same period' }).waitFor();
});

test('products lead to the product', async () => {
  await open('Products');
  await page.getByText('Variants', { exact: true }).click();
  await page.waitForURL(/by=variant/);
  await settled(page);
  await page.getByRole('table', { name: 'What sold best' }).getByRole('link').first().click();
  await page.waitForURL(/products\/prod_\w+\/variants\/var_/);
});

test('days without a sale say so', async () => {
  await page.goto('/admin/analytics?from=2020-01-01&to=2020-01-31');
  await page.getByText('Nothing was sold in these days').waitFor();
  await inspect(page, 'analytics-empty');
});

test('home takes any days as well', async () => {
  await page.goto('/admin/');
  await settled(page);
  await page.getByRole('button', { name: 'Other days' }).click();
  const days = page.getByRole('dialog');
  await days.getByLabel('From').fill('2026-10-05');
  await days.getByLabel('To', { exact: true }).fill('2026-10-18');
  await days.getByRole('button', { name: 'Show these days' }).click();
  await page.waitForURL(/from=2026-10-05&to=2026-10-18/);
  await page.getByRole('button', { name: /5 ?– ?18 Oct/ }).waitFor();
});

test('the page itself failed nowhere', () => assert.deepEqual(page.failures, []));
