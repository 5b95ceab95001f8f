// Running the shop, all through the page: webhooks in and out, e-mails, jobs, alerts, audit.
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { inspect, logIn, openPage, settled, startBrowser } from './browser.mjs';
import { asStaff, buy, call, startService } from './service.mjs';

let service;
let browser;
let page;
let receiver;
let order;
const staff = () => ({ headers: asStaff(service) });

before(async () => {
  service = await startService();
  browser = await startBrowser();
  page = await openPage(browser, service);
  receiver = createServer((_request, response) => response.end('thank you')).listen(0, '127.0.0.1');
  order = await buy(service, { name: 'Rosalind Franklin' });
  await logIn(page, service.staff);
});

after(async () => {
  await browser?.close();
  receiver?.close();
  await service?.stop();
});

/** Delivers an event as Stripe would, signed with the secret or with another one. */
async function deliver(type, secret = service.webhook_secret) {
  const id = `evt_${randomUUID().replaceAll('-', '')}`;
  const created = Math.floor(Date.now() / 1000);
  const body = JSON.stringify({ id, object: 'event', type, created, livemode: false, data: { object: {} } });
  const signature = createHmac('sha256', secret).update(`${created}.${body}`).digest('hex');
  await fetch(`${service.base_url}/v1/webhooks/stripe`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Stripe-Signature': `t=${created},v1=${signature}` },
    body,
  });
  return id;
}

