// One's own ways through lists, all through the page: views and columns of orders, and what is done to many products.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect, logIn, openPage, startBrowser } from './browser.mjs';
import { asStaff, buy, call, startService } from './service.mjs';

let service;
let browser;
let page;
const read = (path) => call(service, 'GET', `/v1/admin${path}`, { headers: asStaff(service) });
const change = (method, path, body) =>
  call(service, method, `/v1/admin${path}`, { headers: asStaff(service), body });
const views = () => page.getByRole('navigation', { name: 'Views of orders' });
const heads = () => page.getByRole('table', { name: 'Orders' }).getByRole('columnheader').allTextContents();

before(async () => {
  service = await startService();
  browser = await startBrowser();
  page = await openPage(browser, service);
  await logIn(page, service.staff);
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

test('orders are viewed by what they wait for', async () => {
  const order = await buy(service, { name: 'Ada Lovelace' });
  await page.goto('/admin/orders');
  await views().getByRole('link', { name: 'To ship' }).click();
  await page.waitForURL(/needs=fulfillment$/);
  await page.getByRole('link', { name: `#${order.number}` }).waitFor();
  assert.equal(await views().locator('[aria-current]').textContent(), 'To ship');
  await page.getByRole('searchbox').fill('Lovelace');
  await page.waitForURL(/q=Lovelace/);
  assert.equal(await views().locator('[aria-current]').textContent(), 'To ship');
  await views().getByRole('link', { name: 'Refunded' }).click();
  await page.waitForURL(/\?payment_status=refunded$/);
  await page.getByRole('link', { name: `#${order.number}` }).waitFor({ state: 'detached' });
});

test('a view is saved, shared, renamed, replaced and deleted', async () => {
  await page.goto('/admin/orders?needs=fulfillment&q=Lovelace&sort=number');
  await page.getByRole('button', { name: 'Save view' }).click();
  await page.getByLabel('Name', { exact: true }).fill('to ship');
  await page.getByText('The dashboard has a view of this name.').waitFor();
  await page.getByLabel('Name', { exact: true }).fill('Countess');
  await inspect(page, 'orders-save-view');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  const saved = views().getByRole('link', { name: 'Countess' });
  assert.equal(await saved.getAttribute('aria-current'), 'page');
  assert.equal(await page.getByRole('button', { name: 'Save view' }).count(), 0);
  await inspect(page, 'orders-view');

  await page.reload();
  await views().getByRole('link', { name: 'All' }).click();
  await page.waitForURL(/\/orders$/);
  await saved.click();
  await page.waitForURL(/needs=fulfillment&q=Lovelace&sort=number|q=Lovelace/);
  assert.equal(new URL(page.url()).search, new URL(await saved.getAttribute('href'), page.url()).search);

  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'More about the view Countess' }).click();
  await page.getByRole('menuitem', { name: 'Copy link' }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page.url());

  await page.getByRole('button', { name: 'More about the view Countess' }).click();
  await page.getByRole('menuitem', { name: 'Rename…' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Lovelace');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await views().getByRole('link', { name: 'Lovelace' }).waitFor();

  await page.goto('/admin/orders?q=Ada');
  await page.getByRole('button', { name: 'Save view' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Lovelace');
  await page.getByText('Your view of this name is replaced.').waitFor();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const replaced = views().getByRole('link', { name: 'Lovelace' });
  await replaced.and(page.locator('[aria-current=page]')).waitFor();
  assert.match(await replaced.getAttribute('href'), /\?q=Ada$/);

  await page.getByRole('button', { name: 'More about the view Lovelace' }).click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Delete the view' }).click();
  await replaced.waitFor({ state: 'detached' });
  assert.match(page.url(), /q=Ada/);
});

test('columns are chosen, and stay chosen', async () => {
  await page.goto('/admin/orders');
  await page.getByRole('table', { name: 'Orders' }).waitFor();
  assert.ok(!(await heads()).includes('Goes to'));
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('checkbox', { name: 'Goes to' }).check();
  await page.getByRole('checkbox', { name: 'Tags' }).uncheck();
  await inspect(page, 'orders-columns');
  await page.reload();
  await page.getByRole('table', { name: 'Orders' }).getByText('Berlin, DE').first().waitFor();
  assert.ok(!(await heads()).includes('Tags'));
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('button', { name: 'Show the usual ones' }).click();
  await page.getByRole('columnheader', { name: 'Goes to' }).waitFor({ state: 'detached' });
  assert.ok((await heads()).includes('Tags'));
});

const HASTE = `bulk${Date.now()}`;

/** Makes a product with a variant for each colour, sold at €10. */
const make = (name, colours) =>
  change('POST', '/products', {
    title: `${name} ${HASTE}`,
    status: 'draft',
    options: [{ name: 'Colour', values: colours }],
    variants: colours.map((colour) => ({
      sku: `${name}-${HASTE}-${colour}`.toUpperCase(),
      option_values: { Colour: colour },
      prices: [{ currency: 'EUR', amount: 1000, compare_at_amount: 1500 }],
      on_hand: 5,
    })),
  });

test('many products are activated, and what was refused is told', async () => {
  const [cup, jug] = [await make('Cup', ['Red', 'Blue']), await make('Jug', ['Red'])];
  await page.goto(`/admin/products?q=${HASTE}`);
  for (const { title } of [cup, jug]) await page.getByLabel(`Select ${title}`).check();
  const bar = page.getByRole('toolbar', { name: 'Selected products' });
  await inspect(page, 'products-selected');
  await bar.getByRole('button', { name: 'Activate' }).click();
  await change('PATCH', `/products/${jug.id}`, { vendor: 'Halden' });
  await page.getByRole('dialog').getByRole('button', { name: 'Activate' }).click();
  await page.getByText('1 of 2 done, 1 failure').waitFor();
  await page.getByRole('dialog').getByText(jug.title).waitFor();
  await inspect(page, 'products-bulk');
  await page.getByRole('button', { name: 'Done' }).click();
  assert.equal((await read(`/products/${cup.id}`)).status, 'active');
  assert.deepEqual(
    [(await read(`/products/${jug.id}`)).status, (await read(`/products/${jug.id}`)).vendor],
    ['draft', 'Halden'],
  );

  const collection = await change('POST', '/collections', { title: `Kitchen ${HASTE}` });
  await page.reload();
  await page.getByLabel('Select all that are shown').check();
  await bar.getByRole('button', { name: 'Collections' }).click();
  await page.getByRole('menuitem', { name: 'Add to a collection…' }).click();
  await page.getByRole('combobox', { name: 'Collection' }).fill(HASTE);
  await page.getByRole('option', { name: collection.title }).click();
  await page.getByRole('button', { name: 'Add them' }).click();
  await page.getByText('2 of 2 done').waitFor();
  await page.getByRole('button', { name: 'Done' }).click();
  for (const { id } of [cup, jug]) assert.equal((await read(`/products/${id}`)).collections.length, 1);
});

test('prices and stock of many variants are edited in one table, over nobody else', async () => {
  const { data } = await read(`/products?q=${HASTE}`);
  const [cup, jug] = ['Cup', 'Jug'].map((name) => data.find(({ title }) => title.startsWith(name)));
  const [red, blue] = ['RED', 'BLUE'].map((colour) => `CUP-${HASTE}-${colour}`.toUpperCase());
  const jugRed = `JUG-${HASTE}-RED`.toUpperCase();
  await page.goto(`/admin/products?q=${HASTE}`);
  await page.getByLabel('Select all that are shown').check();
  await page.getByRole('link', { name: 'Edit prices and stock' }).click();
  const price = (sku) => page.getByLabel(`Price of ${sku} in EUR`);
  await price(red).fill('12,50');
  await price(blue).fill('12.50');
  await page.getByLabel(`On hand of ${blue}`).fill('9');
  await price(jugRed).fill('20');
  await inspect(page, 'products-edit');
  await change('PATCH', `/products/${cup.id}`, { vendor: 'Halden' });
  await change('PATCH', `/variants/${jug.variants[0].id}`, { prices: [{ currency: 'EUR', amount: 1800 }] });
  await page.getByRole('button', { name: 'Save 3 variants' }).click();
  await page.getByText('Somebody else changed this meanwhile').waitFor();
  await page.getByText('Now: price €18.00.').waitFor();
  await inspect(page, 'products-edit-conflict');
  const saved = await read(`/products/${cup.id}`);
  assert.equal(saved.vendor, 'Halden');
  assert.deepEqual(
    saved.variants.map(({ prices, inventory }) => [
      prices[0].amount,
      prices[0].compare_at_amount,
      inventory.on_hand,
    ]),
    [
      [1250, 1500, 5],
      [1250, 1500, 9],
    ],
  );
  assert.equal((await read(`/products/${jug.id}`)).variants[0].prices[0].amount, 1800);
  await page.getByRole('button', { name: 'Keep mine' }).click();
  await page.getByRole('button', { name: 'Save 1 variant' }).click();
  await page.getByRole('alert').filter({ hasText: '1 variant saved.' }).waitFor();
  assert.equal((await read(`/products/${jug.id}`)).variants[0].prices[0].amount, 2000);
  await page.getByLabel(`SKU of ${jugRed}`).fill(red);
  await page.getByRole('button', { name: 'Save 1 variant' }).click();
  await page.getByRole('alert').filter({ hasText: 'SKU' }).waitFor();
  await page.getByRole('button', { name: 'Discard' }).click();
  await price(jugRed).and(page.locator('[value="20.00"]')).waitFor();
});

test('the page itself failed nowhere', () => assert.deepEqual(page.failures, []));
