//! What is measured.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actix_web::http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use crate::client::Client;
use crate::floors::Ladder;
use crate::goods::{ADJECTIVES, NOUNS};
use crate::shop::{PRODUCTS, Shop};

/// What a client does over and over.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scenario {
    /// A page of twenty products with their variants, prices and availability.
    List,
    /// The same as [`Self::List`], every request with another filter and cursor.
    ColdList,
    /// One product by its slug.
    Detail,
    /// What people search for, among 100,000 products.
    Search,
    /// A new cart, then a line.
    CartAndLine,
    /// A checkout of a cart with address, which alone is measured; nobody pays.
    Checkout,
    /// A cart with address, a checkout, the payment, until the order is paid; the checkout's time is measured.
    Purchase,
    /// The same as [`Self::CartAndLine`], in a shop that asks carriers and Stripe Tax.
    CartAndLineWithProviders,
    /// The same, while others ask for quotes from slow providers.
    CartAndLineBesideQuotes,
    /// The same as [`Self::Purchase`] with a quote before, whose rates and tax the checkout takes.
    QuotedPurchase,
}

impl Scenario {
    /// By the shop's own zones, without tax.
    pub(crate) const PLAIN: [Self; 5] = [Self::List, Self::Detail, Self::ColdList, Self::CartAndLine, Self::Purchase];

    /// With carriers and Stripe Tax.
    pub(crate) const WITH_PROVIDERS: [Self; 3] =
        [Self::CartAndLineWithProviders, Self::CartAndLineBesideQuotes, Self::QuotedPurchase];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::List => "product list, 20 with variants",
            Self::ColdList => "product list, every request another filter and cursor",
            Self::Detail => "product by slug",
            Self::Search => "full-text search over 100,000 products",
            Self::CartAndLine => "create cart + add line (pairs)",
            Self::Checkout => "checkout",
            Self::Purchase => "whole purchase to a paid order (latency: POST /v1/checkouts)",
            Self::CartAndLineWithProviders => "create cart + add line, with carriers and Stripe Tax on",
            Self::CartAndLineBesideQuotes => "the same, beside 8 who quote from providers of 200 ms",
            Self::QuotedPurchase => "whole purchase by a quote of Shippo and Stripe Tax (latency: POST /v1/checkouts)",
        }
    }

    /// What it stands on.
    pub(crate) const fn ladder(self) -> Ladder {
        match self {
            Self::List | Self::Detail => Ladder::Bare,
            Self::ColdList | Self::Search => Ladder::List,
            Self::CartAndLine
            | Self::Checkout
            | Self::Purchase
            | Self::CartAndLineWithProviders
            | Self::CartAndLineBesideQuotes
            | Self::QuotedPurchase => Ladder::Order,
        }
    }

    /// One round; answers how long what is measured took.
    pub(crate) async fn round(self, worker: &mut Worker) -> Result<Duration, String> {
        match self {
            Self::List => worker.get("/v1/products?expand=variants&limit=20").await,
            Self::Detail => {
                let path = format!("/v1/products/product-{}", rand::random_range(0..PRODUCTS));
                worker.get(&path).await
            }
            Self::ColdList => worker.next_page().await,
            Self::Search => worker.search().await,
            Self::CartAndLine | Self::CartAndLineWithProviders | Self::CartAndLineBesideQuotes => {
                worker.cart_and_line().await
            }
            Self::Checkout => worker.checkout().await,
            Self::Purchase => worker.purchase(false).await,
            Self::QuotedPurchase => worker.purchase(true).await,
        }
    }
}

/// How far a purchase has come.
#[derive(Default)]
pub(crate) struct Bought {
    cart: Option<(String, String)>,
    checkout: Option<Seen>,
    is_paid: bool,
}

/// One client with what it knows of the shop.
pub(crate) struct Worker {
    address: SocketAddr,
    api: Client,
    cursor: String,
    sandbox: Client,
    variants: std::sync::Arc<Vec<String>>,
}

/// What a client reads of an answer, whatever it is about.
#[derive(Debug, Clone, Deserialize)]
struct Seen {
    id: Option<String>,
    cart_token: Option<String>,
    quote_id: Option<String>,
    session_id: Option<String>,
    status: Option<String>,
    order: Option<Order>,
}

#[derive(Debug, Clone, Deserialize)]
struct Order {
    id: String,
}

