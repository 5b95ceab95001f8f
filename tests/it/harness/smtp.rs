//! A mail server that does what a test says: takes mails, refuses them, falls silent, hangs up; with TLS or without.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::guard;

/// What is done with a mail.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed {
    /// `RCPT` is answered with this.
    AtRecipient(&'static str),
    /// The end of the message is answered with this; the mail is not taken.
    AtEnd(&'static str),
    /// The mail is taken, and nothing answered.
    FallSilent,
    /// The mail is taken, and the connection closed without an answer.
    HangUp,
}

/// A mail that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) recipient: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) message_id: String,
    pub(crate) headers: String,
}

/// How a server speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tls {
    /// From the first byte.
    Wrapped,
    /// After `STARTTLS`, before which it takes neither logins nor mails.
    Started,
}

#[derive(Default)]
struct State {
    deeds: VecDeque<Deed>,
    /// What `AUTH` is answered with; not offered when absent.
    auth: Option<&'static str>,
    /// Who may send, by `AUTH PLAIN`; nobody else may.
    login: Option<String>,
    taken: Vec<Taken>,
    /// Every line that a client sent outside messages, and whether by TLS.
    lines: Vec<(String, bool)>,
}

/// A running mail server.
pub(crate) struct SmtpServer {
    port: u16,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
    /// The certificate of the authority that its own is from.
    authority: Option<String>,
}

impl SmtpServer {
    pub(crate) async fn start() -> Self {
        Self::open(None, None).await
    }

    /// One that speaks TLS only, with a certificate of an authority that nobody knows ([`Self::authority`]).
    pub(crate) async fn with_tls(tls: Tls) -> Self {
        let (acceptor, authority) = certified();
        Self::open(Some((tls, acceptor)), Some(authority)).await
    }

