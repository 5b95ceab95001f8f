//! Where parcels are: registering a number to be told of, reading one, and what Shippo tells.

use chrono::{DateTime, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::Shippo;
use crate::outbound::ProviderError;

/// Where a parcel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackStatus {
    /// The carrier knows nothing, or not more than that it will come.
    Announced,
    /// On its way.
    Transit,
    /// It arrived.
    Delivered,
    /// It goes back, or is back.
    Returned,
    /// It could not be delivered, and may be tried again.
    Failure,
}

/// What a carrier says about a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackNews {
    /// Shippo's word for the carrier.
    pub carrier: String,
    /// How the carrier calls the parcel.
    pub number: String,
    /// Where it is.
    pub status: TrackStatus,
    /// When that happened.
    pub at: Option<DateTime<Utc>>,
    /// In the carrier's words.
    pub detail: Option<String>,
}

impl TrackNews {
    /// From Shippo's track object, as it is read or told; `None` when it says nothing of where the parcel is.
    #[must_use]
    pub fn read(track: &Value) -> Option<Self> {
        let text = |pointer: &str| track.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
        let status = match text("/tracking_status/status")? {
            "UNKNOWN" | "PRE_TRANSIT" => TrackStatus::Announced,
            "TRANSIT" => TrackStatus::Transit,
            "DELIVERED" => TrackStatus::Delivered,
            "RETURNED" => TrackStatus::Returned,
            "FAILURE" => TrackStatus::Failure,
            _ => return None,
        };
        Some(Self {
            carrier: text("/carrier")?.to_owned(),
            number: text("/tracking_number")?.to_owned(),
            status,
            at: text("/tracking_status/status_date").and_then(|at| at.parse().ok()),
            detail: text("/tracking_status/status_details").map(|detail| detail.chars().take(500).collect()),
        })
    }
}

impl Shippo {
    /// Has Shippo tell of a parcel from now on; answers where it is now.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn register_track(
        &self,
        carrier: &str,
        number: &str,
        metadata: &str,
    ) -> Result<Option<TrackNews>, ProviderError> {
        let body = json!({"carrier": carrier, "tracking_number": number, "metadata": metadata});
        let track = self.send(reqwest::Method::POST, "/tracks", "/tracks", Some(&body), None).await?;
        Ok(TrackNews::read(&track))
    }

    /// Where a parcel is.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn read_track(&self, carrier: &str, number: &str) -> Result<Option<TrackNews>, ProviderError> {
        let path = track_path(carrier, number);
        let track = self.send(reqwest::Method::GET, &path, "/tracks/{carrier}/{number}", None, None).await?;
        Ok(TrackNews::read(&track))
    }
}

/// What a part of a path may hold as it is.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// The path of a track: what staff typed in is no part of it before it is encoded.
fn track_path(carrier: &str, number: &str) -> String {
    format!("/tracks/{}/{}", utf8_percent_encode(carrier, PART), utf8_percent_encode(number, PART))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_in_stays_one_part_of_the_path() {
        assert_eq!(track_path("dhl_germany", "00 34/1?x#é"), "/tracks/dhl_germany/00%2034%2F1%3Fx%23%C3%A9");
    }
}
