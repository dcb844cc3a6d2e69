//! A person's hand on a cluster: what the cockpit's doors do, without the cockpit.

use std::{
    sync::{Arc, atomic::AtomicU32, atomic::Ordering},
    time::Duration,
};

use brink::{
    cluster::{
        Manifest, ObjectRef,
        api::{Api as _, Read},
        io::{connect::Link, live::Live},
    },
    fault::{
        action::{Action, ActionKind, Seen},
        approval::{Approval, How},
        checked::Checked,
        file::{self, Defaults},
        foreseen::Foreseen,
        intent::Fault,
        io::{acting, check, engine::Engine},
        policy::Policy,
        preview::Ruling,
        refusal::ApplyError,
        rules::Terms,
        traffic::Traffic,
        view::InjectionView,
    },
    mesh::{io::metrics::Metrics, wanted::Wanted},
    runtime,
};
use tokio::{runtime::Runtime, sync::mpsc};

use crate::suite::support::{guardians::State, wait::found};

pub struct Hand {
    runtime: Runtime,
    pub live: Live,
    engine: Engine<Live>,
    views: std::sync::Mutex<mpsc::Receiver<InjectionView>>,
    terms: Terms,
    next: AtomicU32,
    /// Dropped last.
    state: State,
}

impl Hand {
    /// On what `link` leads to.
    pub fn of(link: impl FnOnce() -> Link) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let state = State::new();
        let live = {
            let _inside = runtime.enter();
            Live::new(link(), false)
        };
        let policy = Policy::default();
        let (engine, views) = runtime.block_on(Self::engine(&live, &state, &policy));
        let terms = Terms { policy, context: "kind-demo".to_owned(), readonly: false };
        Self { runtime, live, engine, views: std::sync::Mutex::new(views), terms, next: AtomicU32::new(1), state }
    }

    async fn engine(live: &Live, state: &State, policy: &Policy) -> (Engine<Live>, mpsc::Receiver<InjectionView>) {
        let (tell, views) = mpsc::channel(1024);
        let metrics = Metrics::new(Wanted::default(), None, Duration::from_secs(1));
        let engine = runtime::engine::engine(live, state.path(), policy, Arc::new(|| true), &metrics, tell).await;
        (engine, views)
    }

    /// A brink that starts later on the same machine.
    fn later(&self) -> Engine<Live> {
        self.wait(Self::engine(&self.live, &self.state, &self.terms.policy)).0
    }

    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    pub fn get(&self, object: &ObjectRef) -> Option<Manifest> {
        match self.wait(self.live.read(&Read::Get(object.clone()))) {
            Ok(answer) => Some(answer.body),
            Err(trouble) if trouble.not_found() => None,
            Err(trouble) => panic!("{}: {trouble}", object.short()),
        }
    }

    /// Looks until an object is so.
    #[track_caller]
    pub fn until(&self, what: &str, object: &ObjectRef, holds: impl Fn(&Manifest) -> bool) -> Manifest {
        found(what, 120, || self.get(object).filter(|object| holds(object)))
    }

    pub fn look(&self, action: ActionKind, object: &ObjectRef) -> Result<Seen, acting::CannotLook> {
        self.wait(acting::look(&self.live, action, object))
    }

    /// The preview of an intent.
    pub fn checked(&self, fault: &Fault) -> Checked {
        let id = format!("act{:03}", self.next.fetch_add(1, Ordering::SeqCst));
        let checked =
            self.wait(check::prepare_change(&self.live, fault, &id, &self.terms, &Traffic::default())).unwrap();
        let refused: Vec<_> = checked.preview.guard.iter().filter(|one| one.verdict == Ruling::Refuse).collect();
        assert!(refused.is_empty(), "{refused:?}");
        checked
    }

    /// The preview of an action.
    pub fn previewed(&self, object: &ObjectRef, action: &Action) -> Checked {
        let seen = self.look(action.kind(), object).unwrap();
        self.checked(&action.intent(&seen).unwrap())
    }

    /// Applies what was previewed, its name typed. Where something moved, the new preview is read.
    #[track_caller]
    pub fn apply(&self, mut checked: Checked) -> String {
        found("a world that stands still", 120, || match self.try_to(&checked) {
            Ok(id) => Some(id),
            Err(ApplyError::Moved { .. }) => {
                checked = self.checked(&checked.plan.fault);
                None
            }
            Err(error) => panic!("{error}"),
        })
    }

    fn try_to(&self, checked: &Checked) -> Result<String, ApplyError> {
        self.wait(async {
            let now = check::still(&self.live, checked, &self.terms, &Traffic::default()).await?;
            let intent = file::value(&now.plan.fault);
            let how = How::Typed(now.confirm_name.clone());
            let approval = Approval { how, token: now.token.clone() };
            self.engine.apply(now, approval, intent).await
        })
    }

    /// An action from look to end.
    pub fn act(&self, object: &ObjectRef, action: &Action) -> String {
        self.apply(self.previewed(object, action))
    }

    /// Objects as a file makes them.
    pub fn make(&self, yaml: &str) -> String {
        let fault = file::read("objects", yaml, &Defaults::of("shop")).unwrap();
        self.apply(self.checked(&fault))
    }

    /// The view of a change, by the journal as a later brink reads it.
    pub fn kept(&self, id: &str) -> InjectionView {
        let later = self.later();
        let all = self.wait(later.changes()).unwrap();
        all.into_iter().find(|view| view.injection == id).unwrap_or_else(|| panic!("{id} is not among the changes"))
    }

    pub fn foreseen(&self, id: &str) -> Foreseen {
        self.wait(self.engine.foresee(id, None)).unwrap()
    }

    /// Undoes a change as a later brink does.
    pub fn undo(&self, id: &str) -> InjectionView {
        let later = self.later();
        self.wait(later.abort(id)).unwrap()
    }

    /// Has the brink that carries it out stop it.
    pub fn stop(&self, id: &str) -> InjectionView {
        self.wait(self.engine.abort(id)).unwrap()
    }

    /// Waits for a view of a change.
    #[track_caller]
    pub fn seen(&self, what: &str, id: &str, holds: impl Fn(&InjectionView) -> bool) {
        found(what, 120, || {
            let mut views = self.views.lock().unwrap();
            while let Ok(view) = views.try_recv() {
                if view.injection == id && holds(&view) {
                    return Some(());
                }
            }
            None
        });
    }
}