    async fn open(tls: Option<(Tls, TlsAcceptor)>, authority: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, tls) = (Arc::clone(&shared), tls.clone());
                // A client that hangs up is none of the server's troubles.
                tokio::spawn(async move {
                    match tls {
                        None => drop(serve(Box::new(stream), None, false, &shared).await),
                        Some((Tls::Started, acceptor)) => {
                            drop(serve(Box::new(stream), Some(acceptor), false, &shared).await);
                        }
                        Some((Tls::Wrapped, acceptor)) => {
                            let Ok(stream) = acceptor.accept(stream).await else { return };
                            drop(serve(Box::new(stream), None, true, &shared).await);
                        }
                    }
                });
            }
        });
        Self { port, state, task, authority }
    }

    /// A file with the certificate of the authority.
    pub(crate) fn authority(&self) -> std::path::PathBuf {
        let file = std::env::temp_dir().join(format!("merx-authority-{}.pem", uuid::Uuid::new_v4()));
        std::fs::write(&file, self.authority.as_ref().unwrap()).unwrap();
        file
    }

    /// Who may send from now on.
    pub(crate) fn accept_login(&self, user: &str, password: &str) {
        self.state.lock().unwrap().login = Some(BASE64.encode(format!("\0{user}\0{password}")));
    }

    /// `MERX_SMTP_URL` with TLS.
    pub(crate) fn tls_url(&self, tls: Tls, credentials: &str) -> String {
        match tls {
            Tls::Wrapped => format!("smtps://{credentials}localhost:{}", self.port),
            Tls::Started => format!("smtp://{credentials}localhost:{}?tls=required", self.port),
        }
    }

    /// `MERX_SMTP_URL`, with something before the host or after the port.
    pub(crate) fn url(&self, credentials: &str, query: &str) -> String {
        format!("smtp://{credentials}127.0.0.1:{}{query}", self.port)
    }

    /// What is done with the next mails; those after them are taken.
    pub(crate) fn next(&self, deeds: &[Deed]) {
        self.state.lock().unwrap().deeds.extend(deeds);
    }

    /// Offers `AUTH PLAIN`, and answers it with this.
    pub(crate) fn answer_auth(&self, answer: &'static str) {
        self.state.lock().unwrap().auth = Some(answer);
    }

    /// The mails that were taken, oldest first.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.state.lock().unwrap().taken.clone()
    }

    /// The subjects of the mails to somebody, oldest first.
    pub(crate) fn subjects(&self, recipient: &str) -> Vec<String> {
        let taken = self.taken().into_iter().filter(|mail| mail.recipient == recipient);
        taken.map(|mail| mail.subject).collect()
    }

    /// Whether a client ever sent a line that begins so.
    pub(crate) fn heard(&self, start: &str) -> bool {
        self.state.lock().unwrap().lines.iter().any(|(line, _)| line.starts_with(start))
    }

    /// Every verb that was ever sent without TLS.
    pub(crate) fn heard_in_clear(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let clear = state.lines.iter().filter(|(_, by_tls)| !by_tls);
        clear.map(|(line, _)| line.split(' ').next().unwrap().to_owned()).collect()
    }

    /// Waits until so many mails were taken.
    pub(crate) async fn has_taken(&self, count: usize) {
        guard(async {
            while self.taken().len() < count {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A certificate for this machine, and that of the authority which gave it.
fn certified() -> (TlsAcceptor, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], key.into())
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority.pem())
}

/// A connection, with TLS or without.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

type Stream = BufReader<Box<dyn Wire>>;

/// `starter` is what `STARTTLS` starts, until it did.
async fn serve(
    stream: Box<dyn Wire>,
    mut starter: Option<TlsAcceptor>,
    mut by_tls: bool,
    state: &Mutex<State>,
) -> std::io::Result<()> {
    let mut stream: Stream = BufReader::new(stream);
    let mut is_known = false;
    let (mut recipient, mut deed) = (String::new(), None);
    stream.write_all(b"220 test ESMTP\r\n").await?;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let (said, auth) = (line.trim_end().to_owned(), state.lock().unwrap().auth);
        let login = state.lock().unwrap().login.clone();
        state.lock().unwrap().lines.push((said.clone(), by_tls));
        let verb = said.split([' ', ':']).next().unwrap().to_ascii_uppercase();
        if let ("STARTTLS", Some(acceptor)) = (verb.as_str(), starter.take_if(|_| verb == "STARTTLS")) {
            stream.write_all(b"220 go on\r\n").await?;
            stream = BufReader::new(Box::new(acceptor.accept(stream.into_inner()).await?));
            by_tls = true;
            continue;
        }
        let answer = match (verb.as_str(), auth) {
            ("EHLO", _) if starter.is_some() => "250-test\r\n250 STARTTLS",
            ("EHLO", _) if login.is_some() => "250-test\r\n250 AUTH PLAIN",
            ("AUTH", _) if login.is_some() => {
                is_known = said.strip_prefix("AUTH PLAIN ") == login.as_deref();
                if is_known { "235 2.7.0 welcome" } else { "535 5.7.8 bad credentials" }
            }
            ("MAIL", _) if starter.is_some() || login.is_some() && !is_known => "530 5.7.0 not like this",
            ("EHLO", Some(_)) => "250-test\r\n250 AUTH PLAIN",
            ("AUTH", Some(answer)) => answer,
            ("MAIL", _) => {
                deed = state.lock().unwrap().deeds.pop_front();
                "250 ok"
            }
            ("RCPT", _) => {
                recipient = said.split(['<', '>']).nth(1).unwrap().to_owned();
                if let Some(Deed::AtRecipient(answer)) = deed { answer } else { "250 ok" }
            }
            ("DATA", _) => {
                stream.write_all(b"354 go on\r\n").await?;
                let message = message(&mut stream).await?;
                if let Some(Deed::AtEnd(answer)) = deed {
                    answer
                } else {
                    state.lock().unwrap().taken.push(parse(&recipient, &message));
                    match deed {
                        Some(Deed::HangUp) => return Ok(()),
                        Some(Deed::FallSilent) => std::future::pending().await,
                        Some(Deed::AtRecipient(_) | Deed::AtEnd(_)) | None => "250 taken",
                    }
                }
            }
            ("EHLO" | "NOOP" | "RSET" | "QUIT", _) => "250 ok",
            _ => "502 what?",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

/// The message up to its full stop.
async fn message(stream: &mut Stream) -> std::io::Result<String> {
    let mut message = String::new();
    loop {
        let start = message.len();
        if stream.read_line(&mut message).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if &message[start..] == ".\r\n" {
            message.truncate(start);
            return Ok(message);
        }
        if message[start..].starts_with("..") {
            message.remove(start);
        }
    }
}

/// As a mail program would read it.
fn parse(recipient: &str, message: &str) -> Taken {
    let parsed = mail_parser::MessageParser::default().parse(message).unwrap();
    Taken {
        recipient: recipient.to_owned(),
        subject: parsed.subject().unwrap().to_owned(),
        text: parsed.body_text(0).unwrap().replace("\r\n", "\n"),
        html: parsed.body_html(0).unwrap().into_owned(),
        message_id: parsed.message_id().unwrap().to_owned(),
        headers: message.split("\r\n\r\n").next().unwrap().to_owned(),
    }
}
