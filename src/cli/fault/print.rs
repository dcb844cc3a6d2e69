//! Previews and injections as text. The same facts as the machine output, in the order a person reads them.

use std::fmt::Write as _;

use jiff::{Timestamp, Unit};

use crate::{
    base::{sanitize, span},
    cli::table::Table,
    fault::{
        preview::{Blast, ChangeView, DryRun, Preview, Ruling, TrafficSource, Verdict},
        view::InjectionView,
    },
};

/// A preview, from the deed to its undo.
pub fn preview(preview: &Preview) -> String {
    let mut text = format!("{}\n", preview.title);
    let seconds = |seconds| span::format(std::time::Duration::from_secs(seconds));
    let _ = writeln!(
        text,
        "plan {}   {} by {}   for {}   lease {}",
        preview.plan,
        preview.kind,
        preview.driver,
        seconds(preview.duration_s),
        seconds(preview.lease_s),
    );
    let _ = writeln!(text, "{}: {}", preview.class, sanitize::line(&preview.promise()));
    let _ = writeln!(text, "{}: {}", preview.driver, sanitize::line(&preview.driver_why));
    if !preview.alternatives.is_empty() {
        let _ = writeln!(text, "could also be done by {}", preview.alternatives.join(", "));
    }
    let count = preview.changes.len();
    for (at, change) in preview.changes.iter().enumerate() {
        let _ = writeln!(text, "\n{} of {count}  {}", at + 1, heading(change));
        text.push_str(&sanitize::lines(change.diff.trim_end()));
        text.push('\n');
    }
    let _ = writeln!(text, "\nHITS\n{}", blast(&preview.blast));
    section(&mut text, "EXPECT", &preview.predicts);
    let moved = preview.what_if.iter();
    let moved =
        moved.flat_map(|one| [one.request.clone(), format!("  was {}", one.before), format!("  is  {}", one.after)]);
    section(&mut text, "REQUESTS THAT MOVE", &moved.collect::<Vec<_>>());
    section(&mut text, "STAYS BEHIND", &preview.residue);
    section(&mut text, "RIVALS", &preview.rivals);
    section(&mut text, "GUARDS", &guards(&preview.guard));
    section(&mut text, "UNDO", &preview.undo);
    text
}

fn heading(change: &ChangeView) -> String {
    let said = match change.dry_run {
        DryRun::Checked => "checked by the server".to_owned(),
        DryRun::Assumed => "assumed: it depends on an earlier step".to_owned(),
        DryRun::Unchecked => "unchecked: the server has no dry run for it".to_owned(),
        DryRun::Refused => "the server would refuse it".to_owned(),
    };
    let mut heading = format!("{} {}  ({said})", change.op, sanitize::line(&change.object));
    if !change.message.is_empty() {
        let _ = write!(heading, "\n  {}", sanitize::line(&change.message));
    }
    heading
}

fn blast(blast: &Blast) -> String {
    let share = match (blast.traffic_share, blast.traffic_source) {
        (Some(share), TrafficSource::Shared) => format!("≈ {} of the live traffic (shared)", percent(share)),
        (Some(share), _) => format!("{} of the live traffic", percent(share)),
        (None, _) => "an unknown share of the live traffic, which counts as all of it".to_owned(),
    };
    let mut text = format!("  {share}");
    for (what, names) in [("pod", &blast.pods), ("route", &blast.routes), ("caller", &blast.dependants)] {
        if !names.is_empty() {
            let plural = if names.len() == 1 { "" } else { "s" };
            let _ = write!(text, "\n  {} {what}{plural}: {}", names.len(), some(names));
        }
    }
    text
}

/// A share as a whole percentage; a small one is not rounded to nothing.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 1.0 { "under 1 %".to_owned() } else { format!("{percent:.0} %") }
}

fn some(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| sanitize::line(name)).collect();
    let more = names.len().saturating_sub(SHOWN);
    if more == 0 { shown.join(", ") } else { format!("{}, and {more} more", shown.join(", ")) }
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    if !lines.is_empty() {
        let _ = writeln!(text, "\n{title}");
        for line in lines {
            let _ = writeln!(text, "  {}", sanitize::line(line));
        }
    }
}

