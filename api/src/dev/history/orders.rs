//! Orders from the cart to the door, and carts that came to nothing.

use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;
use rand::rngs::StdRng;
use sandbox::PastPayment;
use serde_json::{Value, json};
use uuid::Uuid;

use super::after;
use super::goods::{Goods, Offer};
use super::people::{People, Person, Place};
use super::refunds::{self, Fate};
use super::rows::Rows;
use crate::ids::{OrderId, VariantId};

/// How long e-mails and events are kept in sight.
const RECENT: TimeDelta = TimeDelta::days(30);

/// A line of an order, with what became of it.
pub(super) struct Line {
    pub(super) id: Uuid,
    pub(super) offer: Offer,
    pub(super) quantity: i64,
    pub(super) discount: i64,
    pub(super) tax: i64,
    pub(super) total: i64,
    pub(super) refunded: i64,
    pub(super) refunded_amount: i64,
    pub(super) refunded_tax: i64,
    pub(super) restocked: i64,
    pub(super) removed: i64,
    pub(super) fulfilled: i64,
}

impl Line {
    pub(super) const fn subtotal(&self) -> i64 {
        self.offer.price * self.quantity
    }
}

/// An order while it is made.
pub(super) struct Order {
    pub(super) id: Uuid,
    pub(super) currency: &'static str,
    pub(super) place: Place,
    pub(super) lines: Vec<Line>,
    pub(super) shipping: i64,
    pub(super) shipping_tax: i64,
    pub(super) total: i64,
    pub(super) claimed: i64,
    pub(super) imported: i64,
    pub(super) disputed: i64,
    pub(super) dispute_status: &'static str,
    pub(super) payment_status: &'static str,
    pub(super) fulfillment_status: &'static str,
    pub(super) status: &'static str,
    pub(super) cancelled_at: Option<DateTime<Utc>>,
    pub(super) paid_at: DateTime<Utc>,
    pub(super) payment: String,
}

impl Order {
    /// All tax of the order.
    pub(super) fn tax(&self) -> i64 {
        self.lines.iter().map(|line| line.tax).sum::<i64>() + self.shipping_tax
    }
}

/// Makes the year's rows, order by order.
pub(super) struct Writer {
    pub(super) random: StdRng,
    pub(super) rows: Rows,
    pub(super) goods: Goods,
    pub(super) now: DateTime<Utc>,
    people: People,
    numbers: std::vec::IntoIter<i64>,
    code: Option<(Uuid, Uuid)>,
    made: u64,
    /// Those that wait for an answer.
    pub(super) disputes: Vec<(OrderId, String)>,
    payments: Vec<PastPayment>,
}

/// What is to be written, and what the payment provider should know.
pub(super) struct Year {
    pub(super) rows: Rows,
    /// Variants that are to run low, and how many units are to go.
    pub(super) low: Vec<(VariantId, i64)>,
    /// Disputes that wait for an answer.
    pub(super) disputes: Vec<(OrderId, String)>,
    pub(super) payments: Vec<PastPayment>,
}

impl Writer {
    pub(super) fn new(
        random: StdRng,
        goods: Goods,
        people: People,
        numbers: Vec<i64>,
        code: Option<(Uuid, Uuid)>,
        now: DateTime<Utc>,
    ) -> Self {
        let numbers = numbers.into_iter();
        Self {
            random,
            rows: Rows::default(),
            goods,
            now,
            people,
            numbers,
            code,
            made: 0,
            disputes: Vec::new(),
            payments: Vec::new(),
        }
    }

    /// An id of a moment: version 7, with drawn bits.
    pub(super) fn id(&mut self, at: DateTime<Utc>) -> Uuid {
        drawn_id(&mut self.random, at)
    }

    /// An entry of an order's timeline.
    pub(super) fn happened(&mut self, order: Uuid, kind: &str, detail: Value, at: DateTime<Utc>) {
        let id = self.id(at);
        let row = json!({"id": id, "order_id": order, "kind": kind, "detail": detail, "created_at": at});
        self.rows.push("order_events", row);
    }