impl Seen {
    fn of(body: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(body).map_err(|error| error.to_string())
    }
}

fn given(text: Option<&String>) -> Result<String, String> {
    text.cloned().ok_or_else(|| "an answer lacks what it should hold".to_owned())
}

impl Worker {
    pub(crate) async fn new(shop: &Shop) -> Result<Self, String> {
        let (api, sandbox) = (Client::connect(shop.api()).await?, Client::connect(shop.sandbox()).await?);
        Ok(Self { address: shop.api(), api, cursor: String::new(), sandbox, variants: shop.variants() })
    }

    fn variant(&self) -> String {
        let index = rand::random_range(0..self.variants.len().max(1));
        self.variants.get(index).cloned().unwrap_or_default()
    }

    async fn get(&mut self, path: &str) -> Result<Duration, String> {
        let started = Instant::now();
        self.api.get(path).await?;
        Ok(started.elapsed())
    }

    async fn next_page(&mut self) -> Result<Duration, String> {
        let (least, most) = (rand::random_range(0..500), rand::random_range(9_500..1_000_000));
        let filter = format!("sort=price&min_price={least}&max_price={most}");
        let path = format!("/v1/products?expand=variants&limit=20&{filter}{}", self.cursor);
        let started = Instant::now();
        let page = self.api.get(&path).await?;
        let took = started.elapsed();
        let next = page.split_once("\"next_cursor\":\"").and_then(|(_, rest)| rest.split('"').next());
        self.cursor = next.map(|next| format!("&cursor={next}")).unwrap_or_default();
        Ok(took)
    }

