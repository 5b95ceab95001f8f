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

// A calculation becomes a transaction, is reversed in part, and is not reversed twice.
const refused = (step, promise, fits) =>
  promise.then(() => fail(step, "accepted")).catch((error) => fits(error) || fail(step, { type: error.type, code: error.code, message: error.message }));
const calculation = await stripe.tax.calculations.create({
  currency: "eur",
  customer_details: { address: { country: "DE", postal_code: "10115", city: "Berlin", line1: "Invalidenstr. 1" }, address_source: "shipping" },
  line_items: [
    { amount: 10000, quantity: 2, reference: "mugs", tax_code: "txcd_99999999", tax_behavior: "exclusive" },
    { amount: 1070, reference: "book", tax_code: "txcd_35060000", tax_behavior: "inclusive" },
  ],
  shipping_cost: { amount: 500, tax_behavior: "exclusive" },
  expand: ["line_items", "line_items.data.tax_breakdown", "shipping_cost.tax_breakdown"],
});
const [mugs, book] = calculation.line_items.data;
const tax = [calculation.amount_total, calculation.tax_amount_exclusive, calculation.tax_amount_inclusive, mugs.amount_tax, book.amount_tax];
if (tax.join() !== "13565,1995,70,1900,70") fail("tax", calculation);
if (mugs.tax_breakdown[0].tax_rate_details.percentage_decimal !== "19.0") fail("tax breakdown", mugs);
if (calculation.shipping_cost.tax_breakdown[0].amount !== 95) fail("tax on shipping", calculation.shipping_cost);
const taxed = await stripe.tax.calculations.listLineItems(calculation.id);
if (taxed.data.map((line) => line.reference).join() !== "mugs,book") fail("taxed lines", taxed);
const transaction = await stripe.tax.transactions.createFromCalculation({ calculation: calculation.id, reference: "order_1" });
if (transaction.type !== "transaction" || transaction.line_items.data.length !== 2) fail("transaction", transaction);
await refused(
  "same reference",
  stripe.tax.transactions.createFromCalculation({ calculation: calculation.id, reference: "order_1" }),
  (error) => error.code === "resource_already_exists",
);
const original = { original_line_item: transaction.line_items.data[0].id, quantity: 1 };
const half = { mode: "partial", original_transaction: transaction.id, line_items: [{ ...original, reference: "mug", amount: -5000, amount_tax: -950 }] };
const reversal = await stripe.tax.transactions.createReversal({ ...half, reference: "order_1-refund-1" });
if (reversal.type !== "reversal" || reversal.line_items.data[0].amount !== -5000) fail("reversal", reversal);
await stripe.tax.transactions.createReversal({ mode: "full", original_transaction: reversal.id, reference: "order_1-refund-1-failed" });
await stripe.tax.transactions.createReversal({ mode: "full", original_transaction: transaction.id, reference: "order_1-refund-2" });
await refused(
  "reversed twice",
  stripe.tax.transactions.createReversal({ ...half, reference: "order_1-refund-3" }),
  (error) => error.type === "StripeInvalidRequestError",
);
say("tax", { id: transaction.id });

// A coupon and its code, until the coupon is deleted.
const coupon = await stripe.coupons.create({ percent_off: 12.5, duration: "once", name: "Spring", redeem_by: session.created + 86400 });
if (coupon.percent_off !== 12.5 || !coupon.valid) fail("coupon", coupon);
const discounted = await stripe.checkout.sessions.create({ ...params, discounts: [{ coupon: coupon.id }] });
if (discounted.amount_total !== 2188) fail("discount", discounted);
const promotion = { type: "coupon", coupon: coupon.id };
const code = await stripe.promotionCodes.create({ promotion, code: "SPRING-26" });
const codes = await stripe.promotionCodes.list({ code: "spring-26", active: true, expand: ["data.promotion.coupon"] });
if (codes.data.length !== 1 || codes.data[0].id !== code.id || codes.data[0].promotion.coupon.percent_off !== 12.5) fail("codes", codes);
const deleted = await stripe.coupons.del(coupon.id);
if (deleted.deleted !== true) fail("delete", deleted);
await refused("deleted coupon", stripe.coupons.retrieve(coupon.id), (error) => error.statusCode === 404);
await refused(
  "deleted coupon of a session",
  stripe.checkout.sessions.create({ ...params, discounts: [{ coupon: coupon.id }] }),
  (error) => error.code === "resource_missing",
);
say("coupons", { id: coupon.id });

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
