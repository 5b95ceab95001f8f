// The work with orders, all through the page: find, refund a line, ship with a label, cancel, note.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect, openPage, settled, startBrowser } from './browser.mjs';
import { asStaff, buy, call, setOrigin, startService } from './service.mjs';

let service;
let browser;
let page;
const read = (order) => call(service, 'GET', `/v1/admin/orders/${order.id}`, { headers: asStaff(service) });

before(async () => {
  service = await startService();
  browser = await startBrowser();
  page = await openPage(browser, service);
  await setOrigin(service);
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

async function open(order) {
  await page.goto(`/admin/orders/${order.id}`);
  await page.getByRole('heading', { level: 1, name: `#${order.number}` }).waitFor();
  await settled(page);
}

test('whoever is not logged in is led to the log-in and back', async () => {
  await page.goto('/admin/orders?payment_status=paid');
  await page.getByLabel('E-mail', { exact: true }).waitFor();
  await inspect(page, 'login');
  await page.getByLabel('E-mail', { exact: true }).fill(service.staff.email);
  await page.getByLabel('Password', { exact: true }).fill('not the password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').waitFor();
  await inspect(page, 'login-refused');
  await page.getByLabel('Password', { exact: true }).fill(service.staff.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Orders' }).waitFor();
  assert.match(page.url(), /payment_status=paid/);
});

test('an order is found by its name, and a line of it refunded after a preview', async () => {
  const order = await buy(service, { name: 'Emmy Noether', lines: 2, quantity: 2 });
  await page.goto('/admin/orders');
  await page.getByRole('searchbox').fill('Noether');
  await page.getByRole('link', { name: `#${order.number}` }).waitFor();
  await page.waitForURL(/q=Noether/);
  await inspect(page, 'orders');
  await page.getByRole('link', { name: `#${order.number}` }).click();
  await page.getByRole('heading', { level: 1, name: `#${order.number}` }).waitFor();
  await inspect(page, 'order');
  await page.getByRole('button', { name: 'Refund', exact: true }).click();
  const line = order.line_items[0];
  await page.getByLabel(`Units of ${line.title} to refund`).first().fill('1');
  await page.getByRole('status', { name: 'What the refund comes to' }).waitFor();
  await inspect(page, 'order-refund');
  await page.getByRole('button', { name: /^Refund [^ ]*\d/ }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByText('Partly refunded').first().waitFor();
  const refunded = await read(order);
  assert.equal(refunded.line_items[0].refunded_quantity, 1);
  assert.equal(refunded.refunds.length, 1);
});

test('an order is shipped, and its label bought', async () => {
  const order = await buy(service, { name: 'Alan Turing' });
  await open(order);
  await page.getByRole('button', { name: 'Ship items' }).click();
  await page.getByRole('button', { name: 'Ship 1 unit' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'More about this shipment' }).click();
  await page.getByRole('menuitem', { name: 'Buy label…' }).click();
  await page.getByLabel('Service').fill('ups_standard');
  await page.getByRole('button', { name: 'Buy the label' }).click();
  await page.getByRole('link', { name: 'Print' }).waitFor();
  await inspect(page, 'order-shipped');
  assert.equal((await read(order)).fulfillments[0].labels[0].status, 'purchased');
});

test('two who edit the tracking at once lose nothing', async () => {
  const order = await buy(service, { name: 'Lise Meitner' });
  const shipped = await call(service, 'POST', `/v1/admin/orders/${order.id}/fulfillments`, {
    headers: asStaff(service),
    body: {},
  });
  await open(order);
  await page.getByRole('button', { name: 'More about this shipment' }).click();
  await page.getByRole('menuitem', { name: 'Edit tracking…' }).click();
  await page.getByLabel('Tracking number').fill('MINE1');
  await call(service, 'PATCH', `/v1/admin/orders/${order.id}/fulfillments/${shipped.fulfillments[0].id}`, {
    headers: asStaff(service),
    body: { carrier: 'DHL', tracking_number: 'THEIRS1' },
  });
  await page.getByRole('button', { name: 'Save' }).click();
  const versions = page.getByRole('table', { name: 'Both versions' });
  await versions.getByText('MINE1').waitFor();
  await versions.getByText('THEIRS1').waitFor();
  await inspect(page, 'order-conflict');
  await page.getByRole('button', { name: 'Keep mine' }).click();
  await versions.waitFor({ state: 'detached' });
  assert.equal((await read(order)).fulfillments[0].tracking_number, 'MINE1');
});

test('an order is noted, tagged and cancelled', async () => {
  const order = await buy(service, { name: 'Max Planck' });
  await open(order);
  await page.getByLabel('New note').fill('Called: ordered twice.');
  await page.getByRole('button', { name: 'Save the note' }).click();
  await page.getByText('Called: ordered twice.').last().waitFor();
  await page.getByRole('combobox', { name: 'Tags' }).fill('twice');
  await page.getByRole('combobox', { name: 'Tags' }).press('Enter');
  await page.getByRole('button', { name: 'Cancel order' }).click();
  await page.getByLabel('Note for the shop').fill('Bought twice');
  await page.getByRole('button', { name: 'Cancel the order' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByText('Cancelled').first().waitFor();
  const cancelled = await read(order);
  assert.equal(cancelled.status, 'cancelled');
  assert.deepEqual(cancelled.tags, ['twice']);
});

test('several orders are shipped at once', async () => {
  const orders = [await buy(service, { name: 'Marie Curie' }), await buy(service, { name: 'Marie Curie' })];
  await page.goto('/admin/orders?q=Curie');
  for (const { number } of orders) await page.getByLabel(`Select #${number}`).check();
  await page.getByRole('toolbar', { name: 'Selected orders' }).getByRole('button', { name: 'Ship' }).click();
  await page.getByRole('button', { name: 'Ship everything that is left' }).click();
  await page.getByText('2 of 2 done').waitFor();
  await inspect(page, 'orders-bulk');
  await page.getByRole('button', { name: 'Done' }).click();
  for (const order of orders) assert.equal((await read(order)).fulfillment_status, 'fulfilled');
});

test('a screen that is open hears of a new order', async () => {
  await page.goto('/admin/orders?q=Lamarr');
  await page.getByText('No order matches').waitFor();
  const order = await buy(service, { name: 'Hedy Lamarr' });
  await page.getByRole('link', { name: `#${order.number}` }).waitFor();
});

test('the page itself failed nowhere', () => assert.deepEqual(page.failures, []));
