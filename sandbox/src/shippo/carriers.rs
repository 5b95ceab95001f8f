//! The account's carriers. UPS is there twice, so that one service is offered at two prices.

use serde_json::{Value, json};

use crate::object;
use crate::shippo::tariffs::{self, Service};
use crate::shippo::{Call, Outcome, paging};

/// One carrier account.
#[derive(Debug)]
pub(super) struct Account {
    /// Its `object_id`.
    pub(super) id: &'static str,
    /// As rates and messages name it.
    pub(super) provider: &'static str,
    /// Shippo's word for it.
    pub(super) carrier: &'static str,
    /// Whether it offers only what its carrier offers twice.
    pub(super) is_second: bool,
    /// Percent of the tariff.
    pub(super) percent: i64,
}

/// All accounts.
pub(super) const ACCOUNTS: &[Account] = &[
    Account {
        id: "a4391cd4ab974f478f55dc08b5c8e3b3",
        provider: "USPS",
        carrier: "usps",
        is_second: false,
        percent: 100,
    },
    Account { id: "4e62f1c0b7d34c7f9a5d0c1b2e3f4a51", provider: "UPS", carrier: "ups", is_second: false, percent: 100 },
    Account { id: "9c7d5b3a1f2e4d6c8b0a9f8e7d6c5b42", provider: "UPS", carrier: "ups", is_second: true, percent: 108 },
    Account {
        id: "b741b99f95e841639b54272834bc478c",
        provider: "DHL Express",
        carrier: "dhl_express",
        is_second: false,
        percent: 100,
    },
    Account {
        id: "c2f8e6a0d4b24e7f8a1c3d5b7f9e0a62",
        provider: "DHL eCommerce",
        carrier: "dhl_ecommerce",
        is_second: false,
        percent: 100,
    },
];

/// `GET /carrier_accounts`
pub(super) fn list(call: &Call) -> Outcome {
    let carrier = object::text(&call.query, "carrier");
    let with_services = object::is(&call.query, "service_levels", "true");
    let rows = ACCOUNTS
        .iter()
        .filter(|account| carrier.is_none_or(|carrier| carrier == account.carrier))
        .map(|account| account.shown(with_services))
        .collect();
    paging::page(call, rows)
}

impl Account {
    fn shown(&self, with_services: bool) -> Value {
        let mut shown = json!({
            "account_id": format!("****{}", self.id.get(28..).unwrap_or_default()),
            "active": true,
            "carrier": self.carrier,
            "carrier_name": self.provider,
            "is_shippo_account": !self.is_second,
            "metadata": "",
            "object_id": self.id,
            "object_info": {"authentication": {"status": "connected", "type": "default"}},
            "object_owner": "sandbox@merx.example",
            "parameters": null,
            "test": true,
        });
        if with_services {
            let services: Vec<Value> = self
                .services()
                .map(|service| json!({"name": service.name, "token": service.token, "supports_return_labels": true}))
                .collect();
            object::set(&mut shown, "service_levels", services);
        }
        shown
    }

    /// The services that this account offers.
    pub(super) fn services(&self) -> impl Iterator<Item = &'static Service> {
        let (provider, is_second) = (self.provider, self.is_second);
        tariffs::SERVICES
            .iter()
            .filter(move |service| service.provider == provider && (service.is_twofold || !is_second))
    }
}