/// What a person must look at, each on its line; what is in order in one line by name. `-o json` has all of it.
fn guards(all: &[Verdict]) -> Vec<String> {
    let (fine, told): (Vec<_>, Vec<_>) = all.iter().partition(|verdict| verdict.verdict == Ruling::Ok);
    let mut lines: Vec<String> = told.into_iter().map(verdict).collect();
    if !fine.is_empty() {
        lines.push(format!("✓ {}", fine.iter().map(|verdict| verdict.rule.as_str()).collect::<Vec<_>>().join(", ")));
    }
    lines
}

fn verdict(verdict: &Verdict) -> String {
    let sign = match verdict.verdict {
        Ruling::Ok => "✓",
        Ruling::Confirm => "!",
        Ruling::Refuse => "✗",
    };
    let mut line = format!("{sign} {}: {}", verdict.rule, verdict.value);
    if !verdict.limit.is_empty() {
        let _ = write!(line, " (limit {})", verdict.limit);
    }
    if verdict.verdict != Ruling::Ok && !verdict.change.is_empty() {
        let _ = write!(line, "; {}", verdict.change);
    }
    line
}

/// Injections as a table.
pub fn list(views: &[InjectionView]) -> String {
    let mut table = Table::new(&["ID", "KIND", "STATE", "CAUSE", "DEADLINE", "OWNER", "WHAT"]);
    for view in views {
        table.row([
            view.injection.clone(),
            sanitize::line(&view.kind).into_owned(),
            view.state.word().to_owned(),
            view.cause.map_or_else(|| "–".to_owned(), cause),
            view.deadline.map_or_else(|| "–".to_owned(), moment),
            sanitize::line(&view.owner).into_owned(),
            sanitize::line(&view.title).into_owned(),
        ]);
    }
    table.to_string()
}

/// A moment to the second, as RFC 3339.
pub fn moment(at: Timestamp) -> String {
    at.round(Unit::Second).unwrap_or(at).to_string()
}

fn cause(cause: crate::journal::entry::Cause) -> String {
    serde_json::to_value(cause).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// One injection with its steps.
pub fn injection(view: &InjectionView) -> String {
    let mut text = format!("{} {}: {}\n", view.injection, view.state.word(), sanitize::line(&view.title));
    let mut facts = format!("{} by {}, {}", view.kind, view.driver, view.class);
    if let Some(why) = view.cause {
        let _ = write!(facts, ", ended by {}", cause(why));
    }
    let _ = writeln!(text, "{}", sanitize::line(&facts));
    let _ = writeln!(
        text,
        "owner {}, on {}, approved by {}",
        sanitize::line(&view.owner),
        sanitize::line(&view.host),
        sanitize::line(&view.approved_by)
    );
    if let Some(deadline) = view.deadline {
        let _ = writeln!(text, "deadline {}", moment(deadline));
    }
    if let Some(since) = view.unconfirmed_since {
        let _ = writeln!(text, "unconfirmed since {}", moment(since));
    }
    if let Some(trouble) = &view.trouble {
        let _ = writeln!(text, "in the way: {}", sanitize::line(trouble));
    }
    if let Some(evidence) = &view.evidence {
        let _ = writeln!(text, "{}", sanitize::line(&evidence.words()));
    }
    if let Some(ramp) = &view.ramp {
        let _ = writeln!(text, "rises: {}", ramp.at);
    }
    for one in &view.abort_when {
        let _ = writeln!(text, "{}", sanitize::line(&one.words()));
    }
    for step in &view.steps {
        let outcome = match (step.outcome, step.written) {
            (Some(outcome), _) => {
                serde_json::to_value(outcome).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
            }
            (None, true) => "written".to_owned(),
            (None, false) => "not written".to_owned(),
        };
        let _ = write!(text, "  {} {} {}: {outcome}", step.n, step.op.word(), sanitize::line(&step.object));
        if !step.note.is_empty() {
            let _ = write!(text, " ({})", sanitize::line(&step.note));
        }
        text.push('\n');
    }
    section(&mut text, "STAYS BEHIND", &view.residue);
    section(&mut text, "NOTES", &view.notes);
    text
}
