//! Small servers on loopback for what a real API server cannot be made to do: break, lie, demand, stay silent.

pub mod authority;
pub mod kubeconfig;
pub mod proxy;
pub mod server;

use std::time::Duration;

/// Waits for a condition with a deadline; nothing here sleeps and hopes.
pub async fn until<F: Future<Output = Option<T>>, T>(what: &str, mut look: impl FnMut() -> F) -> T {
    let wait = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap_or_else(|_| panic!("never happened: {what}"))
}
