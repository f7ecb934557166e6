//! Many requests at once over connections that stay open: how many a second, and how long each takes.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::bench::statistic::quantile;
use crate::failure::CliError;

/// A head of an answer is not longer.
const HEAD: usize = 16 * 1024;

/// What came of a load.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// Answers a second.
    pub rate: f64,
    /// The median time of a request.
    pub p50: Duration,
    /// The 99th percentile of the time of a request.
    pub p99: Duration,
    /// How many answers there were.
    pub answers: usize,
    /// How many bytes they had, heads aside.
    pub bytes: usize,
}

/// Asks for `path` of the server at `authority` (`host:port`) over as many connections for as long.
///
/// # Errors
///
/// When a connection breaks, or an answer is not 200.
pub async fn load(
    authority: &str,
    path: &str,
    connections: usize,
    length: Duration,
) -> Result<Load, CliError> {
    let until = Instant::now() + length;
    let began = Instant::now();
    let workers: Vec<_> =
        (0..connections).map(|_| tokio::spawn(work(authority.to_owned(), path.to_owned(), until))).collect();
    let mut times = Vec::new();
    let mut bytes = 0;
    for worker in workers {
        let done = worker.await.map_err(|error| CliError::failed(error.to_string(), None))??;
        times.extend(done.times);
        bytes += done.bytes;
    }
    let rate = times.len() as f64 / began.elapsed().as_secs_f64();
    Ok(Load { rate, p50: quantile(&times, 0.5), p99: quantile(&times, 0.99), answers: times.len(), bytes })
}

struct Done {
    times: Vec<Duration>,
    bytes: usize,
}

async fn work(authority: String, path: String, until: Instant) -> Result<Done, CliError> {
    let broken = |what: String| CliError::failed(format!("{path}: {what}"), None);
    let mut stream = TcpStream::connect(&authority).await.map_err(|error| broken(error.to_string()))?;
    stream.set_nodelay(true).map_err(|error| broken(error.to_string()))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {authority}\r\nx-fairway-client: cli/bench\r\n\r\n");
    let mut done = Done { times: Vec::new(), bytes: 0 };
    let mut buffer: Vec<u8> = Vec::with_capacity(64 * 1024);
    while Instant::now() < until {
        let began = Instant::now();
        stream.write_all(request.as_bytes()).await.map_err(|error| broken(error.to_string()))?;
        done.bytes += answer(&mut stream, &mut buffer).await.map_err(&broken)?;
        done.times.push(began.elapsed());
    }
    Ok(done)
}

/// Reads one answer and gives the length of its body.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<usize, String> {
    buffer.clear();
    let head = loop {
        read(stream, buffer).await?;
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if buffer.len() > HEAD {
            return Err("the answer has no head".to_owned());
        }
    };
    let text = String::from_utf8_lossy(buffer.get(..head).unwrap_or_default()).to_lowercase();
    if !text.starts_with("http/1.1 200") {
        return Err(format!("the server answers {}", text.lines().next().unwrap_or_default()));
    }
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    if let Some(length) = field("content-length:") {
        let length: usize = length.parse().map_err(|_| format!("the answer's length is {length}"))?;
        while buffer.len() < head + length {
            read(stream, buffer).await?;
        }
        return Ok(length);
    }
    // In chunks: the last one is empty.
    while !buffer.ends_with(b"0\r\n\r\n") {
        read(stream, buffer).await?;
    }
    Ok(buffer.len() - head)
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(), String> {
    buffer.reserve(32 * 1024);
    match stream.read_buf(buffer).await {
        Ok(0) => Err("the connection ended".to_owned()),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::load;

    async fn server(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = [0; 1024];
                    while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                        stream.write_all(answer.as_bytes()).await.unwrap();
                    }
                });
            }
        });
        address
    }

    #[tokio::test]
    async fn answers_are_counted_and_failures_are_told() {
        let length = Duration::from_millis(50);
        let whole = server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await;
        let done = load(&whole, "/", 2, length).await.unwrap();
        assert!(done.answers > 0 && done.bytes == done.answers * 5);
        let chunked =
            server("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n").await;
        assert!(load(&chunked, "/", 1, length).await.unwrap().answers > 0);
        let failing = server("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n").await;
        assert!(load(&failing, "/x", 1, length).await.unwrap_err().to_string().contains("503"));
    }
}
