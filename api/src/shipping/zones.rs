//! Reading and writing zones with their regions and rates.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};

use super::model::{Basis, NewShippingZone, NewZoneRate, Region, ShippingZone, ShippingZonePatch, ZoneRate};
use crate::db::schema::{shipping_rates, shipping_zone_regions, shipping_zones};
use crate::db::{Connection, OnConstraint};
use crate::error::{Code, Error, FieldError, Result};
use crate::http::etag::Expected;
use crate::ids::{ShippingRateId, ShippingZoneId};

type ZoneRow = (ShippingZoneId, String, i64, DateTime<Utc>, DateTime<Utc>);
type RateRow = (ShippingRateId, ShippingZoneId, String, Option<String>, Option<i32>, Option<i32>, Basis, Value);

/// All zones, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection) -> Result<Vec<ShippingZone>> {
    let zones: Vec<ZoneRow> =
        shipping_zones::table.order((shipping_zones::created_at, shipping_zones::id)).load(conn).await?;
    assemble(conn, zones).await
}

/// One zone.
///
/// # Errors
/// `not_found`.
pub async fn find(conn: &mut Connection, id: ShippingZoneId) -> Result<ShippingZone> {
    let zones: Vec<ZoneRow> = shipping_zones::table.find(id).load(conn).await?;
    assemble(conn, zones).await?.pop().ok_or_else(|| Error::not_found("shipping zone"))
}

async fn assemble(conn: &mut Connection, zones: Vec<ZoneRow>) -> Result<Vec<ShippingZone>> {
    let ids: Vec<ShippingZoneId> = zones.iter().map(|zone| zone.0).collect();
    let regions: Vec<(ShippingZoneId, String, String)> = shipping_zone_regions::table
        .filter(shipping_zone_regions::zone_id.eq_any(&ids))
        .order((shipping_zone_regions::country, shipping_zone_regions::state))
        .load(conn)
        .await?;
    let rates: Vec<RateRow> = shipping_rates::table
        .filter(shipping_rates::zone_id.eq_any(&ids))
        .order((shipping_rates::zone_id, shipping_rates::position))
        .select((
            shipping_rates::id,
            shipping_rates::zone_id,
            shipping_rates::name,
            shipping_rates::description,
            shipping_rates::min_days,
            shipping_rates::max_days,
            shipping_rates::basis,
            shipping_rates::bands,
        ))
        .load(conn)
        .await?;
    let mut rates_of: BTreeMap<ShippingZoneId, Vec<ZoneRate>> = BTreeMap::new();
    for (id, zone, name, description, min_days, max_days, basis, bands) in rates {
        let bands =
            serde_json::from_value(bands).map_err(|error| Error::Internal(format!("shipping_rates.bands: {error}")))?;
        let rate = ZoneRate { id, name, description, min_days, max_days, basis, bands };
        rates_of.entry(zone).or_default().push(rate);
    }
    let mut states_of: BTreeMap<ShippingZoneId, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for (zone, country, state) in regions {
        let states = states_of.entry(zone).or_default().entry(country).or_default();
        states.extend((!state.is_empty()).then_some(state));
    }
    let zone = |(id, name, version, created_at, updated_at)| {
        let regions = states_of.remove(&id).unwrap_or_default();
        let regions = regions.into_iter().map(|(country, states)| Region { country, states }).collect();
        let rates = rates_of.remove(&id).unwrap_or_default();
        ShippingZone { id, name, regions, rates, version, created_at, updated_at }
    };
    Ok(zones.into_iter().map(zone).collect())
}

