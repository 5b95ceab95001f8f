// Who works in the shop and what they may do, all through the page: staff, roles, API keys.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect, logIn, openPage, settled, startBrowser } from './browser.mjs';
import { startService } from './service.mjs';

let service;
let browser;
let page;

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

async function open(path, heading) {
  await page.goto(`/admin${path}`);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  await settled(page);
}

test('a role is created of scopes that one has', async () => {
  await open('/staff/roles', 'Staff');
  await inspect(page, 'roles');
  await page.getByRole('button', { name: 'Create role' }).click();
  await page.getByLabel('Name').fill('Warehouse');
  await page.getByRole('checkbox', { name: 'orders:read' }).check();
  await page.getByRole('checkbox', { name: 'fulfillments:write' }).check();
  await inspect(page, 'role-new');
  await page.getByRole('button', { name: 'Create the role' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByText('Warehouse').waitFor();
});

test('somebody is invited, invited again and deactivated', async () => {
  await open('/staff', 'Staff');
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByLabel('E-mail').fill('grace@example.com');
  await page.getByLabel('Name').fill('Grace Hopper');
  await page.getByRole('combobox', { name: 'Role' }).click();
  await page.getByRole('option', { name: 'Warehouse' }).click();
  await page.getByRole('button', { name: 'Send the invitation' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await inspect(page, 'staff');
  await page.getByRole('link', { name: 'Grace Hopper' }).click();
  await page.getByRole('button', { name: 'Send the invitation again' }).click();
  await page.getByText('goes to grace@example.com again').waitFor();
  await inspect(page, 'member');
  await page.getByRole('button', { name: 'Deactivate' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Deactivate' }).click();
  await page.getByText('Deactivated').first().waitFor();
});

test('a key is created, its token shown once, rotated and revoked', async () => {
  await open('/api-keys', 'API keys');
  await page.getByRole('button', { name: 'Create key' }).click();
  await page.getByLabel('Name').fill('Warehouse scanner');
  await page.getByRole('checkbox', { name: 'orders:read' }).check();
  await inspect(page, 'key-new');
  await page.getByRole('button', { name: 'Create the key' }).click();
  const token = page.getByRole('textbox', { name: 'Token' });
  await token.waitFor();
  const first = await token.inputValue();
  assert.match(first, /^sk_/);
  await page.getByRole('button', { name: 'I have it' }).click();
  await inspect(page, 'keys');
  const more = page.getByRole('button', { name: 'More about the key Warehouse scanner' });
  await more.click();
  await page.getByRole('menuitem', { name: 'Rotate…' }).click();
  await page.getByRole('button', { name: 'Rotate the key' }).click();
  await token.waitFor();
  assert.notEqual(await token.inputValue(), first);
  await page.getByRole('button', { name: 'I have it' }).click();
  await page.getByText('Former token until').waitFor();
  await more.click();
  await page.getByRole('menuitem', { name: 'Revoke…' }).click();
  await page.getByRole('button', { name: 'Revoke the key' }).click();
  await page.getByText('Revoked').first().waitFor();
});

test('the page itself failed nowhere', () => assert.deepEqual(page.failures, []));
