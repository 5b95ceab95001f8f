// The work with the catalogue, all through the page: make a product, edit it beside somebody else, complete its
// variants, book stock, group it, import a file.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect, logIn, openPage, settled, startBrowser } from './browser.mjs';
import { asStaff, call, startService } from './service.mjs';

let service;
let browser;
let page;
const read = (path) => call(service, 'GET', `/v1/admin${path}`, { headers: asStaff(service) });
const change = (method, path, body) =>
  call(service, method, `/v1/admin${path}`, { headers: asStaff(service), body });
const told = (text) => page.getByRole('alert').filter({ hasText: text }).first().waitFor();
const save = () => page.getByRole('button', { name: 'Save', exact: true }).click();

before(async () => {
  service = await startService();
  browser = await startBrowser();
  page = await openPage(browser, service);
  await logIn(page, service.staff);
});

after(async () => {
  await browser?.close();
  await service?.stop();
  assert.deepEqual(
    page?.failures.filter((text) => !text.includes('ERR_')),
    [],
  );
});

const HASTE = `page${Date.now()}`;
let product;

test('a product is made with a variant for each combination of its options', async () => {
  await page.goto('/admin/products/new');
  await settled(page);
  await page.getByRole('textbox', { name: 'Title', exact: true }).fill(`Wool scarf ${HASTE}`);
  await page.getByRole('button', { name: 'Create the product' }).click();
  await page.getByText('Enter at least one price.').waitFor();
  await page.getByRole('textbox', { name: 'Description', exact: true }).first().fill('Knitted in the north.');
  await page.getByLabel('Price in EUR', { exact: true }).fill('49.90');
  await page.getByRole('textbox', { name: 'SKU', exact: true }).fill(HASTE);
  await page.getByLabel('In stock', { exact: true }).fill('5');
  await page.getByRole('button', { name: 'Add an option' }).click();
  await page.getByLabel('Option', { exact: true }).fill('Colour');
  const values = page.locator('input').and(page.getByLabel('Values of Colour'));
  for (const value of ['Grey', 'Moss']) {
    await values.fill(value);
    await values.press('Enter');
  }
  await page.getByLabel('Price of Moss', { exact: true }).fill('54.90');
  await inspect(page, 'product-new');
  await page.getByRole('button', { name: 'Create the product' }).click();
  await page.waitForURL(/products\/prod_/);
  product = await read(`/products/${page.url().split('/').pop()}`);
  assert.match(product.description_html, /<p>Knitted in the north\.<\/p>/);
  const made = product.variants.map(({ title, sku, prices, inventory }) => [
    title,
    sku.endsWith(title.toUpperCase()),
    prices[0].amount,
    inventory.on_hand,
  ]);
  assert.deepEqual(made, [
    ['Grey', true, 4990, 5],
    ['Moss', true, 5490, 5],
  ]);
});

test('a product is found and edited, and nobody overwrites what somebody else changed meanwhile', async () => {
  await page.goto('/admin/products');
  await page.getByRole('searchbox').fill(HASTE);
  await page.waitForURL(/q=page/);
  await page.getByRole('link', { name: product.title }).click();
  await page.getByRole('heading', { level: 1, name: product.title }).waitFor();
  await page.getByRole('textbox', { name: 'Description', exact: true }).first().waitFor();
  await page.getByRole('textbox', { name: 'Title', exact: true }).first().fill(`${product.title}, long`);
  await page.getByLabel('Vendor', { exact: true }).fill('Halden');
  await change('PATCH', `/products/${product.id}`, { title: 'Their title' });
  await save();
  const both = page.getByRole('dialog', { name: 'Somebody else changed this meanwhile' });
  await both.getByText('Their title').waitFor();
  await inspect(page, 'product-conflict');
  await both.getByRole('button', { name: 'Keep mine' }).click();
  await told('The product is saved.');
  product = await read(`/products/${product.id}`);
  assert.equal(product.title, `Wool scarf ${HASTE}, long`);
  assert.equal(product.vendor, 'Halden');
});

