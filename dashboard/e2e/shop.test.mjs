// Discounts, customers and settings, all through the page: make a code and see it used, help a customer, set up shipping.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect, logIn, openPage, settled, startBrowser } from './browser.mjs';
import { asStaff, call, startService } from './service.mjs';

let service;
let browser;
let page;
const read = (path) => call(service, 'GET', `/v1/admin${path}`, { headers: asStaff(service) });
const told = (text) => page.getByRole('alert').filter({ hasText: text }).first().waitFor();
const save = () => page.getByRole('button', { name: 'Save', exact: true }).click();
const HASTE = String(Date.now());

before(async () => {
  service = await startService();
  browser = await startBrowser();
  page = await openPage(browser, service);
  await logIn(page, service.staff);
});

after(async () => {
  await browser?.close();
  await service?.stop();
  assert.deepEqual(page?.failures, []);
});

/** A cart that somebody fills and enters a code for. */
async function useCode(code) {
  const { data } = await call(
    service,
    'GET',
    '/v1/products?currency=EUR&in_stock=true&expand=variants&limit=1',
  );
  const cart = await call(service, 'POST', '/v1/carts', {
    body: { currency: 'EUR', line_items: [{ variant_id: data[0].variants[0].id, quantity: 1 }] },
  });
  return call(service, 'POST', `/v1/carts/${cart.id}/discount-codes`, {
    headers: { 'X-Cart-Token': cart.cart_token },
    body: { code },
  });
}

test('a discount is made with a hundred codes, which work', async () => {
  await page.goto('/admin/discounts/new');
  await settled(page);
  await page.getByRole('textbox', { name: 'Title', exact: true }).fill(`Winter ${HASTE}`);
  await page.getByLabel('Percentage', { exact: true }).fill('15');
  await inspect(page, 'discount-new');
  await page.getByRole('button', { name: 'Create the discount' }).click();
  await page.waitForURL(/discounts\/disc_/);
  await page.getByRole('button', { name: 'Make codes' }).click();
  await page.getByLabel('Begin with').fill('WIN-');
  await page.getByRole('button', { name: 'Make 100 codes' }).click();
  await page.getByRole('dialog', { name: '100 codes made' }).waitFor();
  const codes = (await page.getByLabel('The codes', { exact: true }).inputValue()).split('\n');
  assert.equal(new Set(codes).size, 100);
  await inspect(page, 'codes-made');
  await page.getByRole('button', { name: 'Done' }).click();
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'CSV' }).click();
  assert.match((await saved).suggestedFilename(), /codes\.csv$/);
  await inspect(page, 'discount');
  const cart = await useCode(codes[0]);
  assert.ok(cart.totals.discount.amount > 0);
});

test('a discount of another kind is limited, and its form says what is missing', async () => {
  await page.goto('/admin/discounts/new');
  await settled(page);
  await page.getByRole('textbox', { name: 'Title', exact: true }).fill(`Ten off ${HASTE}`);
  await page
    .getByRole('textbox', { name: 'Kind' })
    .or(page.getByRole('combobox', { name: 'Kind' }))
    .click();
  await page.getByRole('option', { name: 'Fixed amount' }).click();
  await page.getByText('By itself').click();
  await page.getByRole('button', { name: 'Create the discount' }).click();
  await page.getByText('Enter at least one amount.').waitFor();
  await page.getByLabel('Amount in EUR', { exact: true }).fill('10');
  await page.getByLabel('Least value in EUR', { exact: true }).fill('500.00');
  await page.getByRole('button', { name: 'Create the discount' }).click();
  await page.waitForURL(/discounts\/disc_/);
  const discount = await read(`/discounts/${page.url().split('/').pop()}`);
  assert.equal(discount.method, 'automatic');
  assert.deepEqual([discount.amounts[0].amount, discount.minimum_subtotal[0].amount], [1000, 50000]);
  await page.goto('/admin/discounts');
  await page.getByRole('link', { name: `Ten off ${HASTE}` }).waitFor();
  await inspect(page, 'discounts');
});

test('a shipping zone is made and changed', async () => {
  await page.goto('/admin/settings/shipping');
  await settled(page);
  await inspect(page, 'shipping');
  await page.getByRole('link', { name: 'New zone' }).click();
  // Until then the screen that is left stands, whose address has a name too.
  await page.getByRole('heading', { level: 1, name: 'New shipping zone' }).waitFor();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill(`Islands ${HASTE}`);
  await page.getByRole('combobox', { name: 'Countries', exact: true }).fill('Iceland');
  await page.getByRole('option', { name: 'Iceland' }).click();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Add a rate' }).click();
  await page.getByPlaceholder('Standard', { exact: true }).fill('Boat');
  await page.getByLabel('Price 1', { exact: true }).fill('12.50');
  await page.getByRole('button', { name: 'Create the zone' }).click();
  await page.getByRole('link', { name: `Islands ${HASTE}` }).click();
  await page.getByLabel('To less than, price 1').fill('100');
  await inspect(page, 'shipping-zone');
  await save();
  await told('The zone is saved.');
  const zone = (await read('/shipping-zones')).data.find(({ name }) => name === `Islands ${HASTE}`);
  assert.deepEqual(zone.regions, [{ country: 'IS', states: [] }]);
  assert.deepEqual(zone.rates[0].bands, [{ currency: 'EUR', min: 0, max: 10000, price: 1250 }]);
});

test('tax, currencies, invoices and inventory are set', async () => {
  await page.goto('/admin/settings/tax');
  await settled(page);
  await page.getByLabel('Percentage of rate 1', { exact: true }).fill('16');
  await inspect(page, 'tax');
  await save();
  await told('The tax settings are saved.');
  assert.equal((await read('/tax-settings')).rates[0].percentage, '16');

  await page.goto('/admin/settings/currencies');
  await settled(page);
  await page.getByRole('button', { name: 'Set a rate' }).click();
  await page.getByLabel('Currency', { exact: true }).fill('CHF');
  await page.getByLabel('One euro is', { exact: true }).fill('0.9352');
  await page.getByRole('button', { name: 'Set the rate' }).click();
  await page.getByRole('table', { name: 'Exchange rates' }).getByText('0.9352').waitFor();
  await inspect(page, 'currencies');

  await page.goto('/admin/settings/invoices');
  await settled(page);
  await page.getByLabel('Firm', { exact: true }).fill('Northbound Goods GmbH');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Choose a country.').waitFor();
  await page.getByLabel('Street and number', { exact: true }).fill('Torstr. 1');
  await page.getByLabel('Postal code', { exact: true }).fill('10119');
  await page.getByLabel('City', { exact: true }).fill('Berlin');
  await page.getByRole('combobox', { name: 'Country', exact: true }).fill('Germany');
  await page.getByRole('option', { name: 'Germany' }).click();
  await inspect(page, 'invoice-settings');
  await save();
  await told('The invoice settings are saved.');
  assert.equal((await read('/invoice-settings')).seller.address.country, 'DE');
});
