//! Packing goods into parcels. Pure.
//!
//! First fit decreasing: the largest goods first, each into the first open parcel that has room for it (volume, weight,
//! and its sides within the box's sides), else into a new one, which in the end becomes the smallest box that holds its
//! content. What fits into no box travels as it is. No parcel is heavier than 70 kg or longer than 2.7 m. It is an
//! estimate by volume: whether a jigsaw of goods really goes into its box is for the packer to see.

use super::settings::{HEAVIEST_GRAMS, LONGEST_MM, ShippingBox, ShippingSettings};
use crate::catalog::model::Dimensions;

/// The most parcels of a shipment that are quoted.
pub const MOST_PARCELS: usize = 50;

/// Some units of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goods {
    /// How many.
    pub quantity: i64,
    /// The weight of one.
    pub weight_grams: i64,
    /// The size of one.
    pub size: Dimensions,
}

/// A parcel to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Parcel {
    /// Its outside.
    pub size: Dimensions,
    /// With its content.
    pub weight_grams: i64,
}

/// Why goods cannot be packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpackable {
    /// One unit is heavier or longer than any carrier takes.
    TooLarge,
    /// More parcels than one shipment may have.
    TooMany,
}

/// A parcel that is being filled.
struct Open<'a> {
    /// `None` for what travels without a box.
    container: Option<&'a ShippingBox>,
    size: Dimensions,
    /// The longest sides of what is in it, sorted.
    needs: [i64; 3],
    volume: i64,
    weight: i64,
    heaviest: i64,
}

fn sides(size: Dimensions) -> [i64; 3] {
    let mut sides = [size.length, size.width, size.height];
    sides.sort_unstable();
    sides
}

fn volume(size: Dimensions) -> i64 {
    size.length.saturating_mul(size.width).saturating_mul(size.height)
}

fn holds(container: [i64; 3], content: [i64; 3]) -> bool {
    container.iter().zip(content).all(|(room, side)| side <= *room)
}

impl Open<'_> {
    /// How many more units have room.
    fn room(&self, goods: &Goods) -> i64 {
        if self.container.is_none() || !holds(sides(self.size), sides(goods.size)) {
            return 0;
        }
        let by_volume = (volume(self.size) - self.volume) / volume(goods.size).max(1);
        let by_weight = (self.heaviest - self.weight) / goods.weight_grams.max(1);
        by_volume.min(by_weight).max(0)
    }

    fn add(&mut self, goods: &Goods, count: i64) {
        self.volume += volume(goods.size) * count;
        self.weight += goods.weight_grams * count;
        for (need, side) in self.needs.iter_mut().zip(sides(goods.size)) {
            *need = (*need).max(side);
        }
    }
}

/// Packs goods.
///
/// # Errors
/// [`Unpackable`].
pub fn pack(goods: &[Goods], settings: &ShippingSettings) -> Result<Vec<Parcel>, Unpackable> {
    let mut sorted: Vec<&Goods> = goods.iter().collect();
    sorted.sort_by_key(|goods| std::cmp::Reverse((volume(goods.size), goods.weight_grams)));
    let mut open: Vec<Open<'_>> = Vec::new();
    for goods in sorted {
        let mut left = goods.quantity;
        for parcel in &mut open {
            let count = parcel.room(goods).min(left);
            parcel.add(goods, count);
            left -= count;
        }
        while left > 0 {
            if open.len() >= MOST_PARCELS {
                return Err(Unpackable::TooMany);
            }
            let mut parcel = new_parcel(goods, settings)?;
            let count = parcel.room(goods).clamp(1, left);
            parcel.add(goods, count);
            left -= count;
            open.push(parcel);
        }
    }
    Ok(open.into_iter().map(|parcel| close(&parcel, settings)).collect())
}

/// A new parcel for some goods: the largest box that takes one of them, or none.
fn new_parcel<'a>(goods: &Goods, settings: &'a ShippingSettings) -> Result<Open<'a>, Unpackable> {
    let takes = |container: &&ShippingBox| {
        holds(sides(container.dimensions_mm), sides(goods.size))
            && container.empty_weight_grams + goods.weight_grams <= container.max_weight_grams.min(HEAVIEST_GRAMS)
    };
    let largest = settings.boxes.iter().filter(takes).max_by_key(|container| volume(container.dimensions_mm));
    match largest {
        Some(container) => Ok(Open {
            container: Some(container),
            size: container.dimensions_mm,
            needs: [0; 3],
            volume: 0,
            weight: container.empty_weight_grams,
            heaviest: container.max_weight_grams.min(HEAVIEST_GRAMS),
        }),
        None if goods.weight_grams <= HEAVIEST_GRAMS && sides(goods.size).iter().all(|side| *side <= LONGEST_MM) => {
            Ok(Open {
                container: None,
                size: goods.size,
                needs: [0; 3],
                volume: 0,
                weight: 0,
                heaviest: goods.weight_grams,
            })
        }
        None => Err(Unpackable::TooLarge),
    }
}

