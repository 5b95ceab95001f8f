// A service to test over: `merx dev` in a directory of its own, or the one that MERX_E2E_DATA_DIR names.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const BINARY = process.env.MERX_BINARY ?? new URL('../../target/debug/merx', import.meta.url).pathname;

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
    server.on('error', reject);
  });

const describe = (dir) => JSON.parse(readFileSync(join(dir, 'dev.json'), 'utf8'));

/** Starts a service; `stop` ends it and deletes its data. */
export async function startService() {
  const running = process.env.MERX_E2E_DATA_DIR;
  if (running) return { ...describe(running), stop: async () => undefined };
  const dir = mkdtempSync(join(tmpdir(), 'merx-e2e-'));
  const child = spawn(BINARY, ['dev', '--bind', `127.0.0.1:${await freePort()}`, '--data-dir', dir], {
    stdio: 'pipe',
  });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  let refused;
  child.on('error', (error) => (refused = error));
  for (let tries = 0; !existsSync(join(dir, 'dev.json')); tries += 1) {
    if (refused) throw refused;
    if (child.exitCode !== null || tries > 600) throw new Error(`merx dev did not start:\n${output}`);
    await sleep(100);
  }
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGINT');
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  return { ...describe(dir), stop };
}

/** Calls the API; throws what it refuses. */
export async function call(service, method, path, { body, headers = {} } = {}) {
  const answer = await fetch(service.base_url + path, {
    method,
    headers: { ...(body && { 'Content-Type': 'application/json' }), ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
  return text ? JSON.parse(text) : null;
}

export const asStaff = (service) => ({
  Authorization: `Bearer ${service.admin_key}`,
  'Idempotency-Key': randomUUID(),
});

/** Buys `quantity` of each of the first `lines` variants that are in stock, and pays; the paid order. */
export async function buy(service, { name, lines = 1, quantity = 1 }) {
  const products = await call(service, 'GET', '/v1/products?currency=EUR&in_stock=true&expand=variants');
  const variants = products.data.flatMap((product) =>
    product.variants.filter((variant) => variant.inventory?.available !== 0),
  );
  const email = `${name.split(' ')[0].toLowerCase()}-${randomUUID().slice(0, 8)}@example.com`;
  const address = { name, line1: 'Torstr. 1', city: 'Berlin', postal_code: '10119', country: 'DE' };
  const cart = await call(service, 'POST', '/v1/carts', {
    body: {
      email,
      shipping_address: address,
      billing_address: address,
      line_items: variants.slice(0, lines).map(({ id }) => ({ variant_id: id, quantity })),
    },
  });
  const checkout = await call(service, 'POST', '/v1/checkouts', {
    headers: { 'X-Cart-Token': cart.cart_token, 'Idempotency-Key': randomUUID() },
    body: {
      cart_id: cart.id,
      success_url: `${service.base_url}/docs/`,
      cancel_url: `${service.base_url}/docs/`,
    },
  });
  await fetch(checkout.url, {
    method: 'POST',
    body: new URLSearchParams({ outcome: 'paid' }),
    redirect: 'manual',
  });
  for (let tries = 0; tries < 200; tries += 1) {
    const order = await call(service, 'GET', `/v1/admin/orders/${checkout.order.id}`, {
      headers: asStaff(service),
    });
    if (order.payment_status === 'paid') return order;
    await sleep(50);
  }
  throw new Error('the order was not paid within ten seconds');
}

/** Says where parcels are sent from, without which no label can be bought. */
export const setOrigin = (service) =>
  call(service, 'PATCH', '/v1/admin/shipping-settings', {
    headers: asStaff(service),
    body: {
      origin: {
        name: 'Merx',
        company: 'Merx',
        line1: 'Torstr. 1',
        city: 'Berlin',
        postal_code: '10119',
        country: 'DE',
        phone: '+4930123456',
      },
    },
  });