    /// An e-mail that was sent about an order, if it is recent.
    pub(super) fn mailed(&mut self, order: Uuid, kind: &str, subject: Uuid, recipient: &str, at: DateTime<Utc>) {
        if at < self.now - RECENT {
            return;
        }
        let id = self.id(at);
        let data = if kind == "order_cancelled" { json!({"is_rest": false}) } else { json!({}) };
        let row = json!({
            "id": id, "kind": kind, "recipient": recipient, "subject_id": subject, "data": data, "status": "sent",
            "created_at": at, "order_id": order, "attempts": 1, "sent_at": at + TimeDelta::seconds(2),
        });
        self.rows.push("emails", row);
    }

    /// An event that the provider told of, if it is recent.
    pub(super) fn told(&mut self, kind: &str, object: &Value, at: DateTime<Utc>) {
        if at < self.now - RECENT {
            return;
        }
        let id = self.id(at);
        let event = format!("evt_demo_{}", id.simple());
        let payload = json!({"id": event, "object": "event", "type": kind, "livemode": false, "created": at.timestamp(), "data": {"object": object}});
        let row = json!({
            "id": id, "provider": "stripe", "event_id": event, "event_type": kind, "payload": payload, "livemode": false,
            "status": "processed", "received_at": at, "processed_at": at + TimeDelta::milliseconds(180), "source": "webhook", "tries": 1,
        });
        self.rows.push("webhook_events", row);
    }

    /// A shopper, with their account's row when they come for the first time.
    fn shopper(&mut self, at: DateTime<Utc>) -> (usize, Option<Person>) {
        let account = self.id(at);
        let said = (at - TimeDelta::minutes(12)).to_rfc3339();
        let (index, row) = self.people.next(&mut self.random, account, &said);
        if let Some(row) = row {
            self.rows.push("customers", row);
        }
        (index, self.people.get_mut(index).cloned())
    }

    /// An order that is paid at this moment, and all that follows until today.
    pub(super) fn order(&mut self, paid_at: DateTime<Utc>) {
        let (index, Some(person)) = self.shopper(paid_at) else { return };
        let currency = self.goods.currency(person.place.currency);
        let basket = self.goods.basket(&mut self.random, currency);
        let is_discounted = self.code.is_some() && !person.used_code && self.random.random_ratio(1, 5);
        let placed_at = paid_at - TimeDelta::seconds(self.random.random_range(40..480));
        let mut order = self.priced(currency, person.place, basket, is_discounted, paid_at);
        let cart = self.cart(&order, &person, "completed", placed_at);
        let age = self.now - paid_at;
        let fate = Fate::draw(&mut self.random, age);
        self.happened(order.id, "placed", json!({}), placed_at);
        let session = format!("cs_demo_{}", order.id.simple());
        self.happened(order.id, "checkout_opened", json!({"session_id": session}), placed_at + TimeDelta::seconds(1));
        let amount = json!({"amount": order.total, "currency": currency});
        self.happened(order.id, "paid", json!({"amount": amount, "payment_intent_id": order.payment}), paid_at);
        self.mailed(order.id, "order_confirmation", order.id, &person.email, paid_at);
        let object = json!({"id": session, "object": "checkout.session", "payment_status": "paid", "payment_intent": order.payment,
            "amount_total": order.total, "currency": currency.to_lowercase()});
        self.told("checkout.session.completed", &object, paid_at);
        self.hold(&order, "committed", placed_at, paid_at);
        self.checkout(&order, cart, ("completed", None), placed_at, paid_at);
        let sent_at = if fate.is_cancelled() { None } else { after::ship(self, &mut order, &person) };
        refunds::follow(self, &mut order, &person, fate, sent_at);
        after::dispute(self, &mut order, fate);
        self.payments.push(PastPayment {
            intent: order.payment.clone(),
            amount: order.total,
            currency: currency.to_lowercase(),
            refunded: order.claimed + order.imported,
            paid_at: paid_at.timestamp(),
        });
        let number = self.numbers.next();
        let again = person.has_bought;
        self.finish_order(&order, &person, cart, (number, Some(again), is_discounted), placed_at);
        if let Some(person) = self.people.get_mut(index) {
            person.has_bought = true;
            person.used_code |= is_discounted;
        }
    }

