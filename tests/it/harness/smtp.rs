//! A mail server that does what a test says: takes mails, refuses them, falls silent, hangs up.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

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

#[derive(Default)]
struct State {
    deeds: VecDeque<Deed>,
    /// What `AUTH` is answered with; not offered when absent.
    auth: Option<&'static str>,
    taken: Vec<Taken>,
    /// Every line that a client sent outside messages.
    lines: Vec<String>,
}

/// A running mail server.
pub(crate) struct SmtpServer {
    port: u16,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl SmtpServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                // A client that hangs up is none of the server's troubles.
                tokio::spawn(async move { drop(serve(stream, &shared).await) });
            }
        });
        Self { port, state, task }
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
        self.state.lock().unwrap().lines.iter().any(|line| line.starts_with(start))
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

async fn serve(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut recipient, mut deed) = (String::new(), None);
    stream.write_all(b"220 test ESMTP\r\n").await?;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let (said, auth) = (line.trim_end().to_owned(), state.lock().unwrap().auth);
        state.lock().unwrap().lines.push(said.clone());
        let verb = said.split([' ', ':']).next().unwrap().to_ascii_uppercase();
        let answer = match (verb.as_str(), auth) {
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
async fn message(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
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
