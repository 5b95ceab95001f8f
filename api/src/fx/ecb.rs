//! The European Central Bank's daily reference rates (ecb.europa.eu, "Euro foreign exchange reference rates"): published
//! on working days around 16:00 CET, without a key, with the source to be named.

use chrono::NaiveDate;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::app::App;
use crate::outbound::{Answer, Call, Failure, ProviderError};

/// The rates of a day: how many units of each currency one euro is, as decimal texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The day.
    pub date: NaiveDate,
    /// Code and rate.
    pub rates: Vec<(String, String)>,
}

/// Fetches the feed.
///
/// # Errors
/// [`ProviderError`].
pub async fn fetch(app: &App) -> Result<Feed, ProviderError> {
    let call = Call {
        method: reqwest::Method::GET,
        url: app.config.ecb_url.clone(),
        endpoint: "GET daily".to_owned(),
        headers: Vec::new(),
        body: None,
        repeatable: true,
        deadline: None,
    };
    app.ecb.send(&call, read).await
}

fn read(answer: Answer) -> Result<Feed, Failure> {
    if answer.status != 200 {
        let error = ProviderError::unknown(format!("HTTP {}", answer.status));
        return Err(Failure::of_status(answer.status, &answer.headers, error));
    }
    let feed = std::str::from_utf8(&answer.body).ok().and_then(parse);
    feed.ok_or_else(|| Failure {
        error: ProviderError::unknown("the ECB's feed is not what it was"),
        retry: false,
        wait: None,
    })
}

/// `<Cube time='2026-11-24'><Cube currency='USD' rate='1.0842'/>…`
fn parse(text: &str) -> Option<Feed> {
    let mut reader = Reader::from_str(text);
    let (mut date, mut rates) = (None, Vec::new());
    loop {
        let event = reader.read_event().ok()?;
        if matches!(event, Event::Eof) {
            break;
        }
        let (Event::Start(tag) | Event::Empty(tag)) = event else { continue };
        if tag.local_name().as_ref() == "Cube" {
            if let Some(time) = attribute(&tag, "time") {
                date = Some(time.parse().ok()?);
            }
            rates.extend(attribute(&tag, "currency").zip(attribute(&tag, "rate")));
        }
    }
    let is_rate = |rate: &String| {
        let (whole, decimals) = rate.split_once('.').unwrap_or((rate, "0"));
        let is_number = |part: &str| (1..=9).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number(whole) && is_number(decimals) && rate.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
    };
    let is_sound = !rates.is_empty() && rates.iter().all(|(code, rate)| code.len() == 3 && is_rate(rate));
    Some(Feed { date: date?, rates }).filter(|_| is_sound)
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).ok()??;
    Some(attribute.value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bank_s_format_is_read_and_anything_else_is_not() {
        let feed = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gesmes:Envelope xmlns:gesmes=\"http://www.gesmes.org/xml/2002-08-01\" xmlns=\"http://www.ecb.int/vocabulary/2002-08-01/eurofxref\">\n\t<gesmes:subject>Reference rates</gesmes:subject>\n\t<Cube><Cube time='2026-11-23'><Cube currency='USD' rate='1.0842'/><Cube currency='JPY' rate='163.06'/></Cube></Cube></gesmes:Envelope>";
        let rates = vec![("USD".to_owned(), "1.0842".to_owned()), ("JPY".to_owned(), "163.06".to_owned())];
        assert_eq!(parse(feed), Some(Feed { date: "2026-11-23".parse().unwrap(), rates }));
        for wrong in [
            "",
            "<html></html>",
            "<Cube time='2026-11-23'></Cube>",
            &feed.replace("1.0842", "0.0"),
            &feed.replace("1.0842", "-1"),
            &feed.replace("2026", "tomorrow"),
            "<Cube",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
