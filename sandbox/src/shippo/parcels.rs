//! Parcels and their measures, in integers.

use serde_json::{Value, json};

use crate::arithmetic;
use crate::object;
use crate::shippo::fields::{Fields, PLACES};
use crate::shippo::{Call, Depot, Outcome, Refusal, keep};

/// Heaviest parcel the carriers take, in micrograms: 70 kg.
const HEAVIEST: i128 = 70_000_000_000;

/// Longest side the carriers take, in micrometres: 270 cm.
const LONGEST: i128 = 2_700_000;

/// Weights are read in units of 10^-4.
const SCALE: i128 = 10_000;

/// Micrograms of each unit of weight.
const WEIGHT_UNITS: &[(&str, i128)] =
    &[("g", 1_000_000), ("kg", 1_000_000_000), ("lb", 453_592_370), ("oz", 28_349_523)];

/// Micrometres of each unit of length.
const LENGTH_UNITS: &[(&str, i128)] =
    &[("cm", 10_000), ("ft", 304_800), ("in", 25_400), ("m", 1_000_000), ("mm", 1_000), ("yd", 914_400)];

/// The names of the units of weight.
pub(super) const MASS_NAMES: &[&str] = &["g", "kg", "lb", "oz"];

const DISTANCE_NAMES: &[&str] = &["cm", "ft", "in", "m", "mm", "yd"];

/// Makes a parcel of what was sent.
pub(super) fn make(depot: &mut Depot, call: &Call, sent: &Value) -> Outcome {
    let mut fields = Fields::of(sent);
    let mut parcel = call.fresh_object();
    for key in ["length", "width", "height", "weight"] {
        object::set(&mut parcel, key, fields.decimal(key));
    }
    object::set(&mut parcel, "distance_unit", fields.choice("distance_unit", DISTANCE_NAMES));
    object::set(&mut parcel, "mass_unit", fields.choice("mass_unit", MASS_NAMES));
    object::set(&mut parcel, "metadata", fields.metadata());
    object::set(&mut parcel, "object_state", "VALID");
    object::set(&mut parcel, "template", Value::Null);
    object::set(&mut parcel, "extra", fields.raw("extra").cloned().unwrap_or_else(|| json!({})));
    fields.finish()?;
    keep(&mut depot.parcels, &parcel);
    Ok(parcel)
}

/// The parcel that an id names or an object describes.
pub(super) fn resolve(depot: &mut Depot, call: &Call, sent: &Value) -> Outcome {
    match sent.as_str() {
        None => make(depot, call, sent),
        Some(id) => depot.parcels.get(id).cloned().ok_or_else(|| {
            let text = format!("Parcel with supplied object_id {id} not found.");
            Refusal { status: 400, body: Value::from(text) }
        }),
    }
}

/// What carriers measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measure {
    /// The larger of the real and the dimensional weight, in started grams.
    pub(super) billed_grams: i64,
    /// Whether the carriers refuse it.
    pub(super) is_too_large: bool,
}

/// Measures a parcel.
pub(super) fn measure(parcel: &Value) -> Measure {
    let weight = quantity(parcel, "weight", "mass_unit", WEIGHT_UNITS);
    let sides = ["length", "width", "height"].map(|key| quantity(parcel, key, "distance_unit", LENGTH_UNITS));
    let volume: i128 = sides.iter().product();
    // One kilogram per 5000 cubic centimetres is one gram per 5 of them.
    let dimensional = volume.div_euclid(5_000_000_000_000) + i128::from(volume.rem_euclid(5_000_000_000_000) > 0);
    let real = weight.div_euclid(1_000_000) + i128::from(weight.rem_euclid(1_000_000) > 0);
    let billed_grams = i64::try_from(dimensional.max(real)).unwrap_or(i64::MAX);
    let is_too_large = weight > HEAVIEST || sides.iter().any(|side| *side > LONGEST);
    Measure { billed_grams, is_too_large }
}

fn quantity(parcel: &Value, key: &str, unit_key: &str, units: &[(&str, i128)]) -> i128 {
    let number = arithmetic::scaled(&object::owned(parcel, key), PLACES).unwrap_or_default();
    let unit = object::owned(parcel, unit_key);
    let size = units.iter().find(|(name, _)| *name == unit).map_or(0, |(_, size)| *size);
    i128::from(number) * size / SCALE
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Measure, measure};

    #[test]
    fn the_larger_weight_is_billed() {
        let parcel = |weight: &str, side: &str| {
            measure(
                &json!({"weight": weight, "mass_unit": "kg", "length": side, "width": "10", "height": "10", "distance_unit": "cm"}),
            )
        };
        assert_eq!(parcel("1.2", "10"), Measure { billed_grams: 1200, is_too_large: false });
        assert_eq!(parcel("0.1", "50"), Measure { billed_grams: 1000, is_too_large: false });
        assert!(parcel("70.0001", "10").is_too_large && parcel("1", "270.1").is_too_large);
    }

    #[test]
    fn pounds_and_inches_are_converted() {
        let parcel = json!({"weight": "1", "mass_unit": "lb", "length": "1", "width": "1", "height": "1", "distance_unit": "in"});
        assert_eq!(measure(&parcel).billed_grams, 454);
    }
}
