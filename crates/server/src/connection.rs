//! Connections: how many there may be, and how long one may take to say what it wants.
//!
//! A connection holds a file descriptor, which the ledger and git need as well. Without bounds anybody could open
//! connections, say nothing, and stop everything else.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

/// How many connections are open at once; others wait to be accepted. Half of the file descriptors that a process
/// usually may have.
const CONNECTIONS: usize = 512;
/// The share of them that one address may hold, in quarters: others have to get through to say that something is wrong.
const QUARTERS: usize = 3;
/// How long the head of a request may take, counted from the connection or from the end of the request before.
const HEAD: Duration = Duration::from_mins(1);
/// How long is waited when the system has no file descriptor left.
const EXHAUSTED: Duration = Duration::from_secs(1);

/// Serves connections until `shutdown` resolves, then lets requests that are under way end.
pub(crate) async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    serve_within(listener, None, router, shutdown, CONNECTIONS, HEAD).await;
}

/// The same over TLS.
pub(crate) async fn serve_tls(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    serve_within(listener, Some(acceptor), router, shutdown, CONNECTIONS, HEAD).await;
}

async fn serve_within(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    shutdown: impl Future<Output = ()>,
    connections: usize,
    head: Duration,
) {
    let turns = Arc::new(Semaphore::new(connections));
    let places: Places = Arc::default();
    let graceful = GracefulShutdown::new();
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head);
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &turns) => accepted,
            () = &mut shutdown => break,
        };
        let Some((stream, peer, turn)) = accepted else { continue };
        let Some(place) = Place::take(&places, peer.ip(), (connections * QUARTERS / 4).max(1)) else {
            continue;
        };
        let inner = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            inner.call(request)
        });
        let (builder, watcher, acceptor) = (builder.clone(), graceful.watcher(), acceptor.clone());
        tokio::spawn(async move {
            // Clients that go away or send what is no HTTP are nobody's error here.
            match acceptor {
                None => {
                    let connection = builder.serve_connection(TokioIo::new(stream), service);
                    let _ = watcher.watch(connection).await;
                }
                Some(acceptor) => {
                    // Whoever connects and does not begin to speak TLS holds a turn as well.
                    if let Ok(Ok(stream)) = tokio::time::timeout(head, acceptor.accept(stream)).await {
                        let connection = builder.serve_connection(TokioIo::new(stream), service);
                        let _ = watcher.watch(connection).await;
                    }
                }
            }
            drop((turn, place));
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// How many connections each address holds.
type Places = Arc<Mutex<BTreeMap<IpAddr, usize>>>;

/// One connection of an address, as long as it is there.
struct Place {
    places: Places,
    address: IpAddr,
}

impl Place {
    /// `None` when the address has as many as it may.
    fn take(places: &Places, address: IpAddr, most: usize) -> Option<Self> {
        let mut held = places.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Self { places: Arc::clone(places), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.address);
            }
        }
    }
}

/// The next connection and its turn; `None` when it was gone before it was there.
async fn accept(
    listener: &TcpListener,
    turns: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let turn = Arc::clone(turns).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, turn)),
        Err(error) => {
            use std::io::ErrorKind;
            let gone =
                [ErrorKind::ConnectionAborted, ErrorKind::ConnectionRefused, ErrorKind::ConnectionReset];
            if !gone.contains(&error.kind()) {
                tracing::error!(%error, "no connection could be accepted: {error}");
                tokio::time::sleep(EXHAUSTED).await;
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::SocketAddr;
    use std::time::Duration;

    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpSocket, TcpStream};

    use super::serve_within;

    /// A connection from one of the addresses of this machine.
    async fn from(own: u8, address: SocketAddr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, own], 0))).unwrap();
        socket.connect(address).await.unwrap()
    }

    async fn ask(stream: &mut TcpStream) -> String {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }

    #[tokio::test]
    async fn one_address_cannot_take_all_places() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "hello" }));
        let server = tokio::spawn(serve_within(
            listener,
            None,
            router,
            std::future::pending(),
            4,
            Duration::from_mins(1),
        ));
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(from(2, address).await);
        }
        let mut refused = from(2, address).await;
        assert_eq!(refused.read(&mut [0]).await.unwrap_or(0), 0, "it is closed at once");
        assert!(ask(&mut from(3, address).await).await.ends_with("hello"));
        // A place that is given up is there for the next one.
        assert!(ask(&mut held.remove(0)).await.ends_with("hello"));
        assert!(ask(&mut from(2, address).await).await.ends_with("hello"));
        server.abort();
    }

    #[tokio::test]
    async fn who_says_nothing_makes_room_for_others() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "hello" }));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let shutdown = async move {
            let _ = stopped.await;
        };
        let server =
            tokio::spawn(serve_within(listener, None, router, shutdown, 2, Duration::from_millis(100)));
        let mut silent = Vec::new();
        for (own, beginning) in [(2, ""), (3, "GET / HT")] {
            let mut stream = from(own, address).await;
            stream.write_all(beginning.as_bytes()).await.unwrap();
            silent.push(stream);
        }
        let answer = ask(&mut from(4, address).await).await;
        assert!(answer.ends_with("hello"), "{answer}");
        stop.send(()).unwrap();
        server.await.unwrap();
    }
}