    /// One word that many products have, or two that few have.
    async fn search(&mut self) -> Result<Duration, String> {
        let word = |words: &[&'static str]| words.get(rand::random_range(0..words.len())).copied().unwrap_or_default();
        let (adjective, noun) = (word(&ADJECTIVES), word(&NOUNS));
        let words = if rand::random_range(0..4) == 0 { noun.to_owned() } else { format!("{adjective}%20{noun}") };
        // Of each search another page size, so that no answer is ready.
        let limit = rand::random_range(10..30);
        self.get(&format!("/v1/products?q={words}&limit={limit}&min_price={}", rand::random_range(0..400))).await
    }

    async fn cart_and_line(&mut self) -> Result<Duration, String> {
        let started = Instant::now();
        let cart = Seen::of(self.api.send(Method::POST, "/v1/carts", &[], Some("{}".to_owned())).await?)?;
        let path = format!("/v1/carts/{}/line-items", given(cart.id.as_ref())?);
        let line = json!({"variant_id": self.variant(), "quantity": 1}).to_string();
        let token = given(cart.cart_token.as_ref())?;
        self.api.send(Method::POST, &path, &[("X-Cart-Token", &token)], Some(line)).await?;
        Ok(started.elapsed())
    }

    /// A cart that can be bought: its id and its token.
    async fn full_cart(&mut self) -> Result<(String, String), String> {
        let variant = self.variant();
        self.cart_of(&variant).await
    }

    /// A cart with one of a variant.
    pub(crate) async fn cart_of(&mut self, variant: &str) -> Result<(String, String), String> {
        let cart = json!({
            "email": format!("ada{}@example.com", rand::random_range(0..100_000)),
            "line_items": [{"variant_id": variant, "quantity": 1}],
            "shipping_address": {"name": "Ada Lovelace", "line1": "Torstr. 1", "city": "Berlin", "postal_code": "10119", "country": "DE"},
        });
        let cart = Seen::of(self.api.send(Method::POST, "/v1/carts", &[], Some(cart.to_string())).await?)?;
        Ok((given(cart.id.as_ref())?, given(cart.cart_token.as_ref())?))
    }

    /// A new cart and its quote.
    pub(crate) async fn quote(&mut self) -> Result<(String, String, String), String> {
        let (id, token) = self.full_cart().await?;
        let path = format!("/v1/carts/{id}/quote");
        let quote =
            Seen::of(self.api.send(Method::POST, &path, &[("X-Cart-Token", &token)], Some("{}".to_owned())).await?)?;
        Ok((id, token, given(quote.quote_id.as_ref())?))
    }

    /// A checkout that nobody has paid yet; its session at Stripe.
    pub(crate) async fn hold(&mut self) -> Result<String, String> {
        let (id, token) = self.full_cart().await?;
        let url = "http://127.0.0.1:3000/";
        let request = json!({"cart_id": id, "success_url": url, "cancel_url": url}).to_string();
        let checkout = self.api.send(Method::POST, "/v1/checkouts", &[("X-Cart-Token", &token)], Some(request)).await?;
        given(Seen::of(checkout)?.session_id.as_ref())
    }

    /// Goes on buying where it stood; answers the order once it is paid.
    pub(crate) async fn buy(&mut self, bought: &mut Bought) -> Result<String, String> {
        let (id, token) = match &bought.cart {
            Some(cart) => cart.clone(),
            None => bought.cart.insert(self.full_cart().await?).clone(),
        };
        let checkout = match &bought.checkout {
            Some(checkout) => checkout.clone(),
            None => {
                let url = "http://127.0.0.1:3000/";
                let request = json!({"cart_id": id, "success_url": url, "cancel_url": url}).to_string();
                let headers = [("X-Cart-Token", token.as_str()), ("Idempotency-Key", id.as_str())];
                let checkout = self.api.send(Method::POST, "/v1/checkouts", &headers, Some(request)).await?;
                bought.checkout.insert(Seen::of(checkout)?).clone()
            }
        };
        if !bought.is_paid {
            self.pay(&given(checkout.session_id.as_ref())?).await?;
            bought.is_paid = true;
        }
        let path = format!("/v1/checkouts/{}", given(checkout.id.as_ref())?);
        loop {
            let seen = Seen::of(self.api.send(Method::GET, &path, &[("X-Cart-Token", &token)], None).await?)?;
            if seen.status.as_deref() == Some("completed") {
                return given(seen.order.map(|order| order.id).as_ref());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A new connection to the shop, after one failed.
    pub(crate) async fn reconnect(&mut self) -> Result<(), String> {
        self.api = Client::connect(self.address).await?;
        Ok(())
    }

    async fn checkout(&mut self) -> Result<Duration, String> {
        let cart = self.full_cart().await?;
        let started = Instant::now();
        self.check_out(&cart).await?;
        Ok(started.elapsed())
    }

    /// Starts a checkout of a cart; answers whether there was enough.
    pub(crate) async fn check_out(&mut self, (id, token): &(String, String)) -> Result<bool, String> {
        let url = "http://127.0.0.1:3000/";
        let request = json!({"cart_id": id, "success_url": url, "cancel_url": url}).to_string();
        let headers = [("X-Cart-Token", token.as_str())];
        let (status, answer) = self.api.ask(Method::POST, "/v1/checkouts", &headers, Some(request)).await?;
        match status {
            StatusCode::CREATED => Ok(true),
            StatusCode::CONFLICT => Ok(false),
            status => Err(format!("a checkout was answered {status}: {}", String::from_utf8_lossy(answer))),
        }
    }

    /// The buyer pays at Stripe, which sends them back once the shop has answered its webhook, or after ten seconds.
    pub(crate) async fn pay(&mut self, session: &str) -> Result<(), String> {
        let path = format!("/_control/checkout-sessions/{session}/pay");
        let outcome = json!({"outcome": "paid", "sent_back": true}).to_string();
        self.sandbox.send(Method::POST, &path, &[], Some(outcome)).await.map(|_| ())
    }

    async fn purchase(&mut self, quoted: bool) -> Result<Duration, String> {
        let url = "http://127.0.0.1:3000/";
        let (token, request) = if quoted {
            let (id, token, quote) = self.quote().await?;
            (token, json!({"cart_id": id, "quote_id": quote, "success_url": url, "cancel_url": url}).to_string())
        } else {
            let (id, token) = self.full_cart().await?;
            (token, json!({"cart_id": id, "success_url": url, "cancel_url": url}).to_string())
        };
        let started = Instant::now();
        let checkout = self.api.send(Method::POST, "/v1/checkouts", &[("X-Cart-Token", &token)], Some(request)).await?;
        let took = started.elapsed();
        let checkout = Seen::of(checkout)?;
        self.pay(&given(checkout.session_id.as_ref())?).await?;
        let path = format!("/v1/checkouts/{}", given(checkout.id.as_ref())?);
        loop {
            let seen = Seen::of(self.api.send(Method::GET, &path, &[("X-Cart-Token", &token)], None).await?)?;
            if seen.status.as_deref() == Some("completed") {
                return Ok(took);
            }
            // The webhook is on its way.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
