//! Two connections joined, each byte so much later.

use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Bytes read at once, and pieces that may be on their way: what a long, fat pipe holds.
const PIECE_BYTES: usize = 16 << 10;
const PIECES: usize = 256;

/// Carries bytes both ways until both sides have ended, or one has failed. An end is passed on, so that a caller that has
/// said all still hears the answer.
pub async fn join(caller: TcpStream, callee: TcpStream, delay: Duration) {
    // A socket that takes no option is no reason to refuse it.
    let _ = (caller.set_nodelay(true), callee.set_nodelay(true));
    let (caller_read, caller_write) = caller.into_split();
    let (callee_read, callee_write) = callee.into_split();
    // When one way fails the other is dropped with it: a half that is broken must not be waited for.
    let _ = tokio::try_join!(one_way(caller_read, callee_write, delay), one_way(callee_read, caller_write, delay));
}

async fn one_way(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, delay: Duration) -> io::Result<()> {
    if delay.is_zero() {
        tokio::io::copy(&mut from, &mut to).await?;
        return to.shutdown().await;
    }
    let (sender, mut receiver) = mpsc::channel::<(Instant, Vec<u8>)>(PIECES);
    let read = async move {
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            let length = from.read(&mut piece).await?;
            piece.truncate(length);
            if length == 0 || sender.send((Instant::now() + delay, piece)).await.is_err() {
                return Ok::<(), io::Error>(());
            }
        }
    };
    let write = async move {
        while let Some((due, piece)) = receiver.recv().await {
            sleep_until(due).await;
            to.write_all(&piece).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(read, write).map(|_| ())
}
