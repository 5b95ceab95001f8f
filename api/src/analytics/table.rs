//! Answers as CSV files: one header, amounts as decimal numbers of the currency that a column names.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use chrono::SecondsFormat;

use super::funnel::Funnel;
use super::inventory::InventoryAnalytics;
use super::metrics::AnalyticsSummary;
use super::products::ProductAnalytics;
use super::shapes::{AnalyticsSeries, Figures};
use crate::error::{Error, Result};

/// A header and its rows.
pub(super) struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A series; rows of a period of comparison say so in the first column.
    pub(super) fn of_series<F: Figures>(series: &AnalyticsSeries<F>) -> Self {
        let header = ["series", "start", "currency"].iter().chain(F::COLUMNS).copied().collect();
        let before =
            series.comparison.iter().flat_map(|before| before.series.iter().map(|point| ("comparison", point)));
        let points = series.series.iter().map(|point| ("period", point)).chain(before);
        let row = |(name, point): (&str, &super::shapes::AnalyticsPoint<F>)| {
            let start = point.start.to_rfc3339_opts(SecondsFormat::Secs, true);
            let head = [name.to_owned(), start, series.period.currency.to_string()];
            head.into_iter().chain(point.figures.cells()).collect()
        };
        Self { header, rows: points.map(row).collect() }
    }

    /// A summary, a row for each figure.
    pub(super) fn of_summary(summary: &AnalyticsSummary) -> Self {
        let currency = summary.period.currency.to_string();
        let row = |cells: [String; 4]| cells.into_iter().chain([currency.clone()]).collect();
        Self {
            header: vec!["metric", "value", "comparison", "change_percent", "currency"],
            rows: summary.metrics.rows().into_iter().map(row).collect(),
        }
    }

    /// What sold best.
    pub(super) fn of_products(products: &ProductAnalytics) -> Self {
        let header = vec![
            "product_id",
            "title",
            "variant_id",
            "variant_title",
            "currency",
            "units",
            "gross_sales",
            "net_sales",
            "refunded_units",
            "sell_through",
        ];
        let row = |row: &super::products::ProductFigures| {
            vec![
                row.product_id.to_string(),
                harmless(&row.title),
                row.variant_id.map(|id| id.to_string()).unwrap_or_default(),
                harmless(row.variant_title.as_deref().unwrap_or_default()),
                products.period.currency.to_string(),
                row.units.to_string(),
                row.gross_sales.decimal(),
                row.net_sales.decimal(),
                row.refunded_units.to_string(),
                row.sell_through.clone().unwrap_or_default(),
            ]
        };
        Self { header, rows: products.data.iter().map(row).collect() }
    }

    /// How carts became orders; rows of a period of comparison say so in the first column.
    pub(super) fn of_funnel(funnel: &Funnel) -> Self {
        let before = funnel.comparison.iter().flat_map(|before| before.steps.iter().map(|step| ("comparison", step)));
        let steps = funnel.steps.iter().map(|step| ("period", step)).chain(before);
        let row = |(name, step): (&str, &super::funnel::FunnelStep)| {
            vec![
                name.to_owned(),
                step.name.to_string(),
                step.count.to_string(),
                step.rate_from_first.clone().unwrap_or_default(),
                step.rate_from_previous.clone().unwrap_or_default(),
            ]
        };
        let header = vec!["series", "step", "count", "rate_from_first", "rate_from_previous"];
        Self { header, rows: steps.map(row).collect() }
    }

    /// How long the stock lasts.
    pub(super) fn of_inventory(inventory: &InventoryAnalytics) -> Self {
        let header = vec![
            "variant_id",
            "sku",
            "title",
            "variant_title",
            "on_hand",
            "available",
            "units_sold_30d",
            "days_of_stock_left",
            "sell_through",
        ];
        let row = |row: &super::inventory::InventoryFigures| {
            vec![
                row.variant_id.to_string(),
                harmless(&row.sku),
                harmless(&row.title),
                harmless(&row.variant_title),
                row.on_hand.to_string(),
                row.available.to_string(),
                row.units_sold_30d.to_string(),
                row.days_of_stock_left.map(|days| days.to_string()).unwrap_or_default(),
                row.sell_through.clone().unwrap_or_default(),
            ]
        };
        Self { header, rows: inventory.data.iter().map(row).collect() }
    }

    /// As a file of this name.
    ///
    /// # Errors
    /// When it cannot be written, which is a defect.
    pub(super) fn answer(&self, name: &str) -> Result<HttpResponse> {
        let file =
            self.written().map_err(|error| Error::Internal(format!("the file could not be written: {error}")))?;
        Ok(HttpResponse::Ok()
            .content_type("text/csv; charset=utf-8")
            .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")))
            .body(file))
    }

    fn written(&self) -> std::result::Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.header)?;
        for row in &self.rows {
            writer.write_record(row)?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }
}

/// A text that no spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