    /// A checkout that was never paid.
    pub(super) fn checkout_left(&mut self, near: DateTime<Utc>) {
        let placed_at = near - TimeDelta::minutes(self.random.random_range(95..300));
        let (_, Some(person)) = self.shopper(placed_at) else { return };
        let currency = self.goods.currency(person.place.currency);
        let basket = self.goods.basket(&mut self.random, currency);
        let mut order = self.priced(currency, person.place, basket, false, placed_at);
        let cart = self.cart(&order, &person, "abandoned", placed_at);
        let ended_at = placed_at + TimeDelta::minutes(31);
        self.happened(order.id, "placed", json!({}), placed_at);
        let session = format!("cs_demo_{}", order.id.simple());
        self.happened(order.id, "checkout_opened", json!({"session_id": session}), placed_at + TimeDelta::seconds(1));
        self.happened(order.id, "cancelled", json!({"reason": "hold_expired"}), ended_at);
        self.hold(&order, "released", placed_at, ended_at);
        self.checkout(&order, cart, ("expired", Some("hold_expired")), placed_at, ended_at);
        order.status = "cancelled";
        order.payment_status = "unpaid";
        order.cancelled_at = Some(ended_at);
        self.finish_order(&order, &person, cart, (None, None, false), placed_at);
    }

    /// A cart that nobody checked out; every fourth never had anything in it.
    pub(super) fn cart_left(&mut self, near: DateTime<Utc>) {
        let made_at = near - TimeDelta::minutes(self.random.random_range(90..700));
        let basket =
            if self.random.random_ratio(1, 4) { Vec::new() } else { self.goods.basket(&mut self.random, "EUR") };
        let (id, status) =
            (self.id(made_at), if made_at < self.now - TimeDelta::days(30) { "abandoned" } else { "open" });
        let filled_at = (!basket.is_empty()).then_some(made_at + TimeDelta::seconds(20));
        self.rows.push("carts", cart_row(id, status, "EUR", None, made_at, filled_at));
        for (offer, quantity) in basket {
            self.cart_line(id, &offer, quantity, made_at + TimeDelta::seconds(20));
        }
    }

    fn cart(&mut self, order: &Order, person: &Person, status: &str, placed_at: DateTime<Utc>) -> Uuid {
        let made_at = placed_at - TimeDelta::minutes(self.random.random_range(3..80));
        let id = self.id(made_at);
        let filled_at = made_at + TimeDelta::seconds(25);
        self.rows.push("carts", cart_row(id, status, order.currency, Some(person), made_at, Some(filled_at)));
        let lines: Vec<(Offer, i64)> = order.lines.iter().map(|line| (line.offer.clone(), line.quantity)).collect();
        for (offer, quantity) in lines {
            self.cart_line(id, &offer, quantity, filled_at);
        }
        id
    }

    fn cart_line(&mut self, cart: Uuid, offer: &Offer, quantity: i64, at: DateTime<Utc>) {
        let id = self.id(at);
        let row = json!({"id": id, "cart_id": cart, "variant_id": offer.variant_id.0, "quantity": quantity, "metadata": {},
            "created_at": at, "seen_unit_price": offer.price});
        self.rows.push("cart_line_items", row);
    }

    /// What a basket comes to.
    fn priced(
        &mut self,
        currency: &'static str,
        place: Place,
        basket: Vec<(Offer, i64)>,
        is_discounted: bool,
        at: DateTime<Utc>,
    ) -> Order {
        let mut lines = Vec::new();
        for (offer, quantity) in basket {
            let subtotal = offer.price * quantity;
            let discount = if is_discounted { (subtotal + 5) / 10 } else { 0 };
            let tax = place.tax_of(subtotal - discount);
            let total = subtotal - discount + if place.is_included { 0 } else { tax };
            lines.push(Line {
                id: self.id(at),
                offer,
                quantity,
                discount,
                tax,
                total,
                refunded: 0,
                refunded_amount: 0,
                refunded_tax: 0,
                restocked: 0,
                removed: 0,
                fulfilled: 0,
            });
        }
        let goods: i64 = lines.iter().map(|line| line.subtotal() - line.discount).sum();
        let is_free = place.free_from.is_some_and(|from| goods >= from);
        let shipping = if is_free { 0 } else { place.shipping };
        let shipping_tax = if place.is_included { place.tax_of(shipping) } else { 0 };
        let total = lines.iter().map(|line| line.total).sum::<i64>() + shipping;
        self.made += 1;
        Order {
            id: self.id(at),
            currency,
            place,
            lines,
            shipping,
            shipping_tax,
            total,
            claimed: 0,
            imported: 0,
            disputed: 0,
            dispute_status: "none",
            payment_status: "paid",
            fulfillment_status: "unfulfilled",
            status: "confirmed",
            cancelled_at: None,
            paid_at: at,
            payment: format!("pi_demo_{}", self.made),
        }
    }

