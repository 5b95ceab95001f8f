//! Analytics: every answer is the sum of the orders' own documents, whatever the zone and the bucket, before and after it is
//! rolled up, also when refunds come late, fail, or are made by others.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike, Utc};
use merx::analytics::roll_up;
use merx::jobs::Job;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::harness::{CheckoutHandle, TestApp, address};

/// The figures that are told from an order's own document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Expected {
    orders: i64,
    units: i64,
    gross: i64,
    discounts: i64,
    shipping: i64,
    tax: i64,
    total: i64,
    refunds: i64,
    refunded: i64,
    refunded_goods: i64,
    refunded_shipping: i64,
    refunded_tax: i64,
}

impl Expected {
    fn add(&mut self, other: &Self) {
        self.orders += other.orders;
        self.units += other.units;
        self.gross += other.gross;
        self.discounts += other.discounts;
        self.shipping += other.shipping;
        self.tax += other.tax;
        self.total += other.total;
        self.refunds += other.refunds;
        self.refunded += other.refunded;
        self.refunded_goods += other.refunded_goods;
        self.refunded_shipping += other.refunded_shipping;
        self.refunded_tax += other.refunded_tax;
    }
}

fn amount(value: &Value) -> i64 {
    value["amount"].as_i64().unwrap()
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// What an order's own document says was sold and given back, and when.
fn facts(order: &Value) -> Vec<(DateTime<Utc>, Expected)> {
    let totals = &order["totals"];
    let lines = order["line_items"].as_array().unwrap();
    let contained: i64 = lines.iter().map(|line| amount(&line["tax_included"])).sum();
    let sold = Expected {
        orders: 1,
        units: lines.iter().map(|line| line["quantity"].as_i64().unwrap()).sum(),
        gross: amount(&totals["subtotal"]) - contained,
        discounts: amount(&totals["discount"]),
        shipping: amount(&totals["shipping"]) - amount(&order["tax"]["shipping"]["included"]),
        tax: amount(&totals["tax"]),
        total: amount(&totals["total"]),
        ..Expected::default()
    };
    let mut facts = vec![(time(&order["paid_at"]), sold)];
    let timeline = order["timeline"].as_array().unwrap();
    for refund in order["refunds"].as_array().unwrap().iter().filter(|refund| refund["status"] == "succeeded") {
        let said =
            timeline.iter().find(|entry| entry["kind"] == "refunded" && entry["detail"]["refund_id"] == refund["id"]);
        let line_tax: i64 = refund["line_items"].as_array().unwrap().iter().map(|line| amount(&line["tax"])).sum();
        let (all, tax, shipping) = (amount(&refund["amount"]), amount(&refund["tax"]), amount(&refund["shipping"]));
        let shipping_tax = if shipping > 0 { tax - line_tax } else { 0 };
        let given = Expected {
            refunds: 1,
            refunded: all,
            refunded_tax: tax,
            refunded_shipping: shipping - shipping_tax,
            refunded_goods: all - tax - (shipping - shipping_tax),
            ..Expected::default()
        };
        facts.push((time(&said.unwrap()["at"]), given));
    }
    facts
}

fn sunday(year: i32, month: u32, nth_from_end: bool, nth: i64) -> NaiveDate {
    let first = NaiveDate::from_ymd_opt(year, month, 1).unwrap();
    let sundays: Vec<NaiveDate> = first
        .iter_days()
        .take(31)
        .filter(|day| day.month() == month && day.weekday().num_days_from_sunday() == 0)
        .collect();
    let index = usize::try_from(nth).unwrap();
    if nth_from_end { sundays[sundays.len() - 1 - index] } else { sundays[index] }
}

fn at(day: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    day.and_hms_opt(hour, minute, 0).unwrap().and_utc()
}

/// What a zone's clock is ahead of UTC, in seconds, as its law says; a second opinion on PostgreSQL's.
fn offset(zone: &str, moment: DateTime<Utc>) -> i64 {
    let year = moment.year();
    match zone {
        "UTC" => 0,
        "Asia/Kathmandu" => 20_700,
        "Europe/Berlin" => {
            let summer = at(sunday(year, 3, true, 0), 1, 0)..at(sunday(year, 10, true, 0), 1, 0);
            if summer.contains(&moment) { 7200 } else { 3600 }
        }
        "America/St_Johns" => {
            let summer = at(sunday(year, 3, false, 1), 5, 30)..at(sunday(year, 11, false, 0), 4, 30);
            if summer.contains(&moment) { -9000 } else { -12_600 }
        }
        other => panic!("{other}"),
    }
}

/// The local date and hour of a moment.
fn local(zone: &str, moment: DateTime<Utc>) -> DateTime<Utc> {
    moment + TimeDelta::seconds(offset(zone, moment))
}

/// Which bucket a moment is in, by the zone's own clock.
fn bucket(zone: &str, bucket: &str, moment: DateTime<Utc>) -> (NaiveDate, u32, i64) {
    let there = local(zone, moment);
    let day = there.date_naive();
    match bucket {
        // An hour that the clock shows twice is two.
        "hour" => (day, there.hour(), offset(zone, moment)),
        "day" => (day, 0, 0),
        "week" => (day - TimeDelta::days(day.weekday().num_days_from_monday().into()), 0, 0),
        _ => (day.with_day(1).unwrap(), 0, 0),
    }
}

struct Shop {
    app: TestApp,
    variants: Vec<String>,
    sold: Vec<CheckoutHandle>,
    random: StdRng,
}

impl Shop {
    async fn open() -> Self {
        let app = TestApp::start().await;
        let tax = json!({"provider": "table", "tax_behavior": "inclusive",
            "rates": [{"name": "VAT", "country": "DE", "percentage": "19", "on_shipping": true}]});
        app.staff_patch("/v1/admin/tax-settings", tax).send().await.expect(200);
        let terms = json!({"title": "Ten", "method": "code", "code": "TEN", "type": "percentage", "percentage": "10"});
        app.staff_post("/v1/admin/discounts", terms).send().await.expect(201);
        let mut variants = Vec::new();
        for price in [1999, 745, 12_950] {
            variants.push(app.variant_with(json!({"on_hand": 900, "prices": [{"amount": price, "currency": "EUR"}, {"amount": price * 2, "currency": "JPY"}]})).await);
        }
        Self { app, variants, sold: Vec::new(), random: StdRng::seed_from_u64(7) }
    }

    /// Moves the clock forward to a moment.
    async fn go_to(&self, moment: DateTime<Utc>) {
        let seconds = (moment - self.app.app.clock.now()).num_seconds();
        assert!(seconds >= 0, "{moment} is past");
        self.app.advance(seconds).await;
    }

    /// Somebody buys something, sometimes with the code.
    async fn buy(&mut self, currency: &str) -> CheckoutHandle {
        let mut lines = Vec::new();
        for variant in &self.variants {
            if lines.is_empty() || self.random.random_ratio(1, 3) {
                lines.push(json!({"variant_id": variant, "quantity": self.random.random_range(1..4)}));
            }
        }
        let buyer = format!("buyer{}@example.com", self.random.random_range(0..4));
        let cart = self
            .app
            .cart_with(
                json!({"email": buyer, "currency": currency, "shipping_address": address(), "line_items": lines}),
            )
            .await;
        if self.random.random_ratio(1, 3) {
            let path = format!("/v1/carts/{}/discount-codes", cart.id);
            self.app.post(&path, json!({"code": "TEN"})).header("X-Cart-Token", &cart.token).send().await.expect(200);
        }
        let checkout = self.app.checkout(&cart).await;
        self.app.settle(&checkout).await;
        self.sold.push(checkout.clone());
        checkout
    }

    /// All that was sold in a currency, as the orders say.
    async fn facts(&self, currency: &str) -> Vec<(DateTime<Utc>, Expected)> {
        let mut all = Vec::new();
        for checkout in &self.sold {
            let order = self.app.staff_order(checkout).await;
            if order["currency"] == currency {
                all.extend(facts(&order));
            }
        }
        all
    }

    async fn read(&self, what: &str, query: &str) -> Value {
        self.app.staff_get(&format!("/v1/admin/analytics/{what}?{query}")).send().await.expect(200)
    }

    /// What the API answers for each bucket, put together from three of its series.
    async fn answered(&self, query: &str) -> Vec<(DateTime<Utc>, Expected)> {
        let revenue = self.read("revenue", query).await;
        let orders = self.read("orders", query).await;
        let refunds = self.read("refunds", query).await;
        let mut points = Vec::new();
        for (index, point) in revenue["series"].as_array().unwrap().iter().enumerate() {
            let (order, refund) = (&orders["series"][index], &refunds["series"][index]);
            let count = |value: &Value| value.as_i64().unwrap();
            let net = amount(&point["gross_sales"]) - amount(&point["discounts"]) - amount(&refund["goods"]);
            assert_eq!(amount(&point["net_sales"]), net, "{query}");
            assert_eq!(amount(&point["refunds"]), amount(&refund["amount"]), "{query}");
            let found = Expected {
                orders: count(&point["orders"]),
                units: count(&order["units"]),
                gross: amount(&point["gross_sales"]),
                discounts: amount(&point["discounts"]),
                shipping: amount(&point["shipping"]),
                tax: amount(&point["tax"]),
                total: amount(&point["total"]),
                refunds: count(&refund["refunds"]),
                refunded: amount(&refund["amount"]),
                refunded_goods: amount(&refund["goods"]),
                refunded_shipping: amount(&refund["shipping"]),
                refunded_tax: amount(&refund["tax"]),
            };
            points.push((time(&point["start"]), found));
        }
        points
    }

    /// Holds a whole period against the orders, bucket by bucket.
    async fn compare(
        &self,
        zone: &str,
        each: &str,
        (from, to): (NaiveDate, NaiveDate),
        facts: &[(DateTime<Utc>, Expected)],
    ) {
        let query = format!("from={from}&to={to}&bucket={each}&time_zone={zone}");
        let mut expected: BTreeMap<(NaiveDate, u32, i64), Expected> = BTreeMap::new();
        for (moment, fact) in facts {
            if (from..=to).contains(&local(zone, *moment).date_naive()) {
                expected.entry(bucket(zone, each, *moment)).or_default().add(fact);
            }
        }
        let mut found: BTreeMap<(NaiveDate, u32, i64), Expected> = BTreeMap::new();
        let answered = self.answered(&query).await;
        assert!(answered.is_sorted_by(|a, b| a.0 < b.0), "{query}");
        for (start, point) in answered.into_iter().filter(|(_, point)| *point != Expected::default()) {
            let twice = found.insert(bucket(zone, each, start), point);
            assert_eq!(twice, None, "{query}: two buckets are one");
        }
        assert_eq!(found, expected, "{query}");
    }
}

const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_the_sums_of_the_orders_in_every_zone_before_and_after_they_are_rolled_up() {
    let mut shop = Shop::open().await;
    let year = shop.app.app.clock.now().year() + 1;
    let changes = [
        at(sunday(year, 3, false, 1), 5, 30),
        at(sunday(year, 3, true, 0), 1, 0),
        at(sunday(year, 10, true, 0), 1, 0),
        at(sunday(year, 11, false, 0), 4, 30),
    ];
    // Around each change of clocks, and at the midnights of the zones: sales, and refunds of sales long ago.
    for (number, change) in changes.into_iter().enumerate() {
        for minutes in [-95, -20, 25, 70] {
            shop.go_to(change + TimeDelta::minutes(minutes)).await;
            shop.buy(if minutes == 25 { "JPY" } else { "EUR" }).await;
        }
        let first = shop.sold[number * 4].clone();
        shop.app.refund_line(&first, 0, json!({"shipping": {"amount": 100, "currency": "EUR"}})).await;
        if number > 0 {
            let older = shop.sold[number * 4 - 1].clone();
            shop.app.refund_amount(&older, 333, "EUR").await;
        }
        if number == 1 {
            shop.app.run_now(Job::RollUpAnalytics).await;
        }
    }
    // Cancelled after it was paid, refunded at Stripe by somebody, disputed, refunded in vain as weeks later shows.
    let last = *changes.last().unwrap();
    shop.go_to(last + TimeDelta::hours(30)).await;
    let cancelled = shop.buy("EUR").await;
    shop.app.about(&cancelled, "cancel", json!({"reason": "other"})).send().await.expect(200);
    shop.app.run_jobs().await;
    let imported = shop.buy("EUR").await;
    let payment = shop.app.payment_of(&imported).await;
    shop.app.stripe_post("/v1/refunds", &format!("payment_intent={payment}&amount=200")).await;
    shop.app.run_jobs().await;
    let disputed = shop.buy("EUR").await;
    let payment = shop.app.payment_of(&disputed).await;
    shop.app.control(&format!("payment-intents/{payment}/dispute"), json!({})).await;
    shop.app.run_jobs().await;
    let failing = shop.buy("EUR").await;
    shop.app.refund_amount(&failing, 150, "EUR").await;
    let before = shop.facts("EUR").await;
    let (spring, autumn) = ((changes[0], changes[1]), (changes[2], changes[3]));
    let days = |(from, to): (DateTime<Utc>, DateTime<Utc>)| {
        (from.date_naive() - TimeDelta::days(2), to.date_naive() + TimeDelta::days(3))
    };
    shop.compare("Europe/Berlin", "day", days(autumn), &before).await;
    shop.app.run_now(Job::RollUpAnalytics).await;
    assert_eq!(shop.app.count("SELECT count(*) FROM analytics_pending").await, 0);
    shop.app.advance(14 * 86_400).await;
    let at_stripe = shop.app.sandbox_get("/_control/summary").await["refunds"].clone();
    let failed = at_stripe.as_array().unwrap().iter().find(|refund| refund["amount"] == 150).unwrap();
    shop.app.control(&format!("refunds/{}", failed["id"].as_str().unwrap()), json!({"status": "failed"})).await;
    shop.app.run_jobs().await;
    let facts = shop.facts("EUR").await;
    assert_eq!(facts.len() + 1, before.len(), "a refund that failed is none");
    let rounds: [(&str, &[&str]); 3] =
        [("waiting", &["hour"]), ("rolled up", &["hour", "day", "week", "month"]), ("anew", &["day"])];
    for (round, buckets) in rounds {
        match round {
            "waiting" => assert_eq!(shop.app.count("SELECT count(*) FROM analytics_pending").await, 1),
            "rolled up" => shop.app.run_now(Job::RollUpAnalytics).await,
            _ => roll_up::rebuild(&mut shop.app.database().await, shop.app.app.clock.now()).await.unwrap(),
        }
        for zone in ZONES {
            for each in buckets {
                shop.compare(zone, each, days(spring), &facts).await;
                shop.compare(zone, each, days(autumn), &facts).await;
            }
        }
    }
    // The day that clocks change has 23 hours, or 25.
    for (change, hours) in [(changes[1], 23), (changes[2], 25)] {
        let day = change.date_naive();
        let series = shop.read("revenue", &format!("from={day}&to={day}&bucket=hour&time_zone=Europe/Berlin")).await;
        assert_eq!(series["series"].as_array().unwrap().len(), hours);
    }
    // Other currencies count when they are converted, at the day's rate.
    let yen = shop.facts("JPY").await;
    let (from, to) = (spring.0.date_naive() - TimeDelta::days(1), shop.app.app.clock.now().date_naive());
    let query = format!("from={from}&to={to}");
    let total = |facts: &[(DateTime<Utc>, Expected)]| facts.iter().map(|(_, fact)| fact.total).sum::<i64>();
    let plain = shop.read("summary", &query).await;
    assert_eq!(
        (amount(&plain["metrics"]["total"]["value"]), &plain["period"]["converted"]),
        (total(&facts), &json!(false))
    );
    let left_out = shop.read("summary", &format!("{query}&convert=true")).await;
    assert!(left_out["period"]["rate_note"].as_str().unwrap().contains("JPY"));
    assert_eq!(amount(&left_out["metrics"]["total"]["value"]), total(&facts));
    shop.app
        .call("PUT", "/v1/admin/exchange-rates/JPY")
        .bearer(&shop.app.admin_key)
        .json(json!({"rate": "160"}))
        .send()
        .await
        .expect(200);
    shop.app.run_jobs().await;
    let converted = shop.read("summary", &format!("{query}&convert=true")).await;
    // A yen is 100/160 of a cent; half goes up.
    let worth = (total(&yen) * 100 * 2 + 160) / 320;
    assert_eq!(amount(&converted["metrics"]["total"]["value"]), total(&facts) + worth);
    shop.app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn products_funnel_and_stock_are_told_and_compared() {
    let mut shop = Shop::open().await;
    let [shirt, cup, tent] = [0, 1, 2].map(|index: usize| shop.variants[index].clone());
    let today = shop.app.app.clock.now().date_naive();
    // A cart without anything, one that is filled and left, one that is checked out and left.
    shop.app.cart(&[]).await;
    shop.app.cart(&[(&shirt, 1)]).await;
    shop.app.checked_out(&cup, 1).await;
    let empty = shop.app.cart(&[]).await;
    let line = json!({"variant_id": cup, "quantity": 2});
    let path = format!("/v1/carts/{}/line-items", empty.id);
    shop.app.post(&path, line).header("X-Cart-Token", &empty.token).send().await.expect(200);
    let first = shop.app.paid(&shirt, 3).await;
    shop.app.refund_line(&first, 0, json!({})).await;
    shop.app.paid(&tent, 1).await;
    shop.sold.push(first.clone());
    for _ in 0..2 {
        let query = format!("from={today}&to={}", today + TimeDelta::days(1));
        let products = shop.read("products", &query).await;
        let data = products["data"].as_array().unwrap();
        assert_eq!(data.len(), 2);
        // Tents at 129.50 with 19 % contained, then two shirts of 19.99 that were kept.
        assert_eq!(amount(&data[0]["net_sales"]), 10_882);
        assert_eq!((&data[1]["units"], &data[1]["refunded_units"]), (&json!(3), &json!(1)));
        assert_eq!(amount(&data[1]["gross_sales"]), 5997 - 958);
        assert_eq!(amount(&data[1]["net_sales"]), 5997 - 958 - (1999 - 319));
        assert_eq!(data[1]["sell_through"], "0.0033", "3 of 3 and the 898 there are");
        let by_variant = shop.read("products", &format!("{query}&by=variant&sort=units&limit=1")).await;
        assert_eq!(
            (&by_variant["data"][0]["variant_id"], by_variant["data"].as_array().unwrap().len()),
            (&json!(shirt), 1)
        );
        // In Kathmandu the day is cut out of two days of UTC.
        let kathmandu = shop
            .read("products", &format!("from={}&to={}&time_zone=Asia/Kathmandu", today, today + TimeDelta::days(2)))
            .await;
        assert_eq!(kathmandu["data"], products["data"]);
        let funnel = shop.read("funnel", &format!("{query}&compare=previous_period")).await;
        let steps: Vec<(i64, &Value, &Value)> = funnel["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| (step["count"].as_i64().unwrap(), &step["rate_from_first"], &step["rate_from_previous"]))
            .collect();
        assert_eq!(
            steps,
            [
                (6, &json!("1.0000"), &json!("1.0000")),
                (5, &json!("0.8333"), &json!("0.8333")),
                (3, &json!("0.5000"), &json!("0.6000")),
                (2, &json!("0.3333"), &json!("0.6667"))
            ]
        );
        assert_eq!(
            (&funnel["comparison"]["steps"][0]["count"], &funnel["comparison"]["steps"][0]["rate_from_first"]),
            (&json!(0), &Value::Null)
        );
        let summary = shop.read("summary", &format!("{query}&compare=previous_year")).await;
        let metrics = &summary["metrics"];
        assert_eq!(
            (&metrics["conversion_rate"]["value"], &metrics["orders"]["value"], &metrics["orders"]["comparison"]),
            (&json!("0.3333"), &json!(2), &json!(0))
        );
        assert_eq!(
            (&metrics["repeat_rate"]["value"], &metrics["orders"].get("change_percent")),
            (&json!("0.5000"), &None),
            "the second order is of the same buyer"
        );
        let stock = shop.read("inventory", "").await;
        let shirts =
            stock["data"].as_array().unwrap().iter().find(|item| item["variant_id"] == shirt.as_str()).unwrap();
        assert_eq!(
            (&shirts["on_hand"], &shirts["units_sold_30d"], &shirts["days_of_stock_left"]),
            (&json!(898), &json!(3), &json!(8980))
        );
        let cups = stock["data"].as_array().unwrap().iter().find(|item| item["variant_id"] == cup.as_str()).unwrap();
        assert_eq!((&cups["days_of_stock_left"], &cups["units_sold_30d"]), (&Value::Null, &json!(0)));
        // Everything is rolled up, the carts as well, and says the same.
        shop.app.advance(2 * 3600).await;
        shop.app.run_now(Job::RollUpAnalytics).await;
    }
    assert!(shop.app.count("SELECT count(*) FROM analytics_carts").await > 0);
    for name in ["summary", "revenue", "orders", "products", "customers", "discounts", "refunds", "funnel", "inventory"]
    {
        let query = if ["products", "inventory"].contains(&name) { "" } else { "?compare=previous_period" };
        let file = shop.app.staff_get(&format!("/v1/admin/analytics/{name}.csv{query}")).send().await;
        assert_eq!((file.status, file.header("content-type")), (200, "text/csv; charset=utf-8"));
        let mut lines = file.text.lines();
        let columns = lines.next().unwrap().split(',').count();
        assert!(columns >= 5 && lines.clone().count() > 1, "{name}: {}", file.text);
        assert!(lines.all(|line| line.split(',').count() == columns), "{name}: {}", file.text);
    }
    shop.app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_refused_by_name() {
    let app = TestApp::start().await;
    for (query, at) in [
        ("time_zone=Mars/Olympus", "?time_zone"),
        ("time_zone=CEST", "?time_zone"),
        ("time_zone=UTC%2B3", "?time_zone"),
        ("from=2026-02-30", "?from"),
        ("from=2026-10-02&to=2026-10-01", "?to"),
        ("from=2015-10-02&to=2026-10-01", "?from"),
        ("from=1990-10-02&to=2026-10-03", "?from"),
        ("from=1990-10-02&to=1990-10-03", "?to"),
        ("to=-262143-01-05", "?to"),
        ("time_zone=Europe/Berlin2", "?time_zone"),
        ("time_zone=Etc/GMT%2B20", "?time_zone"),
        ("from=2026-01-01&to=2026-10-01&bucket=hour", "?bucket"),
        ("bucket=year", "?bucket"),
        ("currency=EURO", "?currency"),
        ("compare=last", "?compare"),
        ("form=2026-10-01", "?form"),
    ] {
        let refused = app.staff_get(&format!("/v1/admin/analytics/revenue?{query}")).send().await;
        let refused = refused.problem(400, "invalid_query");
        assert_eq!(refused["errors"][0]["pointer"], at, "{query}");
    }
    // Nothing was sold, and nothing is divided by it.
    let summary = app.staff_get("/v1/admin/analytics/summary?compare=previous_period").send().await.expect(200);
    assert_eq!(summary["metrics"]["average_order_value"]["value"], Value::Null);
    assert_eq!(summary["metrics"]["refund_rate"]["value"], Value::Null);
    let series =
        app.staff_get("/v1/admin/analytics/revenue?from=2026-10-01&to=2026-10-31&bucket=week&time_zone=Europe/Berlin");
    let series = series.send().await.expect(200);
    let starts: Vec<&str> =
        series["series"].as_array().unwrap().iter().map(|point| point["start"].as_str().unwrap()).collect();
    assert_eq!(
        starts,
        [
            "2026-09-30T22:00:00Z",
            "2026-10-04T22:00:00Z",
            "2026-10-11T22:00:00Z",
            "2026-10-18T22:00:00Z",
            "2026-10-25T23:00:00Z"
        ]
    );
    app.finish().await;
}

/// Points beside each other are of one length, and a day begins with the first of two midnights.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_compared_is_cut_alike() {
    let app = TestApp::start().await;
    let read =
        async |query: &str| app.staff_get(&format!("/v1/admin/analytics/revenue?{query}")).send().await.expect(200);
    let starts = |series: &Value| -> Vec<String> {
        series["series"]
            .as_array()
            .unwrap()
            .iter()
            .map(|point| point["start"].as_str().unwrap()[..10].to_owned())
            .collect()
    };
    for (query, before) in [
        (
            "from=2026-10-12&to=2026-10-31&bucket=week&compare=previous_period",
            ["2026-09-22", "2026-09-29", "2026-10-06"],
        ),
        ("from=2026-10-12&to=2026-10-31&bucket=week&compare=previous_year", ["2025-10-12", "2025-10-19", "2025-10-26"]),
        (
            "from=2026-08-20&to=2026-10-31&bucket=month&compare=previous_year",
            ["2025-08-20", "2025-09-01", "2025-10-01"],
        ),
        (
            "from=2026-08-20&to=2026-10-10&bucket=month&compare=previous_period",
            ["2026-06-29", "2026-07-11", "2026-08-10"],
        ),
    ] {
        assert_eq!(starts(&read(query).await["comparison"]), before, "{query}");
    }
    // Clocks went back from one to midnight.
    let zone = "from=2026-10-24&to=2026-10-25&time_zone=Atlantic/Azores";
    assert_eq!(read(zone).await["series"][1]["start"], "2026-10-25T00:00:00Z");
    let hours = read(&format!("{zone}&bucket=hour")).await;
    assert_eq!(hours["series"].as_array().unwrap().len(), 24 + 25);
    assert_eq!(
        read("from=2026-10-24&to=2026-10-25&time_zone=Etc/GMT%2B5").await["series"][0]["start"],
        "2026-10-24T05:00:00Z"
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_roll_up_is_found_and_made_anew() {
    let mut shop = Shop::open().await;
    shop.buy("EUR").await;
    shop.app.run_now(Job::RollUpAnalytics).await;
    for plant in [
        "UPDATE analytics_quarters SET gross = gross + 1",
        "UPDATE analytics_variant_days SET units = units - 1",
        "DELETE FROM analytics_quarters",
        "INSERT INTO analytics_pending (order_id, refund_id, sign, taken) SELECT id, NULL, 1, false FROM orders",
        "INSERT INTO analytics_carts VALUES ('2020-01-01', 1, 0, 0)",
    ] {
        shop.app.sql(plant).await;
        let found = shop.app.findings().await;
        assert!(
            found.iter().all(|finding| finding.invariant.contains("rolled up")) && !found.is_empty(),
            "{plant}: {found:?}"
        );
        let (code, said) = shop.app.command(&["check", "--repair", "--apply"]).await;
        assert_eq!((code, said.contains("rolled up all analytics anew")), (0, true), "{plant}: {said}");
    }
    shop.app.run_jobs().await;
    shop.app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_year_is_made_that_adds_up_and_that_charts_show() {
    let app = TestApp::start().await;
    let terms = json!({"title": "Ten", "method": "code", "code": "WELCOME10", "type": "percentage", "percentage": "10", "usage_limit_per_customer": 1});
    app.staff_post("/v1/admin/discounts", terms).send().await.expect(201);
    let (code, said) = app.command(&["seed", "--orders", "400"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("400 orders"), "{said}");
    assert_eq!(app.findings().await, Vec::new());
    let (_, again) = app.command(&["seed", "--orders", "400"]).await;
    assert!(again.contains("orders already"), "{again}");
    let today = app.app.clock.now().date_naive();
    let from = today - TimeDelta::days(364);
    let read = async |what: &str| app.staff_get(&format!("/v1/admin/analytics/{what}")).send().await.expect(200);
    let summary = read(&format!("summary?from={from}&to={today}&convert=true")).await;
    assert_eq!(summary["metrics"]["orders"]["value"], 400);
    let months = read(&format!("revenue?from={from}&to={today}&bucket=month")).await;
    let earning = months["series"].as_array().unwrap().iter().filter(|month| amount(&month["net_sales"]) > 0).count();
    assert!(earning >= 12, "{months}");
    for (what, sums) in [("refunds", "amount"), ("discounts", "discounts")] {
        let series = read(&format!("{what}?from={from}&to={today}&bucket=month")).await;
        assert!(amount(&series["totals"][sums]) > 0, "{what}");
    }
    assert_eq!(read(&format!("products?from={from}&to={today}&limit=10")).await["data"].as_array().unwrap().len(), 10);
    assert!(read("inventory").await["data"][0]["days_of_stock_left"].as_i64().is_some());
    assert!(app.count("SELECT count(*) FROM alerts WHERE kind = 'low_stock'").await > 0);
    let orders = app.staff_get("/v1/admin/orders?limit=100").send().await.expect(200);
    assert_eq!(orders["data"].as_array().unwrap().len(), 100);
    app.run_jobs().await;
    app.finish().await;
}
