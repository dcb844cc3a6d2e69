//! What the cockpit wants done. The runtime does it through the doors and answers with events.

use std::{sync::Arc, time::Duration};

use super::{Command, Errand, FarAsk, Program, line::Request};
use crate::{
    agent::{Conversation, mcp::Answer, session::Wish},
    base::Ticket,
    cluster::{
        Kind, ObjectRef, Scope,
        columns::View,
        logs::LogWish,
        session::{Copy, Entering, ForwardWish, Place},
    },
    fault::{
        action::ActionKind, approval::Approval, checked::Checked, foreseen::Foreseen, intent::Fault, traffic::Traffic,
        undo::Decision,
    },
    mesh::signals::{promql::Interest, resource_use::UsageOf},
};

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Leave, and open the world that lives inside brink.
    Demo,
    /// Give the terminal back to the shell until SIGCONT.
    Suspend,
    /// Forget what the terminal shows and draw everything.
    Redraw,
    /// Draw no more often than so many times a second.
    Frames(u16),
    /// Put a text on the clipboard of the terminal (OSC 52).
    Copy(String),
    /// Connect to a context; `None` for the one of the command line. Everything asked before is dropped.
    Link(Ticket, Option<String>),
    /// Read the contexts of the kubeconfig.
    Contexts(Ticket),
    /// Read the themes of the person's folder.
    Themes(Ticket),
    /// List the namespaces.
    Namespaces(Ticket),
    /// Watch pods until [`Effect::Stop`].
    WatchPods(Ticket, Scope),
    /// Ask which kinds the cluster serves.
    Discover(Ticket),
    /// Watch objects of a kind as the server prints them until [`Effect::Stop`], with columns of a person's own where there are.
    WatchTable(Ticket, Kind, Scope, Option<Arc<View>>),
    /// Watch objects of a kind for how they hang together with others, until [`Effect::Stop`].
    WatchRelatives(Ticket, Kind, Scope),
    /// Watch how well the objects of a kind are, until [`Effect::Stop`].
    WatchHealth(Ticket, Kind, Scope),
    /// Ask again and again what pods or nodes use until [`Effect::Stop`].
    WatchUsage(Ticket, UsageOf),
    /// Read an object, to go on from it.
    ReadObject(Ticket, ObjectRef),
    /// Watch routes of every kind, the Gateways they name and what Istio's checks read until [`Effect::Stop`]: everywhere, since
    /// routes of one namespace meet those of others at a Gateway; within the scope where the rights end there.
    WatchRoutes(Ticket, Scope),
    /// Watch the labels of namespaces until [`Effect::Stop`]: Gateways may select by them who may attach.
    WatchLabels(Ticket),
    /// Ask once for the root namespace of the mesh, until it is known or [`Effect::Stop`]: policies there are for all of it.
    MeshRoot(Ticket),
    /// Read everything that has a say in who takes a request, once.
    ReadRouting(Ticket),
    /// Watch what stands beside the figures of the mesh until [`Effect::Stop`]: controllers, namespaces, waypoints.
    WatchBeside(Ticket, Scope),
    /// Ask the metric source again and again until [`Effect::Stop`]; under a ticket that runs already: change the question.
    Measure(Ticket, Interest),
    /// End what a ticket asked for.
    Stop(Ticket),
    /// Describe an object.
    Describe(Ticket, ObjectRef),
    /// Read an object as YAML.
    Yaml(Ticket, ObjectRef, ManagedFields),
    /// Read logs as one stream until [`Effect::Stop`].
    Log(Ticket, LogWish),
    /// Write a text to a file of its own in the state directory; the name begins with this word.
    SaveText(Ticket, String, String),
    /// Give the terminal to a container until it is left.
    Enter(Ticket, Place, Entering),
    /// Copy a file or folder into a container or out of it.
    CopyFile(Ticket, Copy),
    /// Ask which ports an object offers.
    Ports(Ticket, ObjectRef),
    /// Forward a port of this machine into a pod until [`Effect::Stop`].
    Forward(Ticket, ForwardWish),
    /// Watch the injections of this cluster, and begin with the scan for what a crash left.
    WatchFaults(Ticket),
    /// Ask which drivers work on this cluster, for a namespace.
    Kinds(Ticket, String),
    /// Read what an action must know of an object, and whether it may be done at all.
    LookAct(Ticket, ActionKind, ObjectRef),
    /// Compile an intent and have the API server check it.
    Check(Ticket, Box<Fault>, Traffic),
    /// The same for a change that is kept: the objects of the intent, no lease, no fuse.
    CheckChange(Ticket, Box<Fault>, Traffic),
    /// Give the terminal to the person's editor with this text; the answer is what was saved.
    EditText(Ticket, String),
    /// Start a program of the person's machine; the terminal is given to it, unless it runs in the background.
    Start(Ticket, Box<Program>),
    /// Read a file of the person's machine.
    ReadFile(Ticket, String),
    /// Apply exactly what was checked, if a last look with the traffic of now finds nothing moved.
    Apply(Ticket, Box<Checked>, Approval, Traffic),
    /// Carry on a conversation with the agent, for a namespace or all, until [`Effect::Stop`].
    Ask(Ticket, Option<String>, Box<Conversation>),
    /// Something of the conversations that are kept.
    Talk(Ticket, Wish),
    /// A person's answer to the question of this number.
    Answer(u64, Answer),
    /// Take the proposal of this id out of the inbox.
    DiscardQueued(String),
    /// Undo an injection.
    Abort(Ticket, String),
    /// Give an injection more time.
    Extend(Ticket, String, Duration),
    /// Decide about a stuck undo.
    Decide(Ticket, String, Decision),
    /// Rehearse the undo of an injection, as if a person decided so.
    Foresee(Ticket, String, Option<Decision>),
    /// Undo exactly what was foreseen, if a last look finds nothing moved; otherwise the new look is the answer.
    Undo(Ticket, Box<Foreseen>),
    /// The kubectl commands that finish a stuck undo by hand; the answer is a text.
    Print(Ticket, String),
    /// The emergency stop; `everyone`'s too when true.
    StopAll(Ticket, bool),
    /// Lift the emergency stop's latch, with the reason.
    Release(Ticket, String),
    /// Keep a view under a name, for all contexts or for one; without a view the name is forgotten.
    KeepView(Ticket, String, Option<String>, Option<Box<Request>>),
    /// Ask this of the cluster on the far side of this ticket.
    Far(Ticket, FarAsk),
    /// End the far side of this ticket with all that it asked.
    EndFar(Ticket),
    /// Tell the running script what a person wants of it.
    Script(Command),
    /// Look something up or do something for the running script.
    Errand(u64, Errand),
}

/// Whether YAML shows managedFields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ManagedFields {
    /// Left out.
    #[default]
    Hidden,
    /// Shown.
    Shown,
}
