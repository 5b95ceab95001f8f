//! Carriers that are known by name: where they show a parcel, and Shippo's word for them.

/// A carrier.
#[derive(Debug, Clone, Copy)]
pub struct Carrier {
    /// How people call it: letters and digits only, in lower case.
    names: &'static [&'static str],
    /// Shippo's word.
    pub token: &'static str,
    /// Where it shows a parcel, `{}` for its number.
    link: Option<&'static str>,
}

const fn carrier(names: &'static [&'static str], token: &'static str, link: &'static str) -> Carrier {
    Carrier { names, token, link: Some(link) }
}

/// All of them.
const CARRIERS: &[Carrier] = &[
    carrier(
        &["dhl", "dhlpaket", "dhlgermany"],
        "dhl_germany",
        "https://www.dhl.de/de/privatkunden/pakete-empfangen/verfolgen.html?piececode={}",
    ),
    carrier(&["dhlexpress"], "dhl_express", "https://www.dhl.com/en/express/tracking.html?AWB={}"),
    carrier(&["dhlecommerce"], "dhl_ecommerce", "https://webtrack.dhlecs.com/orders?trackingNumber={}"),
    carrier(
        &["deutschepost"],
        "deutsche_post",
        "https://www.deutschepost.de/de/s/sendungsverfolgung.html?piececode={}",
    ),
    carrier(&["ups"], "ups", "https://www.ups.com/track?tracknum={}"),
    carrier(&["usps"], "usps", "https://tools.usps.com/go/TrackConfirmAction?tLabels={}"),
    carrier(&["fedex"], "fedex", "https://www.fedex.com/fedextrack/?trknbr={}"),
    carrier(&["dpd", "dpdgermany"], "dpd_germany", "https://tracking.dpd.de/status/de_DE/parcel/{}"),
    carrier(&["dpduk"], "dpd_uk", "https://track.dpd.co.uk/search?reference={}"),
    carrier(&["gls", "glsgermany"], "gls_de", "https://gls-group.com/DE/en/parcel-tracking?match={}"),
    carrier(
        &["hermes", "hermesgermany"],
        "hermes_germany_b2c",
        "https://www.myhermes.de/empfangen/sendungsverfolgung/sendungsinformation#{}",
    ),
    carrier(&["evri", "hermesuk"], "hermes_uk", "https://www.evri.com/track/parcel/{}"),
    carrier(&["royalmail"], "royal_mail", "https://www.royalmail.com/track-your-item#/tracking-results/{}"),
    carrier(&["parcelforce"], "parcelforce", "https://www.parcelforce.com/track-trace?trackNumber={}"),
    carrier(&["colissimo", "laposte"], "colissimo", "https://www.laposte.fr/outils/suivre-vos-envois?code={}"),
    carrier(&["chronopost"], "chronopost", "https://www.chronopost.fr/tracking-no-cms/suivi-page?listeNumerosLT={}"),
    carrier(&["posteitaliane"], "poste_italiane", "https://www.poste.it/cerca/index.html#/risultati-spedizioni/{}"),
    carrier(
        &["correos"],
        "correos_espana",
        "https://www.correos.es/es/es/herramientas/localizador/envios/detalle?tracking-number={}",
    ),
    carrier(
        &["canadapost"],
        "canada_post",
        "https://www.canadapost-postescanada.ca/track-reperage/en#/search?searchFor={}",
    ),
    carrier(&["purolator"], "purolator", "https://www.purolator.com/en/shipping/tracker?pin={}"),
    carrier(&["australiapost", "auspost"], "australia_post", "https://auspost.com.au/mypost/track/details/{}"),
    carrier(&["newzealandpost", "nzpost"], "new_zealand_post", "https://www.nzpost.co.nz/tools/tracking?trackid={}"),
    carrier(&["ontrac"], "ontrac", "https://www.ontrac.com/tracking/?number={}"),
    // Shippo's own, for tests: the number `SHIPPO_TRANSIT` is in transit.
    Carrier { names: &["shippo"], token: "shippo", link: None },
];

/// The carrier of a name, however it is written: `DHL Express`, `dhl_express`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Carrier> {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    CARRIERS.iter().find(|carrier| carrier.token == name || carrier.names.contains(&plain.as_str()))
}

impl Carrier {
    /// Where it shows a parcel; `None` for a number that no carrier gives.
    #[must_use]
    pub fn link(&self, number: &str) -> Option<String> {
        let number: String = number.chars().filter(|letter| !letter.is_whitespace()).collect();
        let is_plain =
            !number.is_empty() && number.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        self.link.filter(|_| is_plain).map(|link| link.replace("{}", &number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_however_they_are_written_and_links_hold_plain_numbers_only() {
        for (name, token) in
            [("DHL", "dhl_germany"), ("dhl_express", "dhl_express"), ("Dhl-Express", "dhl_express"), ("UPS", "ups")]
        {
            assert_eq!(find(name).unwrap().token, token, "{name}");
        }
        assert!(find("Uncle Bob").is_none());
        let ups = find("UPS").unwrap();
        assert_eq!(ups.link("1Z 999").unwrap(), "https://www.ups.com/track?tracknum=1Z999");
        assert_eq!(ups.link("1Z&x=\"><script>"), None);
        for carrier in CARRIERS {
            assert!(carrier.link.is_none_or(|link| link.starts_with("https://") && link.matches("{}").count() == 1));
        }
    }
}