    /// What the order held, and, when it was paid, took.
    fn hold(&mut self, order: &Order, status: &str, placed_at: DateTime<Utc>, ended_at: DateTime<Utc>) {
        for line in order.lines.iter().filter(|line| line.offer.is_tracked()) {
            let variant: VariantId = line.offer.variant_id;
            let row = json!({"order_id": order.id, "variant_id": variant.0, "quantity": line.quantity, "status": status,
                "created_at": placed_at, "updated_at": ended_at});
            self.rows.push("reservations", row);
            if status == "committed" {
                self.goods.moved(variant, ended_at, -line.quantity, "sale", order.id);
            }
        }
    }

    fn checkout(
        &mut self,
        order: &Order,
        cart: Uuid,
        (status, reason): (&str, Option<&str>),
        placed_at: DateTime<Utc>,
        ended_at: DateTime<Utc>,
    ) {
        let id = self.id(placed_at);
        let units: i64 = order.lines.iter().filter(|line| line.offer.is_tracked()).map(|line| line.quantity).sum();
        let row = json!({
            "id": id, "cart_id": cart, "order_id": order.id, "status": status, "idempotency_scope": "demo", "idempotency_key": id,
            "fingerprint": "\\x00", "request_body": "", "session_id": format!("cs_demo_{}", order.id.simple()), "close_reason": reason,
            "hold_expires_at": placed_at + TimeDelta::minutes(30), "session_expires_at": placed_at + TimeDelta::minutes(40),
            "created_at": placed_at, "updated_at": ended_at, "units": units,
        });
        self.rows.push("checkouts", row);
    }

    fn finish_order(
        &mut self,
        order: &Order,
        person: &Person,
        cart: Uuid,
        (number, again, is_discounted): (Option<i64>, Option<bool>, bool),
        placed_at: DateTime<Utc>,
    ) {
        let given = is_discounted.then_some(self.code).flatten();
        self.rows.push("orders", super::rows::order(order, person, cart, (number, again, given), placed_at));
        for (position, line) in (0..).zip(&order.lines) {
            self.rows.push("order_line_items", super::rows::line(order, line, position, given));
        }
        if let Some((discount, code)) = given {
            let amount: i64 = order.lines.iter().map(|line| line.discount).sum();
            let row = json!({"order_id": order.id, "discount_id": discount, "code_id": code, "customer": person.email, "amount": amount,
                "counted": true, "created_at": placed_at, "released_at": order.cancelled_at});
            self.rows.push("discount_uses", row);
        }
    }

    /// All that was made; so many variants are to run low.
    pub(super) fn finish(mut self, running_low: usize) -> Year {
        let random = &mut self.random;
        for row in self.goods.movements(|at| drawn_id(random, at)) {
            self.rows.push("stock_movements", row);
        }
        for row in super::rows::rates(self.now) {
            self.rows.push("fx_rates", row);
        }
        let low = self.goods.running_low(running_low);
        Year { rows: self.rows, low, disputes: self.disputes, payments: self.payments }
    }
}

fn drawn_id(random: &mut StdRng, at: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random.random()).into_uuid()
}

fn cart_row(
    id: Uuid,
    status: &str,
    currency: &str,
    person: Option<&Person>,
    made_at: DateTime<Utc>,
    filled_at: Option<DateTime<Utc>>,
) -> Value {
    let address = person.map(Person::address);
    json!({
        "id": id, "status": status, "currency": currency, "email": person.map(|person| person.email.as_str()),
        "shipping_address": address, "metadata": {}, "token_version": 1, "version": 3, "expires_at": made_at + TimeDelta::days(30),
        "created_at": made_at, "updated_at": filled_at.unwrap_or(made_at), "discount_codes": [], "tax_ids": [],
        "tax_exemption": "none", "customer_id": person.and_then(|person| person.account), "first_line_at": filled_at,
    })
}