test('a new value of an option brings the variants that are missing', async () => {
  await page.goto(`/admin/products/${product.id}`);
  await settled(page);
  const values = page.locator('input').and(page.getByLabel('Values of Colour'));
  await values.fill('Rust');
  await values.press('Enter');
  await save();
  await told('The product is saved.');
  await page.getByRole('button', { name: 'Add 1 missing' }).click();
  await page.getByLabel('In stock of Rust', { exact: true }).fill('2');
  await page.getByRole('button', { name: 'Add 1 variant' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Rust' }).waitFor();
  await inspect(page, 'product');
  const { variants } = await read(`/products/${product.id}`);
  assert.deepEqual(
    variants.map(({ title, prices, inventory }) => [title, prices[0].amount, inventory.on_hand]),
    [
      ['Grey', 4990, 5],
      ['Moss', 5490, 5],
      ['Rust', 4990, 2],
    ],
  );
});

test('stock is booked with a reason, and a variant gets its price, size and customs data', async () => {
  const [variant] = product.variants;
  await page.goto(`/admin/products/${product.id}/variants/${variant.id}`);
  await settled(page);
  await page.getByRole('button', { name: 'Adjust stock' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Counted').click();
  await dialog.getByLabel('Units that are there').fill('9');
  await dialog.getByLabel('Note').fill('Found a box');
  await inspect(page, 'stock-adjustment');
  await dialog.getByRole('button', { name: 'Book +4' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('table', { name: 'Stock movements' }).getByText('Found a box').waitFor();
  await page.getByLabel('Price in USD', { exact: true }).fill('59,00');
  await page.getByLabel('Weight', { exact: true }).fill('180');
  await page.getByLabel('HS code', { exact: true }).fill('6214.20');
  await page.getByLabel('Most per order', { exact: true }).fill('3');
  await inspect(page, 'variant');
  await save();
  await told('The variant is saved.');
  const saved = await read(`/variants/${variant.id}`);
  assert.equal(saved.inventory.on_hand, 9);
  assert.deepEqual(
    saved.prices.map(({ currency, amount }) => [currency, amount]),
    [
      ['EUR', 4990],
      ['USD', 5900],
    ],
  );
  assert.deepEqual([saved.weight_grams, saved.hs_code, saved.max_per_order], [180, '6214.20', 3]);
});

test('a collection is made and gets a product, which is then archived', async () => {
  await page.goto('/admin/collections');
  await settled(page);
  await page.getByRole('button', { name: 'New collection' }).first().click();
  await page.getByRole('textbox', { name: 'Title', exact: true }).fill(`Winter ${HASTE}`);
  await page.getByRole('button', { name: 'Create it' }).click();
  await page.waitForURL(/collections\/col_/);
  await page.getByRole('combobox', { name: 'Status' }).click();
  await page.getByRole('option', { name: 'Active' }).click();
  await save();
  await told('The collection is saved.');
  await page.getByLabel('Put a product into the collection').fill(HASTE);
  await page.getByRole('option', { name: product.title }).click();
  await page.getByRole('table', { name: 'Products in the collection' }).getByText(product.title).waitFor();
  await inspect(page, 'collection');
  const { collections } = await read(`/products/${product.id}`);
  assert.deepEqual(
    collections.map(({ title }) => title),
    [`Winter ${HASTE}`],
  );
  await page.goto(`/admin/products/${product.id}`);
  await page.getByRole('button', { name: 'Archive' }).click();
  await page.getByRole('button', { name: 'Archive the product' }).click();
  await told('The product is archived.');
  await page.goto('/admin/products?status=archived');
  await page.getByRole('link', { name: product.title }).waitFor();
  await inspect(page, 'products');
});

const CSV = `Handle,Title,Vendor,Published,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty
mug-${HASTE},Mug ${HASTE},Merx,TRUE,Colour,Blue,MUG-${HASTE}-B,12.50,10
mug-${HASTE},,,,,Red,MUG-${HASTE}-R,12.50,4
bad-${HASTE},Bad,Merx,TRUE,Title,Default,BAD-${HASTE},abc,1
`;

test('a file is tried and then imported, with what was refused and why', async () => {
  const file = { name: 'products.csv', mimeType: 'text/csv', buffer: Buffer.from(CSV) };
  await page.goto('/admin/imports');
  await settled(page);
  await page.locator('input[type=file]').setInputFiles(file);
  await inspect(page, 'imports');
  await page.getByRole('button', { name: 'Trial run' }).click();
  await page.getByText('1 product would be refused').waitFor();
  await page.getByText('is no price').filter({ visible: true }).waitFor();
  await inspect(page, 'import');
  assert.equal((await read(`/products?q=MUG-${HASTE}-B`)).data.length, 0);
  const tried = page.url();
  await page.reload();
  await page.getByText('The file once more').waitFor();
  await page.goto('/admin/imports');
  await settled(page);
  await page.locator('input[type=file]').setInputFiles(file);
  await page.getByRole('button', { name: 'Trial run' }).click();
  await page.waitForURL((url) => url.pathname.startsWith('/admin/imports/') && url.href !== tried);
  const again = page.url();
  await page.getByRole('button', { name: 'Import for real' }).click();
  await page.waitForURL((url) => url.href !== again);
  await page.getByText('What happened').waitFor();
  await page.getByText('Done', { exact: true }).waitFor();
  const [mug] = (await read(`/products?q=MUG-${HASTE}-B`)).data;
  assert.equal(mug.variants.length, 2);
});

test('what runs low is listed, and leads to its variant', async () => {
  await page.goto('/admin/low-stock?out_of_stock=false');
  await settled(page);
  await inspect(page, 'low-stock');
  const saved = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download CSV' }).click();
  assert.match((await saved).suggestedFilename(), /\.csv$/);
  await page.getByRole('table', { name: 'What runs low' }).getByRole('link').first().click();
  await page.getByRole('button', { name: 'Adjust stock' }).waitFor();
});
