//! A client that costs next to nothing: on two cores, what the load takes the service lacks.

use std::net::SocketAddr;

use actix_web::http::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection to one server, for one request after another.
pub(crate) struct Client {
    stream: TcpStream,
    host: String,
    request: Vec<u8>,
    answer: Vec<u8>,
}

/// What comes before the body of an answer.
struct Head {
    status: StatusCode,
    /// Where the body begins.
    bytes: usize,
    /// How long the body is.
    length: usize,
}

impl Client {
    /// Connects.
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Self { stream, host: address.to_string(), request: Vec::new(), answer: Vec::new() })
    }

    /// Asks for a text.
    pub(crate) async fn get(&mut self, path: &str) -> Result<&str, String> {
        let body = self.send(Method::GET, path, &[], None).await?;
        std::str::from_utf8(body).map_err(|error| format!("GET {path}: {error}"))
    }

    /// Asks, and reads the whole answer, which must be 2xx.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<&[u8], String> {
        let (status, body) = self.ask(method.clone(), path, headers, body).await?;
        if status.is_success() {
            return Ok(body);
        }
        Err(format!("{method} {path} answered {status}: {}", String::from_utf8_lossy(body)))
    }

    /// Asks, and reads the whole answer, whatever it is.
    pub(crate) async fn ask(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<(StatusCode, &[u8]), String> {
        self.request.clear();
        let mut write = |parts: &[&str]| parts.iter().for_each(|part| self.request.extend_from_slice(part.as_bytes()));
        write(&[method.as_str(), " ", path, " HTTP/1.1\r\nhost: ", &self.host, "\r\n"]);
        for (name, value) in headers {
            write(&[name, ": ", value, "\r\n"]);
        }
        match body {
            Some(body) => {
                let length = body.len().to_string();
                write(&["content-type: application/json\r\ncontent-length: ", &length, "\r\n\r\n", &body]);
            }
            None => write(&["\r\n"]),
        }
        let (status, bytes) = self.exchange().await.map_err(|error| format!("{method} {path}: {error}"))?;
        Ok((status, self.answer.get(bytes..).unwrap_or_default()))
    }

    /// Sends the request, and reads the answer; its status, and where its body begins.
    async fn exchange(&mut self) -> Result<(StatusCode, usize), String> {
        self.stream.write_all(&self.request).await.map_err(|error| error.to_string())?;
        self.answer.clear();
        let head = loop {
            self.read().await?;
            if let Some(head) = Head::of(&self.answer)? {
                break head;
            }
        };
        while self.answer.len() < head.bytes + head.length {
            self.read().await?;
        }
        Ok((head.status, head.bytes))
    }

    async fn read(&mut self) -> Result<(), String> {
        self.answer.reserve(64 * 1024);
        match self.stream.read_buf(&mut self.answer).await {
            Ok(0) => Err("the server hung up".to_owned()),
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Head {
    /// The head of an answer, once all of it is there. A body must come with its length.
    fn of(answer: &[u8]) -> Result<Option<Self>, String> {
        let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(answer.get(..end).unwrap_or_default()).map_err(|error| error.to_string())?;
        let mut lines = text.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
        let header =
            |wanted: &str| headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| *value);
        if header("transfer-encoding").is_some() {
            return Err(format!("no length: {text}"));
        }
        let length = header("content-length").map_or(Ok(0), str::parse).map_err(|error| format!("{error}: {text}"))?;
        let status = status.ok_or_else(|| format!("no answer of HTTP/1.1: {text}"))?;
        Ok(Some(Self { status, bytes: end + 4, length }))
    }
}
