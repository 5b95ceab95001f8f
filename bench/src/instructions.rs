//! What a cached read and the pricing of a cart cost in instructions, counted by valgrind: hardly another number on another
//! machine, however busy, and so pinned in `bench/instructions.txt`. Counted is the build that it is called from; what is pinned is that of the tests.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use actix_web::http::Method;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::client::Client;
use crate::shop::{Shop, stop};

/// How often each is done before it is counted, and then.
const TIMES: (usize, usize) = (20, 200);

/// Lines of the cart, and the discounts that are tried on it.
const CART: (usize, usize) = (20, 5);

/// How far from what is pinned a count may be, in percent.
const TOLERANCE: u64 = 10;

/// What prices a cart.
const PRICING: &str = "merx::carts::price::price";

/// A service whose instructions are counted.
struct Counted<'shop> {
    shop: &'shop Shop,
    service: Child,
    id: u32,
}

/// Counts, and holds the counts against those that are pinned; with `MERX_BLESS=1` they become the pinned ones.
pub(crate) async fn measure(shop: &mut Shop) -> Result<String, String> {
    shop.serve().await?;
    offer_discounts(shop).await?;
    shop.stop_service().await?;
    let counted = Counted::start(shop).await?;
    let read = counted.cached_read().await?;
    let priced = counted.pricing().await?;
    counted.stop().await?;
    compare(&[("cached read of a list of 20", read), ("pricing of a cart of 20 lines with 5 discounts", priced)])
}

async fn offer_discounts(shop: &Shop) -> Result<(), String> {
    let bearer = shop.staff("discounts:write").await?;
    let mut client = Client::connect(shop.api()).await?;
    for percentage in 1..=CART.1 {
        let discount = json!({"title": format!("{percentage} %"), "method": "automatic", "type": "percentage",
            "percentage": percentage.to_string()});
        let headers = [("Authorization", bearer.as_str())];
        client.send(Method::POST, "/v1/admin/discounts", &headers, Some(discount.to_string())).await?;
    }
    Ok(())
}

impl<'shop> Counted<'shop> {
    async fn start(shop: &'shop Shop) -> Result<Self, String> {
        let merx = shop.merx(&["serve"]);
        let merx = merx.as_std();
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--separate-threads=yes", "--callgrind-out-file=callgrind.out.%p"]);
        command.arg(merx.get_program()).args(merx.get_args());
        command.envs(merx.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("MERX_WORKERS", "1");
        command.current_dir(shop.directory()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let service = command.spawn().map_err(|error| format!("valgrind cannot be started: {error}"))?;
        let id = service.id().unwrap_or_default();
        let counted = Self { shop, service, id };
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(300) {
            if let Ok(mut client) = Client::connect(shop.api()).await
                && client.send(Method::GET, "/readyz", &[], None).await.is_ok()
            {
                return Ok(counted);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err("the service under valgrind does not answer".to_owned())
    }

    /// Of the thread that answers, as others look after other things meanwhile.
    async fn cached_read(&self) -> Result<u64, String> {
        let mut client = Client::connect(self.shop.api()).await?;
        for _ in 0..TIMES.0 {
            client.get("/v1/products?expand=variants&limit=20").await?;
        }
        self.dump().await?;
        for _ in 0..TIMES.1 {
            client.get("/v1/products?expand=variants&limit=20").await?;
        }
        let threads = self.dump().await?;
        let totals = threads.iter().filter_map(|file| total(file));
        let most = totals.max().ok_or("valgrind counted nothing")?;
        Ok(most / u64::try_from(TIMES.1).unwrap_or(1))
    }

    /// Of the function alone with what it calls, on whichever thread.
    async fn pricing(&self) -> Result<u64, String> {
        let mut client = Client::connect(self.shop.api()).await?;
        let variants = self.shop.variants();
        let lines: Vec<Value> =
            variants.iter().take(CART.0).map(|variant| json!({"variant_id": variant, "quantity": 2})).collect();
        let cart = json!({"line_items": lines}).to_string();
        let cart = client.send(Method::POST, "/v1/carts", &[], Some(cart)).await?;
        let cart: Value = serde_json::from_slice(cart).map_err(|error| error.to_string())?;
        let text = |member: &str| cart.get(member).and_then(Value::as_str).unwrap_or_default();
        let (id, token) = (text("id"), text("cart_token"));
        self.dump().await?;
        for _ in 0..TIMES.0 {
            client.send(Method::GET, &format!("/v1/carts/{id}"), &[("X-Cart-Token", token)], None).await?;
        }
        let mut all = 0;
        for file in self.dump().await? {
            let mut annotate = Command::new("callgrind_annotate");
            let said = annotate.args(["--inclusive=yes", "--threshold=100"]).arg(&file).output().await;
            let said = String::from_utf8_lossy(&said.map_err(|error| error.to_string())?.stdout).into_owned();
            let line = said.lines().find(|line| line.contains(PRICING));
            all += line
                .and_then(|line| line.split_whitespace().next()?.replace(',', "").parse::<u64>().ok())
                .unwrap_or_default();
        }
        if all == 0 { Err(format!("{PRICING} was not seen")) } else { Ok(all / u64::try_from(TIMES.0).unwrap_or(1)) }
    }

    /// Writes what was counted since the last time; a file for each thread.
    async fn dump(&self) -> Result<Vec<PathBuf>, String> {
        let before = self.files()?;
        let asked = Command::new("callgrind_control").args(["--dump", &self.id.to_string()]).output().await;
        let asked = asked.map_err(|error| error.to_string())?;
        if !asked.status.success() {
            return Err(format!("callgrind_control: {}", String::from_utf8_lossy(&asked.stderr)));
        }
        Ok(self.files()?.into_iter().filter(|file| !before.contains(file)).collect())
    }

    fn files(&self) -> Result<Vec<PathBuf>, String> {
        let entries = std::fs::read_dir(self.shop.directory()).map_err(|error| error.to_string())?;
        let start = format!("callgrind.out.{}", self.id);
        let ours = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&start));
        Ok(entries.flatten().map(|entry| entry.path()).filter(ours).collect())
    }

    async fn stop(mut self) -> Result<(), String> {
        stop(&mut self.service).await
    }
}

/// All instructions of a thread.
fn total(file: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok())
}

fn compare(counts: &[(&str, u64)]) -> Result<String, String> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("instructions.txt");
    let text: String = counts.iter().fold(String::new(), |mut text, (name, count)| {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{name}: {count}");
        text
    });
    if std::env::var("MERX_BLESS").is_ok_and(|wish| wish == "1") {
        std::fs::write(&file, &text).map_err(|error| error.to_string())?;
        return Ok(text);
    }
    let pinned = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
    for (name, count) in counts {
        let known = pinned.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")?.parse::<u64>().ok());
        let known = known.ok_or_else(|| format!("{name} is not pinned in {}", file.display()))?;
        if count.abs_diff(known) * 100 > known * TOLERANCE {
            return Err(format!(
                "{name}: {count} instructions, and {known} are pinned. If that is meant, pin it: \
                 MERX_BLESS=1 MERX_BENCH_INSTRUCTIONS=only target/debug/bench"
            ));
        }
    }
    Ok(text)
}
