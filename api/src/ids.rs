//! Typed identifiers: TypeIDs outside (`ord_01h…`: prefix + UUIDv7 in Crockford base 32), `uuid` inside.
//!
//! An id names a thing and is never a secret; secrets are in [`crate::tokens`].

use uuid::Uuid;

/// Crockford's base 32 in lower case, as the TypeID specification (v0.3) asks.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Encodes 128 bits as 26 characters, most significant first.
#[must_use]
pub fn encode(id: Uuid) -> String {
    as_str(&prefixed::<26>("", id)).to_owned()
}

/// A prefix and the 26 characters of an id, without memory of their own: a page of a list has some two hundred.
fn prefixed<const LENGTH: usize>(prefix: &str, id: Uuid) -> [u8; LENGTH] {
    let mut text = [b'0'; LENGTH];
    for (place, letter) in text.iter_mut().zip(prefix.bytes()) {
        *place = letter;
    }
    // By parts of twelve digits, which are 60 bits and fit a register.
    let mut bits = id.as_u128();
    let mut places = text.iter_mut().rev().take(26);
    for digits in [12, 12, 2] {
        let mut part = u64::try_from(bits & ((1 << 60) - 1)).unwrap_or_default();
        bits >>= 60;
        for place in places.by_ref().take(digits) {
            let digit = usize::try_from(part & 31).unwrap_or_default();
            part >>= 5;
            *place = ALPHABET.get(digit).copied().unwrap_or(b'0');
        }
    }
    text
}

/// Both are ASCII.
fn as_str(text: &[u8]) -> &str {
    std::str::from_utf8(text).unwrap_or_default()
}

/// Decodes the 26 characters of [`encode`]; `None` for anything else.
#[must_use]
pub fn decode(text: &str) -> Option<Uuid> {
    if text.len() != 26 || text.as_bytes().first()? > &b'7' {
        return None;
    }
    text.bytes()
        .try_fold(0u128, |value, byte| {
            let digit = ALPHABET.iter().position(|symbol| *symbol == byte)?;
            Some((value << 5) | u128::try_from(digit).ok()?)
        })
        .map(Uuid::from_u128)
}

/// Defines one identifier type per resource, with its prefix.
macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident => $prefix:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        pub struct $name(pub uuid::Uuid);

        impl $name {
            /// The TypeID prefix, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, ordered by the time of its making.
            #[must_use]
            #[expect(clippy::new_without_default, reason = "an id is made, not defaulted")]
            pub fn new() -> Self {
                Self(uuid::Uuid::now_v7())
            }

            fn text(self) -> [u8; $prefix.len() + 27] {
                crate::ids::prefixed(concat!($prefix, "_"), self.0)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(crate::ids::as_str(&self.text()))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(crate::ids::decode)
                    .map(Self)
                    .ok_or_else(|| concat!("expected an id that starts with `", $prefix, "_`").to_owned())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(crate::ids::as_str(&self.text()))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Uuid, diesel::pg::Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
                diesel::serialize::ToSql::<diesel::sql_types::Uuid, diesel::pg::Pg>::to_sql(&self.0, out)
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Uuid, diesel::pg::Pg> for $name {
            fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                diesel::deserialize::FromSql::<diesel::sql_types::Uuid, diesel::pg::Pg>::from_sql(bytes).map(Self)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")))
                    .examples([serde_json::json!(concat!($prefix, "_01jd8x3v5ke2t9qj6f4z0w7m8r"))])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )+};
}

typed_ids! {
    /// A product.
    ProductId => "prod",
    /// A variant: what is bought.
    VariantId => "var",
    /// A cart.
    CartId => "cart",
    /// A line of a cart or of an order.
    LineItemId => "li",
    /// A checkout: one try to pay for a cart.
    CheckoutId => "chk",
    /// An order.
    OrderId => "ord",
    /// An invoice, or what corrects one.
    InvoiceId => "inv",
    /// A refund.
    RefundId => "ref",
    /// A shipment of an order's goods.
    FulfillmentId => "ful",
    /// A carrier's label for a shipment.
    ShippingLabelId => "lbl",
    /// A dispute of a payment.
    DisputeId => "dsp",
    /// A stored provider event.
    EventId => "evt",
    /// A delivery of a provider's event.
    WebhookAttemptId => "wha",
    /// A background job.
    JobId => "job",
    /// A staff API key.
    ApiKeyId => "key",
    /// A stock movement.
    StockMovementId => "mov",
    /// An entry of an order's timeline.
    OrderEventId => "oev",
    /// A note of staff about an order.
    OrderNoteId => "note",
    /// An alert for staff.
    AlertId => "alrt",
    /// A picture or film of a product.
    MediaId => "med",
    /// A collection of products.
    CollectionId => "col",
    /// A shipping zone.
    ShippingZoneId => "zone",
    /// A shipping rate of a zone.
    ShippingRateId => "rate",
    /// An answer of carriers.
    ShippingQuoteId => "shq",
    /// A quote for a cart.
    QuoteId => "quo",
    /// An import of a file.
    ImportId => "imp",
    /// A tax calculation.
    TaxCalculationId => "txc",
    /// A discount.
    DiscountId => "disc",
    /// A code of a discount.
    DiscountCodeId => "code",
    /// A customer: somebody with an account.
    CustomerId => "cus",
    /// A customer's session.
    CustomerSessionId => "csn",
    /// An address in a customer's book.
    CustomerAddressId => "adr",
    /// A registration that waits for its e-mail address to be verified.
    RegistrationId => "reg",
    /// A password reset that was asked for.
    PasswordResetId => "rst",
    /// What somebody asked for who may or may not be known.
    AccountRequestId => "areq",
    /// An e-mail.
    EmailId => "mail",
    /// Where events are sent.
    WebhookEndpointId => "whe",
    /// An event that other systems are told of.
    OutboundEventId => "wev",
    /// An event on its way to an endpoint.
    WebhookDeliveryId => "whd",
    /// One try to send an event.
    WebhookTryId => "wat",
    /// A member of staff.
    StaffId => "stf",
    /// A role that the shop made.
    StaffRoleId => "role",
    /// A session of a member of staff.
    StaffSessionId => "sses",
    /// A link that was mailed to a member of staff.
    StaffLinkId => "slnk",
    /// An entry of the audit log.
    AuditEntryId => "aud",
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ids_survive_the_round_trip(value: u128) {
            let id = OrderId(Uuid::from_u128(value));
            prop_assert_eq!(id.to_string().parse::<OrderId>().unwrap(), id);
        }

        #[test]
        fn parsing_never_panics(text in ".{0,40}") {
            let _ = text.parse::<CartId>();
        }
    }

    #[test]
    fn the_specification_s_example_encodes() {
        let id: Uuid = "0188bac7-4afa-78aa-bc3b-bd1eef28d881".parse().unwrap();
        assert_eq!(encode(id), "01h2xcejqtf2nbrexx3vqjhp41");
    }

    #[test]
    fn a_foreign_prefix_and_an_overflow_are_refused() {
        assert!("cart_01h2xcejqtf2nbrexx3vqjhp41".parse::<OrderId>().is_err());
        assert!("ord_81h2xcejqtf2nbrexx3vqjhp41".parse::<OrderId>().is_err());
    }
}
