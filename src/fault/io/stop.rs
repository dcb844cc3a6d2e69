//! The emergency stop: latches, ends everything, and is lifted by a person with a reason.

use futures::{StreamExt as _, stream::FuturesUnordered};
use serde_json::json;

use super::{engine::Engine, finding::get, outside::Outside, premises::stop_place};
use crate::{
    cluster::{
        Manifest,
        api::{Preconditions, Removal, Write, WriteApi},
        io::cluster_id,
        warrant::Warrant,
    },
    fault::{guard, refusal::OrderError, view::InjectionView},
    journal::{
        entry::Cause,
        io::latch::{self, Latch},
    },
};

/// What an emergency stop came to.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Stopped {
    /// Every injection that was to be ended, newest first.
    pub injections: Vec<InjectionView>,
    /// Others' injections that go on (without `everyone`).
    pub foreign: Vec<InjectionView>,
    /// What could not be reached or done besides, in words.
    pub warnings: Vec<String>,
    /// What was to be ended and was not, or could not even be looked for, in words: a fault may go on.
    pub unended: Vec<String>,
}

impl Stopped {
    /// Everything asked for has ended.
    pub fn all_ended(&self) -> bool {
        self.unended.is_empty() && self.injections.iter().all(InjectionView::ended)
    }
}

impl<A: WriteApi + 'static> Engine<A> {
    /// Latches, then ends every own open injection (everyone's with `everyone`); answers when each has ended or is stuck.
    /// What stands in the way of the latch or of one injection is told, never a reason to leave the others.
    pub async fn stop_all(&self, everyone: bool) -> Result<Stopped, OrderError> {
        if self.bench.place.readonly {
            return Err(OrderError::ReadOnly);
        }
        let (place, api) = (&self.bench.place, &self.bench.api);
        let mut warnings = Vec::new();
        let by = format!("{} ({})", place.user, place.host);
        if let Err(error) = latch::set(&place.state_dir, &Latch { at: api.now(), by: by.clone() }) {
            warnings.push(format!("the latch on this machine could not be set: {error}"));
        }
        // What this process keeps is told before anything else is asked of the cluster.
        let mut ends: Vec<_> = self.kept().into_iter().filter(|view| !view.ended()).collect();
        ends.sort_by_key(|view| std::cmp::Reverse(view.since));
        let mut ids: Vec<String> = ends.into_iter().map(|view| view.injection).collect();
        for id in &ids {
            self.tell_end(id, Cause::Stop);
        }
        warnings.extend(self.latch_cluster(&by).await);
        let (mut foreign, mut unended) = (Vec::new(), Vec::new());
        match self.outside().await {
            Ok((outside, unseen)) => {
                warnings.extend(unseen.notes);
                unended.extend(unseen.lost);
                for found in outside {
                    match found {
                        Outside::Own(_, _, view) | Outside::Held(view, _) => ids.push(view.injection),
                        // It is over; the next scan puts it away.
                        Outside::Over(..) => {}
                        Outside::Foreign(claims) if everyone || claims.any_of(&place.user) => {
                            ids.push(claims.id().to_owned());
                        }
                        Outside::Foreign(claims) => foreign.extend(claims.view()),
                    }
                }
            }
            Err(error) => unended.push(format!("open faults could not be looked for, some may go on: {error}")),
        }
        let end =
            async |id: &String| self.end(id, Cause::Stop).await.map_err(|error| format!("{id} may go on: {error}"));
        let mut running: FuturesUnordered<_> = ids.iter().map(end).collect();
        let mut injections = Vec::new();
        while let Some(ended) = running.next().await {
            match ended {
                Ok(view) => injections.push(view),
                Err(why) => unended.push(why),
            }
        }
        injections.sort_by_key(|view| std::cmp::Reverse(view.since));
        Ok(Stopped { injections, foreign, warnings, unended })
    }

    /// Sets the latch in `home`, so that other operators are stopped as well.
    async fn latch_cluster(&self, by: &str) -> Option<String> {
        let (place, api) = (&self.bench.place, &*self.bench.api);
        let Some(home) = &place.home else {
            return Some("other operators are not stopped: the policy names no `home` namespace".to_owned());
        };
        let warrant = match self.stop_warrant().await {
            Ok(warrant) => warrant,
            Err(error) => return Some(format!("other operators are not stopped: {error}")),
        };
        let stop = Manifest(json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "brink-stop", "namespace": home},
            "data": {"by": by, "at": api.now().to_string()}
        }));
        match api.write(&warrant, &Write::Create(stop_place(home), stop)).await {
            Ok(_) => None,
            Err(trouble) if trouble.code() == Some(409) => None,
            Err(trouble) => Some(format!("other operators are not stopped: {trouble}")),
        }
    }

    async fn stop_warrant(&self) -> Result<Warrant, OrderError> {
        let home: Vec<String> = self.bench.place.home.iter().cloned().collect();
        let cluster = cluster_id::ask(&*self.bench.api, &home).await;
        cluster.map(|cluster| guard::undo("brink-stop", cluster)).map_err(|trouble| OrderError::Link {
            what: "asking which cluster this is".to_owned(),
            why: trouble.to_string(),
        })
    }

    /// Whether the stop is on, and since when and by whom, in words.
    pub async fn latched(&self) -> Option<String> {
        match super::premises::latched(&*self.bench.api, &self.bench.place).await {
            Err(crate::fault::refusal::ApplyError::Latched { by }) => Some(by),
            _ => None,
        }
    }

    /// Lifts the latch here and in `home`, and logs who did and why.
    pub async fn release(&self, reason: &str) -> Result<(), OrderError> {
        let (place, api) = (&self.bench.place, &*self.bench.api);
        if place.readonly {
            return Err(OrderError::ReadOnly);
        }
        latch::lift(&place.state_dir)
            .map_err(|error| OrderError::Disk { what: "lifting the latch".to_owned(), why: error.to_string() })?;
        tracing::info!(reason, user = place.user, "the emergency stop was released");
        let Some(home) = &place.home else { return Ok(()) };
        let link = |why: String| OrderError::Link { what: format!("lifting the latch in {home}"), why };
        let Some(stop) = get(api, &stop_place(home)).await.map_err(|trouble| link(trouble.to_string()))? else {
            return Ok(());
        };
        let uid = stop.text(&["metadata", "uid"]).map(str::to_owned);
        let warrant = self.stop_warrant().await?;
        // The very stop that was read: one that was set again meanwhile holds.
        let conditions = Preconditions { uid, resource_version: stop.resource_version().map(str::to_owned) };
        match api.write(&warrant, &Write::Delete(stop_place(home), conditions, Removal::default())).await {
            Ok(_) => Ok(()),
            Err(trouble) if trouble.not_found() => Ok(()),
            Err(trouble) => Err(link(trouble.to_string())),
        }
    }
}
