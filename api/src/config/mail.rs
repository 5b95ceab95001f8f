//! Reading how e-mails are sent.

use std::net::IpAddr;
use std::path::PathBuf;

use lettre::message::Mailbox;
use reqwest::Url;

use super::environment::Environment;
use super::{MailConfig, SmtpConfig, SmtpTls};

/// What an address of a mail server looks like.
const EXAMPLE: &str = "Use `smtps://user:password@host:465`, or `smtp://user:password@host:587` with STARTTLS";

impl Environment<'_> {
    pub(super) fn mail(&self, is_live: bool) -> Result<MailConfig, String> {
        let alert_email: Option<lettre::Address> = self.optional("MERX_ALERT_EMAIL")?;
        Ok(MailConfig {
            smtp: self.text("MERX_SMTP_URL").map(|url| self.smtp(&url, is_live)).transpose()?,
            alert_email: alert_email.map(|address| address.to_string()),
            templates_dir: self.optional("MERX_TEMPLATES_DIR")?,
        })
    }

    /// Naming one where it is not used would only seem to protect.
    fn ca_file(&self, tls: SmtpTls) -> Result<Option<PathBuf>, String> {
        match (self.optional("MERX_SMTP_CA_FILE")?, tls) {
            (Some(_), SmtpTls::None) => Err("MERX_SMTP_CA_FILE is set, but MERX_SMTP_URL is without TLS. Use \
                 `smtps://…` or `?tls=required`, or take the variable away."
                .to_owned()),
            (file, SmtpTls::None | SmtpTls::Wrapped | SmtpTls::StartTls) => Ok(file),
        }
    }

    fn smtp(&self, text: &str, is_live: bool) -> Result<SmtpConfig, String> {
        // The address itself holds a password and is never told.
        let wrong = |what: &str| format!("MERX_SMTP_URL is not valid: {what}. {EXAMPLE}.");
        let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("it names no host"))?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let is_loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let query = url.query_pairs().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
        let tls = match (url.scheme(), query.as_str()) {
            ("smtps", "") => SmtpTls::Wrapped,
            ("smtp", "tls=required") => SmtpTls::StartTls,
            ("smtp", "tls=none") if is_live && !is_loopback => {
                return Err(wrong("with a live key e-mails are not sent in clear, so leave `tls=none` out"));
            }
            ("smtp", "tls=none") => SmtpTls::None,
            ("smtp", "") if is_loopback => SmtpTls::None,
            ("smtp", "") => SmtpTls::StartTls,
            ("smtp" | "smtps", _) => {
                return Err(wrong("it may end in `?tls=required` or `?tls=none`, for smtp:// only"));
            }
            _ => return Err(wrong("its scheme is neither smtp nor smtps")),
        };
        let decoded = |part: &str| {
            let decoded = percent_encoding::percent_decode_str(part).decode_utf8();
            decoded.map(String::from).map_err(|error| wrong(&format!("user and password must be UTF-8, {error}")))
        };
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => Some((decoded(user)?, decoded(password)?.into())),
            _ => return Err(wrong("it needs both a user and a password, or neither")),
        };
        let from: Option<Mailbox> = self.optional("MERX_MAIL_FROM")?;
        let remedy = "MERX_MAIL_FROM is not set. Set it to whom e-mails are from, `Shop <orders@shop.example>`.";
        Ok(SmtpConfig {
            port: url.port().unwrap_or(if tls == SmtpTls::Wrapped { 465 } else { 587 }),
            host,
            ca_file: self.ca_file(tls)?,
            tls,
            credentials,
            from: from.ok_or(remedy)?,
            reply_to: self.optional("MERX_MAIL_REPLY_TO")?,
            // A job's lease is of two minutes.
            timeout: std::time::Duration::from_millis(self.between("MERX_SMTP_TIMEOUT_MS", 60_000, 1..=100_000)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(url: &str, is_live: bool) -> Result<SmtpConfig, String> {
        let get = |name: &str| match name {
            "MERX_SMTP_URL" => Some(url.to_owned()),
            "MERX_MAIL_FROM" => Some("Shop <orders@shop.example>".to_owned()),
            _ => None,
        };
        Environment { get: &get }.mail(is_live).map(|mail| mail.smtp.unwrap())
    }

    #[test]
    fn mail_servers_are_reached_with_tls_unless_they_are_here() {
        let ways = [
            ("smtps://u:p@smtp.example.com", SmtpTls::Wrapped, 465),
            ("smtp://u:p@smtp.example.com", SmtpTls::StartTls, 587),
            ("smtp://u:p@smtp.example.com:2587", SmtpTls::StartTls, 2587),
            ("smtp://127.0.0.1:25", SmtpTls::None, 25),
            ("smtp://[::1]:25", SmtpTls::None, 25),
            ("smtp://localhost:25?tls=required", SmtpTls::StartTls, 25),
            ("smtp://mail:1025?tls=none", SmtpTls::None, 1025),
        ];
        for (url, tls, port) in ways {
            let smtp = read(url, false).unwrap();
            assert_eq!((smtp.tls, smtp.port), (tls, port), "{url}");
        }
        let (user, password) = read("smtps://apikey:a%40b%3A@host", true).unwrap().credentials.unwrap();
        assert_eq!((user.as_str(), password.expose_secret()), ("apikey", "a@b:"));
    }

    #[test]
    fn a_wrong_address_is_told_without_its_password() {
        for url in [
            "http://u:geheim@host",
            "smtp://u@host",
            "smtp://:geheim@host",
            "smtps://u:geheim@host?tls=none",
            "host:25",
            "smtp://u:geheim@host?x=y",
        ] {
            let error = read(url, false).unwrap_err();
            assert!(error.starts_with("MERX_SMTP_URL is not valid: ") && !error.contains("geheim"), "{error}");
        }
        assert!(read("smtp://mail:1025?tls=none", true).unwrap_err().contains("live key"));
    }
}