/** Waits until the API says so. */
async function until(read, holds) {
  for (let tries = 0; tries < 100; tries += 1) {
    const found = await read();
    if (holds(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it did not come about within ten seconds');
}

async function open(path, heading) {
  await page.goto(`/admin${path}`);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  await settled(page);
}

const eventOf = async (id) =>
  (await call(service, 'GET', `/v1/admin/inbox/events?provider_event_id=${id}`, staff())).data[0];

test('a kind of jobs is paused with a reason, and resumed', async () => {
  await open('/jobs/kinds', 'Jobs');
  await page.getByRole('button', { name: 'Pause Process event' }).click();
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByText('Say why').waitFor();
  await page.getByLabel('Reason').fill('Stripe is being migrated');
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByText('Stripe is being migrated').waitFor();
  await inspect(page, 'job-kinds');
});

test('an event that waits is discarded with a reason', async () => {
  const id = await deliver('checkout.session.completed');
  await until(
    () => eventOf(id),
    (event) => event?.status === 'pending',
  );
  await open(`/webhooks-in?provider_event_id=${id}`, 'Webhooks in');
  await page.getByRole('link', { name: 'checkout.session.completed' }).click();
  await page.getByRole('heading', { level: 1, name: 'checkout.session.completed' }).waitFor();
  await inspect(page, 'inbox-event');
  await page.getByRole('button', { name: 'Discard', exact: true }).click();
  await page.getByLabel('Reason').fill('Entered by hand');
  await page.getByRole('button', { name: 'Discard the event' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByText('Entered by hand').waitFor();
  assert.equal((await eventOf(id)).status, 'discarded');
  await open('/jobs/kinds', 'Jobs');
  await page.getByRole('button', { name: 'Resume Process event' }).click();
  await page.getByRole('button', { name: 'Pause Process event' }).waitFor();
});

test('events are filtered in the address, and processed again one by one and together', async () => {
  const ids = [await deliver('nobody.knows'), await deliver('nobody.knows')];
  for (const id of ids)
    await until(
      () => eventOf(id),
      (event) => event?.status === 'ignored',
    );
  await open('/webhooks-in', 'Webhooks in');
  await page.getByRole('button', { name: 'Filters' }).click();
  await page.getByLabel('Type', { exact: true }).fill('nobody.knows');
  await page.waitForURL(/type=nobody\.knows/);
  for (const id of ids) await page.getByLabel(`Select nobody.knows ${id}`).check();
  await inspect(page, 'inbox');
  const selected = page.getByRole('toolbar', { name: 'Selected events' });
  await selected.getByRole('button', { name: 'Retry' }).click();
  await page.getByRole('button', { name: 'Process again' }).click();
  await page.getByText('2 of 2 done').waitFor();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Retry by time' }).click();
  await page.getByRole('dialog').getByRole('combobox', { name: 'Status' }).click();
  await page.getByRole('option', { name: 'Ignored' }).click();
  await page.getByRole('button', { name: 'Process again' }).click();
  await page.getByText(/\d events? queued/).waitFor();
});

test('what was refused at the door is told', async () => {
  await deliver('charge.refunded', 'whsec_of_somebody_else');
  await open('/webhooks-in/attempts?verdict=bad_signature', 'Webhooks in');
  await page.getByRole('table').getByText('Bad signature').first().waitFor();
  await inspect(page, 'inbox-attempts');
  await open('/webhooks-in/refusals', 'Webhooks in');
  await inspect(page, 'inbox-refusals');
});

test('an endpoint is added, its secret shown once, tested, edited, rotated, disabled', async () => {
  await open('/webhooks-out', 'Webhooks out');
  await page.getByRole('button', { name: 'Add endpoint' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Address').fill(`http://127.0.0.1:${receiver.address().port}/merx`);
  await dialog.getByLabel(/All events/).uncheck();
  await dialog.getByRole('button', { name: 'Add endpoint' }).click();
  await dialog.getByText('Choose at least one event.').waitFor();
  await inspect(page, 'endpoint-new');
  await dialog.getByLabel('order.paid').check();
  await dialog.getByLabel('order.cancelled').check();
  await dialog.getByRole('button', { name: 'Add endpoint' }).click();
  const secret = page.getByRole('textbox', { name: 'Signing secret' });
  await secret.waitFor();
  assert.match(await secret.inputValue(), /^whsec_/);
  await inspect(page, 'endpoint-secret');
  await page.getByRole('button', { name: 'I have it' }).click();
  await page.getByRole('link', { name: /127\.0\.0\.1/ }).click();
  await page.getByRole('button', { name: 'Send a test event' }).click();
  await page.getByText('Answered 200').waitFor();
  await page.getByText('thank you').waitFor();
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByLabel('Description').fill('The ERP');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByText('The ERP').waitFor();
  await page.getByRole('button', { name: 'More about this endpoint' }).click();
  await page.getByRole('menuitem', { name: 'Rotate secret…' }).click();
  await page.getByRole('button', { name: 'Rotate the secret' }).click();
  await secret.waitFor();
  await page.getByRole('button', { name: 'I have it' }).click();
  await page.getByText('Former secret until').waitFor();
});

test('what an endpoint was sent is read and sent once more', async () => {
  await buy(service, { name: 'Chien-Shiung Wu' });
  await until(
    () => call(service, 'GET', '/v1/admin/webhook-deliveries?status=succeeded', staff()),
    ({ data }) => data.length > 0,
  );
  await open('/webhooks-out', 'Webhooks out');
  await page.getByRole('link', { name: /127\.0\.0\.1/ }).click();
  await page.getByRole('link', { name: 'order.paid' }).first().waitFor();
  await inspect(page, 'endpoint');
  await open('/webhooks-out/deliveries?status=succeeded', 'Webhooks out');
  await inspect(page, 'deliveries');
  await page.getByRole('link', { name: 'order.paid' }).first().click();
  await page.getByRole('button', { name: 'Replay' }).click();
  await page.getByText('Answered 200').nth(1).waitFor();
  await inspect(page, 'delivery');
  await open('/webhooks-out', 'Webhooks out');
  await page.getByRole('link', { name: /127\.0\.0\.1/ }).click();
  await page.getByRole('button', { name: 'Replay…' }).click();
  await page.getByLabel(/Also those that arrived/).check();
  await page.getByRole('button', { name: 'Send once more' }).click();
  await page.getByText(/\d deliver(y|ies) sent once more/).waitFor();
  await page.getByRole('button', { name: 'More about this endpoint' }).click();
  await page.getByRole('menuitem', { name: 'Disable…' }).click();
  await page.getByRole('button', { name: 'Disable', exact: true }).click();
  await page.getByText('Disabled by staff').waitFor();
});

test('an e-mail is read as it looks, and sent again', async () => {
  await until(
    () => call(service, 'GET', `/v1/admin/emails?order_id=${order.id}`, staff()),
    ({ data }) => data.length > 0,
  );
  await open(`/emails?order_id=${order.id}`, 'E-mails');
  await inspect(page, 'emails');
  await page.getByRole('link', { name: 'Order confirmed' }).first().click();
  const letter = page.frameLocator('iframe');
  await letter.getByText('Rosalind Franklin').first().waitFor();
  await inspect(page, 'email');
  await page.getByRole('button', { name: 'Send again' }).click();
  // Without a mail server of its own the shop's e-mails wait, and what waits is not queued twice.
  await page.getByText(/^It (is on its way already|goes out again)/).waitFor();
});

test('a kind of e-mail is shown in another language, and sent as a sample', async () => {
  await open('/emails/templates?kind=order_shipped', 'E-mails');
  await page.getByRole('combobox', { name: 'Language' }).click();
  await page.getByRole('option', { name: 'German' }).click();
  await page.waitForURL(/locale=de/);
  await page.frameLocator('iframe').locator('html[lang=de]').waitFor();
  await inspect(page, 'email-templates');
  await page.getByRole('button', { name: 'Send a sample' }).click();
  await page.getByLabel('Recipient').fill('grace@example.com');
  await page.getByRole('button', { name: 'Send the sample' }).click();
  await page.getByText('The sample goes to grace@example.com.').waitFor();
});

test('jobs are filtered and looked at', async () => {
  await open('/jobs', 'Jobs');
  await page.getByRole('button', { name: 'Filters' }).click();
  await page.getByRole('combobox', { name: 'Status' }).click();
  await page.getByRole('option', { name: 'Queued' }).click();
  await page.waitForURL(/status=queued/);
  await page.getByRole('table', { name: 'Jobs' }).getByRole('link').first().waitFor();
  await inspect(page, 'jobs');
  await page.getByRole('table', { name: 'Jobs' }).getByRole('link').first().click();
  await page.getByRole('heading', { name: 'Where it stands' }).waitFor();
  await inspect(page, 'job');
});

test('an alert is acknowledged', async () => {
  const isOpen = ({ data }) => data.length;
  const read = () => call(service, 'GET', '/v1/admin/alerts?open=true&limit=100', staff());
  const before = isOpen(await read());
  assert.ok(before > 0, 'the demo shop runs low of something');
  await open('/alerts', 'Alerts');
  await inspect(page, 'alerts');
  await page
    .getByRole('button', { name: /^Acknowledge/ })
    .first()
    .click();
  await page.getByText('The alert is acknowledged.').waitFor();
  assert.equal(isOpen(await read()), before - 1);
});

test('who changed what is searched by the address, and read before and after', async () => {
  await open('/audit?action=webhook_endpoint.updated', 'Audit log');
  await inspect(page, 'audit');
  await page.getByRole('link', { name: 'Webhook endpoint updated' }).last().click();
  const changes = page.getByRole('table', { name: 'What changed' });
  await changes.getByText('The ERP').waitFor();
  await inspect(page, 'audit-entry');
});

test('the page itself failed nowhere', () => assert.deepEqual(page.failures, []));
