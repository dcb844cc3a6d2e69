//! The screens above the panes and the fault moment, in the whole cockpit at three sizes: what `docs/screens/` shows beside the
//! panes themselves.

use std::time::Duration;

use brink::{
    cluster::{Source, logs::LogBatch},
    fault::{catalogue::view::kinds, injection::State, view::InjectionView},
    msg::{Effect, Event},
};
use jiff::SignedDuration;
use rstest::rstest;

use super::{
    screens::{check, document},
    stage::{Stage, log_line, noon},
};
use crate::suite::{
    fault::sights,
    moment::{faults::view, stage::Ground},
};

const DESCRIBED: &str = "\
Name:             reviews-v2-7f6-b7m2w
Namespace:        shop
Node:             kind-worker
Start Time:       2026-11-22T09:34:00Z
Labels:           app=reviews
                  version=v2
Status:           Running
IP:               10.244.1.3
Controlled By:    ReplicaSet/reviews-v2-7f6
Containers:
  reviews-v2:
    Image:          shop/reviews:2
    State:          Running
      Started:      2026-11-22T11:44:00Z
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
    Ready:          True
    Restart Count:  1
  istio-proxy:
    Image:          istio/proxyv2:1.27.3
    State:          Running
    Ready:          True
    Restart Count:  0
Events:
  Type     Reason     Age   Message
  Warning  BackOff    21m   Back-off restarting failed container reviews-v2
  Normal   Started    20m   Started container reviews-v2
";

const YAML: &str = "\
apiVersion: v1
kind: Pod
metadata:
  labels:
    app: reviews
    version: v2
  name: reviews-v2-7f6-b7m2w
  namespace: shop
  uid: 4f0c1d0e-5d0b-4c57-9d5c-2f4a7c1b9a11
spec:
  containers:
  - image: shop/reviews:2
    name: reviews-v2
    ports:
    - containerPort: 9080
      protocol: TCP
    resources:
      limits: {memory: 128Mi}
  nodeName: kind-worker
status:
  phase: Running
  podIP: 10.244.1.3
";

/// Checks the frame, and that `docs/screens/` has it.
fn shown(name: &str, stage: &Stage, (width, height): (u16, u16)) {
    let name = format!("{name}-{width}x{height}");
    check(&name, stage);
    document(&name, stage);
}

/// The shop with the cursor on the pod of the reviews that was restarted.
fn shop((width, height): (u16, u16)) -> Stage {
    let mut stage = Stage::full(width, height);
    stage.keys("/ r e v i e w s - v 2 enter");
    stage
}

#[rstest]
fn texts_of_an_object(#[values((80, 24), (120, 40), (200, 60))] size: (u16, u16)) {
    let mut stage = shop(size);
    let text = |stage: &mut Stage, text: &str| {
        let ticket = stage.asked(|effect| match effect {
            Effect::Describe(ticket, _) | Effect::Yaml(ticket, ..) => Some(*ticket),
            _ => None,
        });
        stage.send(Event::Text(ticket, Ok(text.to_owned())));
    };
    stage.keys("d");
    text(&mut stage, DESCRIBED);
    stage.keys("/ r e a d y enter");
    shown("describe", &stage, size);
    stage.keys("esc y");
    text(&mut stage, YAML);
    shown("yaml", &stage, size);
    stage.keys("esc ?");
    shown("help", &stage, size);
}

#[rstest]
fn logs_of_a_container(#[values((80, 24), (120, 40), (200, 60))] size: (u16, u16)) {
    let mut stage = shop(size);
    stage.keys("l");
    let ticket = stage.asked(|effect| match effect {
        Effect::Log(ticket, _) => Some(*ticket),
        _ => None,
    });
    let line = |at: usize| match at % 5 {
        0 => format!("GET /reviews/{at} 200 {} ms", at % 37 + 3),
        3 => format!("WARN slow answer of ratings, try 1 of 3 for /reviews/{at}"),
        _ => format!(
            "GET /reviews/{at} 200 {} ms user=anonymous trace=4bf92f3577b34da6a3ce929d0e0e{:04}",
            at % 41 + 2,
            at
        ),
    };
    let batch = LogBatch {
        dropped: 1_200,
        lines: (0..10_050).map(|at| log_line("reviews", &line(at))).collect(),
        source: Source::Live,
    };
    stage.send(Event::Log(ticket, batch));
    shown("logs", &stage, size);
}

/// From the form to the proof, on one fault.
#[rstest]
fn the_life_of_a_fault(#[values((80, 24), (120, 40), (200, 60))] size: (u16, u16)) {
    let mut stage = shop(size);
    stage.keys("f");
    let ticket = stage.asked(|effect| match effect {
        Effect::Kinds(ticket, _) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::Kinds(ticket, Ok(kinds(&sights::shop()))));
    shown("kinds", &stage, size);
    stage.keys("enter 1 s");
    shown("form", &stage, size);
    stage.keys("enter");
    let ticket = stage.asked(|effect| match effect {
        Effect::Check(ticket, ..) => Some(*ticket),
        _ => None,
    });
    let mut checked = Ground::calm().checked(&sights::delay());
    checked.at = noon();
    stage.send(Event::Checked(ticket, Ok(checked)));
    shown("preview", &stage, size);
    // A preview is read before it is approved.
    stage.pass(Duration::from_secs(1));
    stage.keys("a");
    let ticket = stage.asked(|effect| match effect {
        Effect::Apply(ticket, ..) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::Applied(ticket, Ok("7f3a9c".to_owned())));
    stage.send(Event::Injection(Box::new(at_noon("7f3a9c", State::Active))));
    shown("live", &stage, size);
    stage.keys("ctrl-x ctrl-x");
    stage.send(Event::Injection(Box::new(at_noon("7f3a9c", State::Undoing))));
    shown("stop", &stage, size);
}

/// An injection as it stands one second after the noon of this stage.
pub fn at_noon(id: &str, state: State) -> InjectionView {
    let now = noon() + SignedDuration::from_secs(1);
    InjectionView {
        deadline: Some(now + SignedDuration::from_secs(102)),
        ends: Some(now + SignedDuration::from_secs(72)),
        since: now,
        ..view(id, state)
    }
}