/// The smallest box that holds what the parcel holds.
fn close(parcel: &Open<'_>, settings: &ShippingSettings) -> Parcel {
    let Some(present) = parcel.container else {
        return Parcel { size: parcel.size, weight_grams: parcel.weight.max(1) };
    };
    let content = parcel.weight - present.empty_weight_grams;
    let fits = |container: &&ShippingBox| {
        holds(sides(container.dimensions_mm), parcel.needs)
            && volume(container.dimensions_mm) >= parcel.volume
            && container.empty_weight_grams + content <= container.max_weight_grams.min(HEAVIEST_GRAMS)
    };
    let smallest = settings.boxes.iter().filter(fits).min_by_key(|container| volume(container.dimensions_mm));
    let container = smallest.unwrap_or(present);
    Parcel { size: container.dimensions_mm, weight_grams: (container.empty_weight_grams + content).max(1) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size(length: i64, width: i64, height: i64) -> Dimensions {
        Dimensions { length, width, height }
    }

    fn container(name: &str, side: i64, max_weight_grams: i64) -> ShippingBox {
        ShippingBox {
            name: name.to_owned(),
            dimensions_mm: size(side, side, side),
            empty_weight_grams: 100,
            max_weight_grams,
        }
    }

    fn shop() -> ShippingSettings {
        ShippingSettings {
            boxes: vec![container("S", 100, 2_000), container("L", 300, 20_000)],
            ..ShippingSettings::default()
        }
    }

    #[test]
    fn the_smallest_box_that_holds_it_is_taken_and_what_fits_into_none_goes_without() {
        let one = Goods { quantity: 1, weight_grams: 400, size: size(90, 80, 20) };
        assert_eq!(pack(&[one], &shop()).unwrap(), [Parcel { size: size(100, 100, 100), weight_grams: 500 }]);
        let many = Goods { quantity: 7, ..one };
        assert_eq!(pack(&[many], &shop()).unwrap(), [Parcel { size: size(300, 300, 300), weight_grams: 2900 }]);
        let ski = Goods { quantity: 2, weight_grams: 3000, size: size(1800, 100, 50) };
        assert_eq!(pack(&[ski], &shop()).unwrap(), [Parcel { size: ski.size, weight_grams: 3000 }; 2]);
        let heavy = Goods { quantity: 50, weight_grams: 1000, size: size(50, 50, 50) };
        assert_eq!(pack(&[heavy], &shop()).unwrap().len(), 3);
        let piano = Goods { quantity: 1, weight_grams: 200_000, size: size(1500, 600, 1300) };
        assert_eq!(pack(&[piano], &shop()), Err(Unpackable::TooLarge));
        assert_eq!(pack(&[Goods { quantity: 9999, ..ski }], &shop()), Err(Unpackable::TooMany));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_limit_is_broken(
            kinds in proptest::collection::vec((1i64..30, 1i64..80_000, 1i64..3_000, 1i64..500, 1i64..500), 1..20),
        ) {
            let goods: Vec<Goods> = kinds
                .into_iter()
                .map(|(quantity, weight_grams, a, b, c)| Goods { quantity, weight_grams, size: size(a, b, c) })
                .collect();
            let settings = shop();
            match pack(&goods, &settings) {
                Ok(parcels) => {
                    let content: i64 = goods.iter().map(|goods| goods.quantity * goods.weight_grams).sum();
                    let sent: i64 = parcels.iter().map(|parcel| parcel.weight_grams).sum();
                    prop_assert!((content..=content + 100 * i64::try_from(parcels.len()).unwrap()).contains(&sent));
                    for parcel in &parcels {
                        prop_assert!(parcel.weight_grams <= HEAVIEST_GRAMS);
                        prop_assert!(sides(parcel.size).iter().all(|side| *side <= LONGEST_MM));
                    }
                }
                Err(Unpackable::TooLarge) => {
                    let is_large = |goods: &Goods| goods.weight_grams > HEAVIEST_GRAMS || goods.size.length > LONGEST_MM;
                    prop_assert!(goods.iter().any(is_large));
                }
                Err(Unpackable::TooMany) => {}
            }
        }
    }
}
