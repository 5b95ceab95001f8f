// Who may do what: invited through the page, shown what their role allows; the API refuses what the page hides.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect, openPage, settled, startBrowser } from './browser.mjs';
import { asStaff, buy, call, startService } from './service.mjs';

let service;
let browser;
let order;

before(async () => {
  service = await startService();
  browser = await startBrowser();
  order = await buy(service, { name: 'Konrad Zuse' });
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

/** The link in the newest e-mail to an address. */
async function linkTo(recipient) {
  for (let tries = 0; tries < 200; tries += 1) {
    const mails = await call(service, 'GET', '/dev/mailbox.json');
    const mail = mails.find((one) => one.recipient === recipient);
    if (mail) return /\/admin\/\S+/.exec(mail.text)[0];
    await sleep(50);
  }
  throw new Error(`no e-mail reached ${recipient}`);
}

/** Buttons of an order, with the route behind each and a body that is lawful for it. */
const ACTIONS = {
  'Ship items': ['fulfillments', {}],
  Refund: ['refunds', { amount: { amount: 1, currency: 'EUR' }, reason: 'requested_by_customer' }],
  'Cancel order': ['cancel', { reason: 'requested_by_customer' }],
};

const ROLES = {
  fulfilment: { may: ['Ship items'], figures: false },
  support: { may: ['Refund', 'Cancel order'], figures: false },
  analyst: { may: [], figures: true },
  manager: { may: ['Ship items', 'Refund', 'Cancel order'], figures: true },
};

for (const [role, { may, figures }] of Object.entries(ROLES)) {
  test(`${role}: invited, shown what they may do, refused the rest`, async () => {
    const email = `${role}@example.com`;
    await call(service, 'POST', '/v1/admin/staff', { headers: asStaff(service), body: { email, role } });
    const page = await openPage(browser, service);
    await page.goto(await linkTo(email));
    if (role === 'fulfilment') await inspect(page, 'accept');
    await page.getByLabel('Your name').fill(`Frida ${role}`);
    await page.getByLabel('Password', { exact: true }).fill('a long enough passphrase 7');
    await page.getByRole('button', { name: 'Join' }).click();
    await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
    await settled(page);
    assert.equal(await page.getByText('From cart to order').isVisible(), figures);
    await page.goto(`/admin/orders/${order.id}`);
    await page.getByRole('heading', { level: 1, name: `#${order.number}` }).waitFor();
    await settled(page);
    for (const [button, [route, body]] of Object.entries(ACTIONS)) {
      const shown = await page.getByRole('button', { name: button, exact: true }).isVisible();
      assert.equal(shown, may.includes(button), `${role} and “${button}”`);
      if (shown) continue;
      const status = await page.evaluate(
        async ({ address, body }) =>
          (
            await fetch(address, {
              method: 'POST',
              body: JSON.stringify(body),
              headers: { 'Content-Type': 'application/json' },
            })
          ).status,
        { address: `/v1/admin/orders/${order.id}/${route}`, body },
      );
      assert.equal(status, 403, `${role} and ${route}`);
    }
    assert.deepEqual(page.failures, []);
    await page.context().close();
  });
}
