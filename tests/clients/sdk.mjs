// Stripe's official Node SDK against the sandbox and against our webhook endpoint.
// Usage: node sdk.mjs <sandbox url> <merx url> <webhook secret>
// Prints one line of JSON for each step; exits 1 when a step fails.
import { createServer } from "node:http";
import Stripe from "stripe";

const [sandbox, merx, secret] = process.argv.slice(2);
const { hostname, port } = new URL(sandbox);
const stripe = new Stripe("sk_test_of_the_sdk", { host: hostname, port, protocol: "http", telemetry: false });

const say = (step, detail) => console.log(JSON.stringify({ step, ...detail }));
const fail = (step, detail) => {
  say(step, { failed: detail });
  process.exit(1);
};

// A receiver that verifies with the SDK what the sandbox signs.
const seen = [];
const receiver = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    try {
      seen.push(stripe.webhooks.constructEvent(Buffer.concat(chunks), request.headers["stripe-signature"], secret));
      response.writeHead(200).end();
    } catch (error) {
      fail("verify sandbox signature", String(error));
    }
  });
});
await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));
say("receiver", { url: `http://127.0.0.1:${receiver.address().port}/` });

// The test has pointed the sandbox at the receiver when it writes a line to us.
await new Promise((resolve) => process.stdin.once("data", resolve));

const params = {
  mode: "payment",
  ui_mode: "hosted_page",
  success_url: "https://shop.example/thanks",
  line_items: [{ quantity: 2, price_data: { currency: "eur", unit_amount: 1250, product_data: { name: "Mug" } } }],
  metadata: { made_by: "the official SDK" },
};
const session = await stripe.checkout.sessions.create(params, { idempotencyKey: "one" });
const again = await stripe.checkout.sessions.create(params, { idempotencyKey: "one" });
if (session.id !== again.id || session.amount_total !== 2500) fail("create", { session, again });
await stripe.checkout.sessions
  .create({ ...params, success_url: "https://shop.example/other" }, { idempotencyKey: "one" })
  .then(() => fail("mismatch", "accepted"))
  .catch((error) => error.type === "StripeIdempotencyError" || fail("mismatch", error.type));
const lines = await stripe.checkout.sessions.listLineItems(session.id);
if (lines.data[0].amount_total !== 2500) fail("line items", lines);
const listed = await stripe.checkout.sessions.list({ status: "open", created: { gte: session.created } });
if (listed.data[0].id !== session.id) fail("list", listed);
say("session", { id: session.id });

const expired = await stripe.checkout.sessions.expire(session.id);
if (expired.status !== "expired") fail("expire", expired);
await stripe.checkout.sessions
  .expire(session.id)
  .then(() => fail("expire twice", "accepted"))
  .catch((error) => error.type === "StripeInvalidRequestError" || fail("expire twice", error.type));
await stripe.checkout.sessions
  .create({ ...params, ui_mode: "hosted" })
  .then(() => fail("old ui_mode", "accepted"))
  .catch((error) => error.param === "ui_mode" || fail("old ui_mode", error));

// Pay one, refund it in part, and be refused more than is left.
const paid = await stripe.checkout.sessions.create(params);
await fetch(`${sandbox}/_control/checkout-sessions/${paid.id}/pay`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ outcome: "paid" }),
});
const read = await stripe.checkout.sessions.retrieve(paid.id, { expand: ["payment_intent.latest_charge"] });
if (read.payment_status !== "paid" || read.payment_intent.latest_charge.amount_captured !== 2500) fail("pay", read);
const refund = await stripe.refunds.create({ payment_intent: read.payment_intent.id, amount: 1000, metadata: { refund_id: "ref_1" } });
if (refund.status !== "succeeded") fail("refund", refund);
await stripe.refunds
  .create({ payment_intent: read.payment_intent.id, amount: 1501 })
  .then(() => fail("over-refund", "accepted"))
  .catch((error) => error.param === "amount" || fail("over-refund", error));
say("refund", { id: refund.id });

// What the SDK signs, our endpoint accepts; what it does not sign, our endpoint refuses.
const payload = JSON.stringify({ id: "evt_of_the_sdk", object: "event", type: "customer.created", livemode: false, data: { object: {} } });
const post = (signature) =>
  fetch(`${merx}/v1/webhooks/stripe`, { method: "POST", headers: { "Stripe-Signature": signature }, body: payload }).then((answer) => answer.status);
const good = await post(stripe.webhooks.generateTestHeaderString({ payload, secret }));
const bad = await post(stripe.webhooks.generateTestHeaderString({ payload, secret: "whsec_other" }));
if (good !== 200 || bad !== 400) fail("our endpoint", { good, bad });
say("our endpoint", { good, bad });

// Until the receiver has seen what the sandbox announced.
const wanted = ["checkout.session.expired", "checkout.session.completed", "payment_intent.succeeded", "refund.created"];
const deadline = setTimeout(() => fail("events", seen.map((event) => event.type)), 20000);
const poll = setInterval(() => {
  if (!wanted.every((type) => seen.some((event) => event.type === type))) return;
  clearInterval(poll);
  clearTimeout(deadline);
  say("events", { verified: seen.length });
  receiver.close();
  process.exit(0);
}, 20);