/// Creates a zone.
///
/// # Errors
/// `duplicate` for a region that a zone has already.
pub async fn create(conn: &mut Connection, new: &NewShippingZone, now: DateTime<Utc>) -> Result<ShippingZoneId> {
    let id = ShippingZoneId::new();
    diesel::insert_into(shipping_zones::table)
        .values((
            shipping_zones::id.eq(id),
            shipping_zones::name.eq(&new.name),
            shipping_zones::version.eq(1),
            shipping_zones::created_at.eq(now),
            shipping_zones::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    set_regions(conn, id, &new.regions).await?;
    set_rates(conn, id, &new.rates).await?;
    Ok(id)
}

async fn lock(conn: &mut Connection, id: ShippingZoneId, expected: &Expected) -> Result<()> {
    let version: Option<i64> = shipping_zones::table
        .find(id)
        .select(shipping_zones::version)
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    expected.check(version.ok_or_else(|| Error::not_found("shipping zone"))?)
}

/// Changes a zone under its lock; answers what it was.
///
/// # Errors
/// `not_found`, `precondition_failed`, `duplicate`, `validation_failed`.
pub async fn update(
    conn: &mut Connection,
    id: ShippingZoneId,
    patch: &ShippingZonePatch,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<ShippingZone> {
    lock(conn, id, expected).await?;
    let before = find(conn, id).await?;
    if let Some(regions) = &patch.regions {
        diesel::delete(shipping_zone_regions::table.filter(shipping_zone_regions::zone_id.eq(id)))
            .execute(conn)
            .await?;
        set_regions(conn, id, regions).await?;
    }
    if let Some(rates) = &patch.rates {
        set_rates(conn, id, rates).await?;
    }
    diesel::update(shipping_zones::table.find(id))
        .set((
            patch.name.required("/name")?.map(|name| shipping_zones::name.eq(name)),
            shipping_zones::version.eq(shipping_zones::version + 1),
            shipping_zones::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(before)
}

/// Deletes a zone; carts that chose one of its rates must choose again. Answers what it was.
///
/// # Errors
/// `not_found`, `precondition_failed`.
pub async fn delete(conn: &mut Connection, id: ShippingZoneId, expected: &Expected) -> Result<ShippingZone> {
    lock(conn, id, expected).await?;
    let before = find(conn, id).await?;
    diesel::delete(shipping_zones::table.find(id)).execute(conn).await?;
    Ok(before)
}

async fn set_regions(conn: &mut Connection, zone: ShippingZoneId, regions: &[Region]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (index, region) in regions.iter().enumerate() {
        let whole = [String::new()];
        let states = if region.states.is_empty() { &whole[..] } else { &region.states[..] };
        let pointer = format!("/regions/{index}");
        if region.country == "*" && !region.states.is_empty() {
            return Err(Error::invalid(format!("{pointer}/states"), "invalid", "must be empty for everywhere else"));
        }
        for state in states {
            if !seen.insert((region.country.clone(), state.trim().to_lowercase())) {
                return Err(Error::invalid(pointer, "duplicate", "names what another region of the zone names"));
            }
            diesel::insert_into(shipping_zone_regions::table)
                .values((
                    shipping_zone_regions::zone_id.eq(zone),
                    shipping_zone_regions::country.eq(&region.country),
                    shipping_zone_regions::state.eq(state.trim()),
                ))
                .execute(conn)
                .await
                .on_constraint("shipping_zone_regions_place_key", || taken(&pointer, &region.country, state))?;
        }
    }
    Ok(())
}

fn taken(pointer: &str, country: &str, state: &str) -> Error {
    let place = if state.is_empty() { country.to_owned() } else { format!("{state} in {country}") };
    let detail = format!("names {place}, which is in another zone; take it out of that one first");
    Error::problem(Code::Duplicate, format!("`{pointer}` {detail}.")).with_errors(vec![FieldError::new(
        pointer,
        "duplicate",
        detail,
    )])
}

async fn set_rates(conn: &mut Connection, zone: ShippingZoneId, rates: &[NewZoneRate]) -> Result<()> {
    let present: Vec<ShippingRateId> =
        shipping_rates::table.filter(shipping_rates::zone_id.eq(zone)).select(shipping_rates::id).load(conn).await?;
    let mut ids = BTreeSet::new();
    let mut rows = Vec::new();
    for (position, rate) in rates.iter().enumerate() {
        let id = rate.id.unwrap_or_else(ShippingRateId::new);
        if rate.id.is_some_and(|id| !present.contains(&id)) || !ids.insert(id) {
            return Err(Error::invalid(
                format!("/rates/{position}/id"),
                "not_found",
                "is not another rate of this zone",
            ));
        }
        if rate.min_days.zip(rate.max_days).is_some_and(|(min, max)| max < min) {
            return Err(Error::invalid(
                format!("/rates/{position}/max_days"),
                "range",
                "must not be less than `min_days`",
            ));
        }
        rows.push((
            shipping_rates::id.eq(id),
            shipping_rates::zone_id.eq(zone),
            shipping_rates::position.eq(i32::try_from(position).unwrap_or(i32::MAX)),
            shipping_rates::name.eq(&rate.name),
            shipping_rates::description.eq(&rate.description),
            shipping_rates::min_days.eq(rate.min_days),
            shipping_rates::max_days.eq(rate.max_days),
            shipping_rates::basis.eq(rate.basis),
            shipping_rates::bands.eq(json!(rate.bands)),
        ));
    }
    diesel::delete(shipping_rates::table.filter(shipping_rates::zone_id.eq(zone))).execute(conn).await?;
    diesel::insert_into(shipping_rates::table).values(rows).execute(conn).await?;
    Ok(())
}
