//! How long a body may take: a connection that sends a byte now and then holds its place as long as it likes otherwise.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures::StreamExt as _;
use tokio::time::{Instant, timeout_at};

/// How long any body may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// What has to arrive in each second after that, on the average since the beginning.
const BYTES_PER_SECOND: u64 = 16 * 1024;

/// Ends a body that comes too slowly with an error.
pub(crate) async fn within_time(request: Request, next: Next) -> Response {
    next.run(request.map(|body| timed(body, PATIENCE))).await
}

fn timed(body: Body, patience: Duration) -> Body {
    let begin = (body.into_data_stream(), Instant::now() + patience, false);
    let parts = futures::stream::unfold(begin, |(mut stream, deadline, is_over)| async move {
        if is_over {
            return None;
        }
        match timeout_at(deadline, stream.next()).await {
            Ok(Some(Ok(bytes))) => {
                let earned = Duration::from_millis(bytes.len() as u64 * 1000 / BYTES_PER_SECOND);
                Some((Ok(bytes), (stream, deadline + earned, false)))
            }
            Ok(Some(Err(error))) => Some((Err(io::Error::other(error)), (stream, deadline, true))),
            Ok(None) => None,
            Err(_) => {
                let error = io::Error::new(io::ErrorKind::TimedOut, "the body came too slowly");
                Some((Err(error), (stream, deadline, true)))
            }
        }
    });
    Body::from_stream(parts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use axum::body::{Body, to_bytes};
    use futures::StreamExt as _;

    use super::timed;

    #[tokio::test]
    async fn a_body_that_stops_is_ended_and_one_that_flows_is_not() {
        let few = || futures::stream::iter((0..20).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 1_000])));
        let stopped = timed(Body::from_stream(few().chain(futures::stream::pending())), Duration::ZERO);
        let stopped = to_bytes(stopped, usize::MAX).await;
        assert!(format!("{:?}", stopped.unwrap_err()).contains("too slowly"));
        let flowing = timed(Body::from_stream(few()), Duration::from_secs(30));
        assert_eq!(to_bytes(flowing, usize::MAX).await.unwrap().len(), 20_000);
    }
}
