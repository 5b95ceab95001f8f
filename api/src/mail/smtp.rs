//! The way to the mail server: SMTP over kept connections, one mail at a time on each. A connection that gave anything
//! but a clean answer is not used again, so that no answer is taken for another's.

use std::error::Error;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};
use secrecy::ExposeSecret;

use super::{EmailRow, Rendered};
use crate::config::{SmtpConfig, SmtpTls};

/// How long a kept connection may take to say that it is alive.
const PROBE: Duration = Duration::from_secs(5);

/// How many idle connections are kept.
const MOST_IDLE: usize = 4;

/// Why a mail was not taken, or may not have been.
#[derive(Debug)]
pub struct Undelivered {
    /// What follows from it.
    pub verdict: Verdict,
    /// What the server or the network said; it may name the recipient.
    pub reason: String,
    /// The server's code, if it gave one.
    pub code: Option<String>,
}

/// What follows from a failed try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The server will never take this mail (5xx).
    Refused,
    /// It may take it later: 4xx, no connection, no answer. Without an answer it may have taken it now.
    Later,
    /// It takes nothing from us as we are configured: credentials, TLS.
    Misconfigured,
    /// It was not asked: something of ours is wrong, and may be mended before the next try.
    Ours,
}

/// The mail server.
pub struct Mailer {
    config: SmtpConfig,
    hello: ClientId,
    tls: Option<TlsParameters>,
    idle: Mutex<Vec<AsyncSmtpConnection>>,
}

impl Mailer {
    /// Prepares the way; opens no connection.
    ///
    /// # Errors
    /// When the root certificates, the machine's or those of `MERX_SMTP_CA_FILE`, cannot be used.
    pub fn new(config: &SmtpConfig) -> Result<Self, String> {
        Ok(Self {
            hello: ClientId::Domain(config.from.email.domain().to_owned()),
            tls: match config.tls {
                SmtpTls::None => None,
                SmtpTls::StartTls | SmtpTls::Wrapped => Some(parameters(config)?),
            },
            config: config.clone(),
            idle: Mutex::default(),
        })
    }

    /// The message of an e-mail. Its `Message-ID` and `Resend-Idempotency-Key` are of the row, so that whoever gets it
    /// twice can tell.
    ///
    /// # Errors
    /// When the recipient is no address.
    pub fn message(&self, email: &EmailRow, rendered: Rendered) -> Result<Message, String> {
        let recipient: Address = email.recipient.parse().map_err(|error| format!("the recipient: {error}"))?;
        let header = |name: &'static str, value: String| HeaderValue::new(HeaderName::new_from_ascii_str(name), value);
        let mut message = Message::builder()
            .from(self.config.from.clone())
            .to(Mailbox::new(None, recipient))
            .subject(rendered.subject)
            .date(email.created_at.into())
            .message_id(Some(format!("<{}@{}>", email.id, self.config.from.email.domain())))
            // Nobody's holiday notice answers it (RFC 3834).
            .raw_header(header("Auto-Submitted", "auto-generated".to_owned()))
            .raw_header(header("Resend-Idempotency-Key", email.id.to_string()));
        if let Some(reply_to) = &self.config.reply_to {
            message = message.reply_to(reply_to.clone());
        }
        let body = MultiPart::alternative_plain_html(rendered.text, rendered.html);
        message.multipart(body).map_err(|error| format!("the message: {error}"))
    }

    /// Gives a message to the server, within `MERX_SMTP_TIMEOUT_MS`.
    ///
    /// # Errors
    /// [`Undelivered`].
    pub async fn send(&self, message: &Message) -> Result<(), Undelivered> {
        match tokio::time::timeout(self.config.timeout, self.attempt(message)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Undelivered {
                verdict: Verdict::Later,
                reason: "no answer in time (MERX_SMTP_TIMEOUT_MS)".to_owned(),
                code: None,
            }),
        }
    }

    async fn attempt(&self, message: &Message) -> Result<(), Undelivered> {
        let mut connection = self.connection().await?;
        let sent = connection.send(message.envelope(), &message.formatted()).await;
        sent.map_err(|error| undelivered(&error, verdict(&error)))?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(connection);
        }
        Ok(())
    }

    /// A kept connection that still answers, or a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Undelivered> {
        while let Some(mut kept) = self.kept() {
            // One that was dropped on the way without a word must not cost the whole try.
            if tokio::time::timeout(PROBE, kept.test_connected()).await.unwrap_or(false) {
                return Ok(kept);
            }
        }
        let opened = self.open().await;
        opened.map_err(|error| {
            // What is said before there is a mail is about us, and not about the mail.
            let is_about_us = error.is_permanent() || error.is_client() || is_about_tls(&error);
            undelivered(&error, if is_about_us { Verdict::Misconfigured } else { Verdict::Later })
        })
    }

    fn kept(&self) -> Option<AsyncSmtpConnection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let SmtpConfig { host, port, tls, credentials, timeout, .. } = &self.config;
        let wrapped = self.tls.clone().filter(|_| *tls == SmtpTls::Wrapped);
        let server = (host.as_str(), *port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(*timeout), &self.hello, wrapped, None).await?;
        if let Some(parameters) = self.tls.clone().filter(|_| *tls == SmtpTls::StartTls) {
            connection.starttls(parameters, &self.hello).await?;
        }
        if let Some((user, password)) = credentials {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(connection)
    }
}

/// How the server's certificate is checked: by the machine's root certificates, and by those of `MERX_SMTP_CA_FILE`.
fn parameters(config: &SmtpConfig) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(file) = &config.ca_file {
        let wrong = |what: &str| format!("MERX_SMTP_CA_FILE=`{}` is not valid: {what}.", file.display());
        let pem = std::fs::read(file).map_err(|error| wrong(&error.to_string()))?;
        if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(wrong("it holds no certificate (PEM)"));
        }
        let roots = Certificate::from_pem(&pem).map_err(|error| wrong(&error.to_string()))?;
        builder = builder.add_root_certificate(roots);
    }
    builder.build_rustls().map_err(|error| format!("MERX_SMTP_URL: no TLS: {error}."))
}

/// Whether TLS failed. Where a connection begins with it, that is told as a connection that failed, for this reason.
fn is_about_tls(error: &SmtpError) -> bool {
    let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
    let is_tls = |cause: &(dyn Error + 'static)| {
        let within = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        within.is_some_and(|within| within.is::<rustls::Error>())
    };
    error.is_tls() || causes.any(is_tls)
}

/// RFC 5321: 4xx may be tried again, 5xx not; 53x is about who sends (RFC 4954).
fn verdict(error: &SmtpError) -> Verdict {
    match error.status().map(|code| code.to_string()) {
        Some(code) if code.starts_with("53") => Verdict::Misconfigured,
        Some(code) if code.starts_with('5') => Verdict::Refused,
        Some(_) | None => Verdict::Later,
    }
}

fn undelivered(error: &SmtpError, verdict: Verdict) -> Undelivered {
    let reason: String = error.to_string().chars().take(500).collect();
    Undelivered { verdict, reason, code: error.status().map(|code| code.to_string()) }
}
