//! A client that only reads, and costs next to nothing: on two cores, what the load takes the service lacks.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection to one server, for `GET` alone.
pub(crate) struct Reader {
    stream: TcpStream,
    host: String,
    buffer: Vec<u8>,
}

impl Reader {
    /// Connects.
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Self { stream, host: address.to_string(), buffer: Vec::new() })
    }

    /// Asks, and answers the body, which must come with 200 and its length.
    pub(crate) async fn get(&mut self, path: &str) -> Result<&str, String> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.host);
        self.stream.write_all(request.as_bytes()).await.map_err(|error| format!("GET {path}: {error}"))?;
        self.buffer.clear();
        let head = loop {
            self.read(path).await?;
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let text = String::from_utf8_lossy(self.buffer.get(..head).unwrap_or_default()).to_ascii_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
        let length =
            length.filter(|_| text.starts_with("http/1.1 200")).ok_or_else(|| format!("GET {path}: {text}"))?;
        while self.buffer.len() < head + length {
            self.read(path).await?;
        }
        std::str::from_utf8(self.buffer.get(head..).unwrap_or_default()).map_err(|error| error.to_string())
    }

    async fn read(&mut self, path: &str) -> Result<(), String> {
        self.buffer.reserve(64 * 1024);
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(0) => Err(format!("GET {path}: the server hung up")),
            Ok(_) => Ok(()),
            Err(error) => Err(format!("GET {path}: {error}")),
        }
    }
}
