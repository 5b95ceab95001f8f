// The home screen, with the shop's figures and what needs a person.
import assert from 'node:assert/strict';
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
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

test('the figures of a period are shown, and its choice is in the address', async () => {
  await logIn(page, service.staff);
  await settled(page);
  await page.getByText('Net sales').first().waitFor();
  await page.getByText('Top products').waitFor();
  await page.getByText('30 days').click();
  await page.waitForURL(/range=month/);
  await inspect(page, 'home');
});

test('what needs a person leads to where it is done', async () => {
  await page.getByRole('link', { name: /Orders to ship/ }).click();
  await page.getByRole('heading', { level: 1, name: 'Orders' }).waitFor();
  assert.match(page.url(), /needs=fulfillment/);
});

test('the screens are reached by keyboard', async () => {
  await page.goto('/admin/');
  await settled(page);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
  await page.getByRole('link', { name: 'Orders', exact: true }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Orders' }).waitFor();
});

test('on a narrow screen the navigation is behind a button', async () => {
  await page.setViewportSize({ width: 375, height: 760 });
  await page.getByRole('button', { name: 'Open the navigation' }).click();
  await page.getByRole('link', { name: 'Home', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
});

test('light and dark are switched, and logging out leads to the log-in', async () => {
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.getByRole('button', { name: /Account and appearance/ }).click();
  await page.getByText('Dark', { exact: true }).click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.mantineColorScheme), 'dark');
  await page.getByRole('menuitem', { name: 'Log out' }).click();
  await page.getByLabel('E-mail', { exact: true }).waitFor();
});

test('the page itself failed nowhere', () => assert.deepEqual(page.failures, []));
